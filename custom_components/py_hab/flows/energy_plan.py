"""What the Energy dashboard shows, and what may be added to it. Works on plain data, without any I/O."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate
from typing import Any, Final, NamedTuple

_MIN_HOURS: Final = 24
"""Hours with energies of both meters that a comparison needs."""
_MIN_ENERGY: Final = 5.0
"""kWh in these hours. Two connections without consumption would agree, too."""
_MAX_DEVIATION: Final = 0.1
"""Part of the energy by which the hours of one connection may differ in total: clocks and telegrams of
two readers differ by minutes."""
_RESOLUTION: Final = 1.1
"""kWh by which the totals of one connection may differ at any time: some meters report whole kWh."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """A meter of a house connection, by the ids of its statistics."""

    name: str
    energy_import: str | None = None
    energy_export: str | None = None
    power: str | None = None
    """Negative while feeding in, as Home Assistant expects."""
    cost: str | None = None
    """What the import costs."""
    compensation: str | None = None
    """What is paid for the export."""
    tariffs: Mapping[str, str | None] = field(default_factory=dict)
    """The import counters of further tariffs, where `energy_import` is that of the first one, and what
    they cost."""

    @property
    def imports(self) -> list[str]:
        """The counters that make up the import."""
        return [*([self.energy_import] if self.energy_import else []), *self.tariffs]

    @property
    def energies(self) -> list[str]:
        """The counters, import before export."""
        return [*self.imports, *([self.energy_export] if self.energy_export else [])]

    @property
    def costs(self) -> dict[str, str]:
        """The costs by their counter."""
        pairs = (
            (self.energy_import, self.cost),
            *self.tariffs.items(),
            (self.energy_export, self.compensation),
        )
        return {energy: cost for energy, cost in pairs if energy and cost}

    @property
    def key(self) -> str:
        """What identifies the connection in a form."""
        return self.energies[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Consumer:
    """A plug or a group of plugs, by the ids of its statistics."""

    name: str
    energy: str
    power: str | None = None
    is_group: bool = False
    """A group repeats what its members count."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """The recorded energy of a counter."""

    since: int | None = None
    """The start of the first recorded hour, None without any."""
    energies: Mapping[int, float] = field(default_factory=dict)
    """kWh of recent hours by their start; hours after a hole are missing."""


class Likeness(StrEnum):
    """Whether two meters measure one connection."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """Why a connection is not suggested."""

    connection: Connection
    other: str
    """The import counter of a connection that is shown already or is suggested."""
    likeness: Likeness
    """SAME or UNKNOWN."""
    is_shown: bool
    """Whether the other connection is on the dashboard already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """The connections that should be added, and why others should not."""

    connections: list[Connection]
    remarks: list[Remark]


def energies_shown(preferences: Any) -> set[str]:
    """Return the counters in the preferences of the dashboard, whatever they are shown as."""
    return set(_values(preferences, ("stat_energy", "stat_consumption")))


def imports_shown(preferences: Mapping[str, Any]) -> list[str]:
    """Return the import counters of the grid in the preferences."""
    return [
        source["stat_energy_from"]
        for source in preferences["energy_sources"]
        if source["type"] == "grid" and source.get("stat_energy_from")
    ]


def _values(part: Any, prefixes: tuple[str, ...]) -> Iterator[str]:
    """Yield the texts below keys that start with a prefix. The formats differ between versions."""
    match part:
        case Mapping():
            for key, value in part.items():
                if isinstance(value, str) and key.startswith(prefixes):
                    yield value
                else:
                    yield from _values(value, prefixes)
        case list():
            for item in part:
                yield from _values(item, prefixes)


def hours_of(sums: Iterable[tuple[int, float]], *, length: int, recent: int) -> Hours:
    """Return the energies of hourly sums, given as start and kWh in order, from `recent` on."""
    since = previous = None
    energies: dict[int, float] = {}
    for start, total in sums:
        since = start if since is None else since
        if previous and previous[0] == start - length and start >= recent:
            energies[start] = total - previous[1]
        previous = (start, total)
    return Hours(since=since, energies=energies)


def combined(parts: Sequence[Hours]) -> Hours:
    """Return the energies of several counters of one connection together."""
    starts = [part.since for part in parts if part.since is not None]
    common = set[int].intersection(*(set(part.energies) for part in parts))
    return Hours(
        since=max(starts) if starts else None,
        energies={start: sum(part.energies[start] for part in parts) for start in sorted(common)},
    )


def compare(first: Hours, second: Hours) -> Likeness:
    """Return whether two import counters count one connection."""
    common = sorted(first.energies.keys() & second.energies.keys())
    pairs = [(first.energies[start], second.energies[start]) for start in common]
    total = max(sum(energy for energy, _ in pairs), sum(energy for _, energy in pairs))
    if len(pairs) < _MIN_HOURS or total < _MIN_ENERGY:
        return Likeness.UNKNOWN
    differences = [one - other for one, other in pairs]
    agree = (
        sum(map(abs, differences)) <= _MAX_DEVIATION * total
        or max(map(abs, accumulate(differences))) <= _RESOLUTION
    )
    return Likeness.SAME if agree else Likeness.DIFFERENT


def suggest(
    connections: Iterable[Connection],
    preferences: Mapping[str, Any],
    hours: Mapping[str, Hours],
) -> Suggestion:
    """Suggest connections that are not shown, the one with the longest history first.

    Another one is suggested only if its hours prove that it is another connection: a connection that
    is counted twice is worse than one that the user has to choose.
    """
    shown = imports_shown(preferences)
    taken = energies_shown(preferences)
    found: list[Connection] = []
    remarks: list[Remark] = []
    for item in sorted(connections, key=lambda item: _since(item, hours)):
        if taken.intersection(item.energies):
            continue
        references = [*shown, *(other.key for other in found)]
        likenesses = {
            other: compare(hours.get(item.key, Hours()), hours.get(other, Hours()))
            for other in references
        }
        for likeness in (Likeness.SAME, Likeness.UNKNOWN):
            other = next((other for other in references if likenesses[other] is likeness), None)
            if other is not None:
                remark = Remark(
                    connection=item, other=other, likeness=likeness, is_shown=other in shown
                )
                remarks.append(remark)
                break
        else:
            found.append(item)
    return Suggestion(connections=found, remarks=remarks)


def _since(connection: Connection, hours: Mapping[str, Hours]) -> float:
    since = hours.get(connection.key, Hours()).since
    return float("inf") if since is None else since


def doubled(
    chosen: Iterable[Connection], preferences: Mapping[str, Any], hours: Mapping[str, Hours]
) -> bool:
    """Whether a choice would count one connection twice."""
    references = imports_shown(preferences)
    for item in chosen:
        mine = hours.get(item.key, Hours())
        others = (other for other in references if other not in item.energies)
        if any(compare(mine, hours.get(other, Hours())) is Likeness.SAME for other in others):
            return True
        references.append(item.key)
    return False


def new_sources(
    connections: Iterable[Connection], preferences: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return sources of the grid for what is not shown yet of connections.

    If one direction is shown already, the other one becomes a source of its own, so that the present
    one stays as it is.
    """
    taken = energies_shown(preferences)
    powers = set(_values(preferences["energy_sources"], ("stat_rate",)))
    sources = []
    for item in connections:
        missing = [energy for energy in item.energies if energy not in taken]
        if not missing:
            continue
        pair = (_if_in(item.energy_import, missing), _if_in(item.energy_export, missing))
        new = [_source(*pair, item.costs)] if any(pair) else []
        new += [_source(each, None, item.costs) for each in item.tariffs if each in missing]
        # A connection with several tariffs has one power.
        if item.power and item.power not in powers:
            new[0]["stat_rate"] = item.power
        sources += new
    return sources


def _source(
    energy_import: str | None, energy_export: str | None, costs: Mapping[str, str]
) -> dict[str, Any]:
    source: dict[str, Any] = {
        "type": "grid",
        "stat_energy_from": energy_import,
        "stat_energy_to": energy_export,
        "cost_adjustment_day": 0.0,
    }
    return source | _costs_of(source, costs)


class _Direction(NamedTuple):
    """The keys of one direction in a source of the grid."""

    energy: str
    cost: str
    prices: tuple[str, str]
    """An entity, or a number."""


_DIRECTIONS: Final = (
    _Direction("stat_energy_from", "stat_cost", ("entity_energy_price", "number_energy_price")),
    _Direction(
        "stat_energy_to",
        "stat_compensation",
        ("entity_energy_price_export", "number_energy_price_export"),
    ),
)


def _costs_of(source: Mapping[str, Any], costs: Mapping[str, str]) -> dict[str, str]:
    """Return the costs of what a source of the grid shows, by their key in the source."""
    found: dict[str, str] = {}
    for direction in _DIRECTIONS:
        energy = source.get(direction.energy)
        if energy is not None and energy in costs:
            found[direction.cost] = costs[energy]
    return found


def costs_to_add(
    connections: Iterable[Connection], preferences: Mapping[str, Any]
) -> dict[str, str]:
    """Return the costs of energy that the dashboard shows without any, by the counter.

    Where the user has entered a price or other costs, those stay.
    """
    costs = {energy: cost for item in connections for energy, cost in item.costs.items()}
    return {
        energy: costs[energy]
        for source in preferences["energy_sources"]
        if source["type"] == "grid"
        for direction in _DIRECTIONS
        if (energy := source.get(direction.energy)) in costs
        and all(source.get(key) is None for key in (direction.cost, *direction.prices))
    }


def with_costs(
    sources: Iterable[Mapping[str, Any]], costs: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return sources with the costs of counters that they show; nothing else is changed."""
    return [
        {**source, **(_costs_of(source, costs) if source["type"] == "grid" else {})}
        for source in sources
    ]


def _if_in(value: str | None, allowed: Collection[str]) -> str | None:
    return value if value in allowed else None


def new_devices(
    consumers: Iterable[Consumer], preferences: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return individual devices for consumers that are not shown yet."""
    taken = energies_shown(preferences)
    return [
        {"stat_consumption": item.energy} | ({"stat_rate": item.power} if item.power else {})
        for item in consumers
        if item.energy not in taken
    ]
