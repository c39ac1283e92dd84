"""What keys mean beside the other keys of their block, where their names alone leave it open.

A meter has one counter for each direction, so a key that may be the missing one probably is. All
that is concluded from siblings is doubtful: a counter waits until the user confirms it. The only
exception is the name of the block, which says nothing about the key behind it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Set as AbstractSet
from dataclasses import dataclass, field, replace
import re
from typing import Final

from .key_meaning import meaning_of
from .key_parts import KeyParts, take_apart
from .key_words import Part
from .registers import COUNTERS, QUANTITIES, KeyMapping, Quantity

MAX_SIBLINGS: Final = 128
"""Keys. No block has as many; any client of the broker can publish any number."""
MIN_SHARED: Final = 2
"""How many keys must begin with the same word before it is left out."""
MIN_ABBREVIATION: Final = 2
"""Letters of an abbreviation whose full word is in another key."""
MIN_CUT: Final = 2
"""Letters that it lacks. "kW" is no abbreviation of "kWh"."""
_FIRST_WORD: Final = re.compile(r"[^\W_]+[-_. ]+(?=[^\W_])")
_BOUNDARY: Final = re.compile(r"[-_. ]+|(?=[A-Z])")
_TARIFF_END: Final = re.compile(r"[-_. ]?(?:t(?:ar(?:if)?)?[-_. ]?[1-4]|ht|nt)$")
_TOTAL_END: Final = re.compile(r"[-_. ]?(?:sum(?:me)?|tot(?:al)?|ges(?:amt)?)$")
_GLUED_POWER: Final = re.compile(r"[Pp][a-z]+")
_OPPOSITES: Final = (
    ("in", "out"),
    ("imp", "exp"),
    ("pos", "neg"),
    ("plus", "minus"),
    ("bezug", "einspeisung"),
    ("bezug", "lieferung"),
    ("from", "to"),
    ("for", "rev"),
)
"""How names write the two directions, in small letters. "Import" and "forward" begin like these."""
_DELIVERED: Final = frozenset({"delivered", "supplied", "lieferung", "geliefert"})
"""Words for energy to the grid, or from the grid if the block has a word for returning as well."""
_RETURNED: Final = frozenset({"returned", "ruecklieferung", "rueckspeisung"})
_NEUTRAL: Final = frozenset({Part.METER, Part.NET, Part.ELECTRICITY, Part.ACTIVE})
_NOW: Final = frozenset({Part.NOW, Part.CURRENT_OR_NOW})
_SUMS: Final = frozenset({Part.TOTAL, Part.SUM})
_GLUED: Final = frozenset({"p"})
"""The letter that may stand before a word without a separator where the other keys show what it is of."""
_NO_TOTAL: Final = frozenset(
    {
        *(Part.REACTIVE, Part.FACTOR, Part.FREQUENCY, Part.VOLTAGE, Part.CURRENT, Part.PERIOD),
        *(Part.NO_MEASUREMENT, Part.OTHER_MEDIUM, Part.OTHER_DEVICE, Part.NUMBER, Part.SERIAL),
        *(Part.V, Part.A, Part.HZ, Part.KVARH, Part.VARH, Part.KVAR, Part.VAR),
    }
)
"""Words that name something else than the energy or power of the whole meter."""
_ENERGIES: Final = frozenset({Part.ENERGY, Part.KWH, Part.WH, Part.READING, Part.TOTAL, Part.SUM})
_POWER_UNITS: Final = frozenset({Part.W, Part.KW})
_DRAWN: Final = frozenset({Part.IMPORT, Part.INWARD, Part.CONSUMPTION, Part.READING})
_COUNTERS: Final = (Quantity.ENERGY_IMPORT, Quantity.ENERGY_EXPORT)
_TOTALS: Final = (*_COUNTERS, Quantity.POWER)
_DIRECTED_POWERS: Final = (Quantity.POWER_IMPORT, Quantity.POWER_EXPORT)
_POWERS: Final = (Quantity.POWER, Quantity.POWER_ABSOLUTE, *_DIRECTED_POWERS)
_PHASE_POWERS: Final = (Quantity.POWER_L1, Quantity.POWER_L2, Quantity.POWER_L3)

type ByName = Callable[[str], KeyMapping | None]


@dataclass(slots=True)
class Siblings:
    """The keys of one block, with what is known of them."""

    found: dict[str, KeyMapping]
    """The meaning of each key, by its name alone or by the rules so far."""
    parts: dict[str, KeyParts]
    by_name: ByName
    words: Mapping[str, Part]
    decided: dict[str, KeyMapping] = field(default_factory=dict)
    """What the rules have found."""

    def undecided(self) -> Iterator[str]:
        """Yield the keys without a meaning."""
        return (key for key in self.parts if key not in self.found)

    def vague(self) -> list[str]:
        """Return the keys without a meaning, and those with unknown words."""
        return [
            key
            for key, parts in self.parts.items()
            if key not in self.found or (self.found[key].doubtful and parts.is_unknown)
        ]

    def has(self, *quantities: Quantity) -> bool:
        """Whether a key means one of these."""
        return any(mapping.quantity in quantities for mapping in self.found.values())

    def decide(self, key: str, mapping: KeyMapping) -> None:
        """Store what a key means."""
        self.found[key] = self.decided[key] = mapping

    def suppose(self, key: str, quantity: Quantity, factor: float = 1.0) -> None:
        """Store what a key seems to mean."""
        self.decide(key, KeyMapping(quantity, factor, doubtful=True))

    def read_as(self, key: str, rest: str, *, is_doubtful: bool) -> None:
        """Interpret a key as the rest of its name."""
        self.parts[key] = take_apart(rest, self.words)
        mapping = self.by_name(rest)
        if mapping is not None:
            is_counter = mapping.quantity in COUNTERS
            self.decide(
                key, replace(mapping, doubtful=mapping.doubtful or (is_doubtful and is_counter))
            )


def meanings_beside(
    keys: Iterable[str], prefix: str, by_name: ByName, words: Mapping[str, Part]
) -> dict[str, KeyMapping]:
    """Return the meanings of keys that follow from the other keys of the block only.

    by_name: returns what the name of a key means.
    words: the words to look for.
    """
    names = list(dict.fromkeys(keys))[:MAX_SIBLINGS]
    siblings = Siblings(
        found={key: mapping for key in names if (mapping := by_name(key))},
        parts={key: take_apart(key, words) for key in names},
        by_name=by_name,
        words=words,
    )
    _leave_out_block_name(siblings, prefix)
    for rule in _RULES:
        rule(siblings)
    return siblings.decided


# Names with another point of view


def _find_deliveries(siblings: Siblings) -> None:
    """Interpret "energy_delivered" beside "energy_returned" as what the grid has delivered.

    Dutch and Austrian meters name it so. Without the other word, the home delivers.
    """
    published = {word for parts in siblings.parts.values() for word in parts.words}
    if not published & _RETURNED:
        return
    words = {**siblings.words, **dict.fromkeys(_DELIVERED, Part.IMPORT)}
    for key, parts in siblings.parts.items():
        if parts.words & _DELIVERED and (mapping := meaning_of(take_apart(key, words))):
            siblings.decide(key, mapping)


# Names with something in front


def _leave_out_block_name(siblings: Siblings, prefix: str) -> None:
    """Interpret "MT681_E_in" in the block "MT681" as "E_in"."""
    start = prefix.strip().casefold()
    if not start or not _is_meaningless(start, siblings.words):
        return
    for key in siblings.vague():
        rest = key.strip()[len(start) :]
        boundary = _BOUNDARY.match(rest)
        if key.strip().casefold().startswith(start) and boundary:
            siblings.read_as(key, rest[boundary.end() :], is_doubtful=False)


def _leave_out_shared_word(siblings: Siblings) -> None:
    """Interpret "HP_Sum" beside "HP_T1" as "Sum" beside "T1".

    Counters without a direction are doubtful: devices with counters of their own have names, too.
    """
    vague = siblings.vague()
    starts = {match.group() if (match := _FIRST_WORD.match(key)) else "" for key in vague}
    is_named = any(
        key not in vague and mapping.quantity in _TOTALS for key, mapping in siblings.found.items()
    )
    if len(vague) < MIN_SHARED or len(starts) > 1 or is_named:
        return
    start = starts.pop()
    if not start or not _is_meaningless(start, siblings.words):
        return
    for key in vague:
        rest = key.removeprefix(start)
        has_direction = take_apart(rest, siblings.words).has_direction
        siblings.read_as(key, rest, is_doubtful=not has_direction)


def _is_meaningless(start: str, words: Mapping[str, Part]) -> bool:
    """Whether the start of a key says nothing about its meaning."""
    parts = take_apart(start, words, letters=frozenset())
    return parts.obis is None and not parts.parts - _NEUTRAL


# Names with abbreviations


def _complete_abbreviations(siblings: Siblings) -> None:
    """Interpret "en_out" beside "energy" as "energy_out"."""
    published = {word for parts in siblings.parts.values() for word in parts.words}
    spoken = published & siblings.words.keys()
    for key in list(siblings.undecided()):
        full = dict(siblings.words)
        for token in siblings.parts[key].unknown:
            meanings = {
                siblings.words[word]
                for word in spoken
                if word.startswith(token) and len(word) >= len(token) + MIN_CUT
            }
            if len(token) >= MIN_ABBREVIATION and len(meanings) == 1:
                full[token] = meanings.pop()
        if len(full) > len(siblings.words):
            mapping = meaning_of(take_apart(key, full))
            if mapping is not None:
                siblings.decide(key, replace(mapping, doubtful=True))


# Names in pairs


def _find_pairs(siblings: Siblings) -> None:
    """Interpret keys that differ in the direction only: "E_inoP" and "E_outoP"."""
    by_text = {key.strip().casefold(): key for key in siblings.parts}
    for text, key in by_text.items():
        for stem, other in _counterparts(text):
            if other in by_text and _is_open_pair(siblings, key, by_text[other]):
                _suppose_pair(siblings, key, by_text[other], stem)


def _counterparts(text: str) -> Iterator[tuple[str, str]]:
    """Yield what a key has in common with that of the other direction, and that key."""
    for inward, outward in _OPPOSITES:
        for match in re.finditer(inward, text):
            before, after = text[: match.start()], text[match.end() :]
            yield f"{before} {after}", f"{before}{outward}{after}"


def _is_open_pair(siblings: Siblings, drawn: str, fed_in: str) -> bool:
    """Whether the names of two keys leave open what they mean.

    "P_in" is a power. "Pin" is one as well, unless the block has no counter then.
    """
    if not {drawn, fed_in} & siblings.found.keys():
        return True
    named = [siblings.found.get(key) for key in (drawn, fed_in)]
    are_powers = [mapping.quantity if mapping else None for mapping in named] == [*_DIRECTED_POWERS]
    has_counter = siblings.has(*_COUNTERS)
    return are_powers and not has_counter and _GLUED_POWER.fullmatch(drawn.strip()) is not None


def _suppose_pair(siblings: Siblings, drawn: str, fed_in: str, stem: str) -> None:
    parts = take_apart(stem, siblings.words, letters=frozenset())
    if parts.words == {"a"}:
        # Not ampere, but active energy: "A+" is written like this, too.
        parts.parts = {Part.ENERGY}
    if parts.parts & (_NO_TOTAL | _NOW) or parts.phases or parts.tariffs or parts.is_ambiguous:
        return
    is_power = Part.POWER in parts.parts or bool(parts.parts & _POWER_UNITS)
    is_energy = bool(parts.parts & _ENERGIES) and not is_power
    if not is_energy and siblings.has(Quantity.ENERGY_IMPORT):
        # What else it may be is open, unless it is a power.
        if is_power:
            siblings.suppose(drawn, Quantity.POWER_IMPORT)
            siblings.suppose(fed_in, Quantity.POWER_EXPORT)
        return
    # A meter without counters is none: scripts also call energy "P".
    if is_energy or siblings.has(Quantity.POWER, *_PHASE_POWERS):
        factor = 0.001 if Part.WH in parts.parts else 1.0
        siblings.suppose(drawn, Quantity.ENERGY_IMPORT, factor)
        siblings.suppose(fed_in, Quantity.ENERGY_EXPORT, factor)


# Totals


def _leave_out_other_counters(siblings: Siblings) -> None:
    """Ignore "Garage_E_in" beside "E_in", and "Total_kWh" beside "Import_kWh" and "Export_kWh".

    Whatever a second counter counts, a meter has one for each direction. Only a name without any word
    to say so may be the same counter: "E_inoP" is "E_in" in another scale.
    """
    for quantity in COUNTERS:
        keys = [key for key, item in siblings.found.items() if item.quantity is quantity]
        certain = [key for key in keys if not siblings.found[key].doubtful]
        directed = [key for key in certain if _has_direction(siblings.parts[key])]
        for key in keys:
            is_other = key not in (directed or certain) and bool(certain)
            if is_other and meaning_of(siblings.parts[key]) is not None:
                siblings.decide(key, KeyMapping(Quantity.NO_MEASUREMENT))


def _has_direction(parts: KeyParts) -> bool:
    return parts.obis is not None or parts.has_direction


def _find_totals_of_tariffs(siblings: Siblings) -> None:
    """Interpret "Power_Sum" beside "Power_T1" and "Power_T2" as their sum."""
    stems = {
        _TARIFF_END.sub("", key.strip().casefold()): mapping
        for key, mapping in siblings.found.items()
        if mapping.quantity in COUNTERS and _TARIFF_END.search(key.strip().casefold())
    }
    for key in list(siblings.undecided()):
        tariff = stems.get(_TOTAL_END.sub("", key.strip().casefold()))
        if tariff is not None:
            total = Quantity(re.sub(r"_t\d$", "", tariff.quantity))
            siblings.suppose(key, total, tariff.factor)


def _find_missing_import(siblings: Siblings) -> None:
    """Interpret "Pges" or "Wirkarbeit" as the counter, if the block has no other one."""
    if siblings.has(Quantity.ENERGY_IMPORT):
        return
    possible = [
        key
        for key in siblings.undecided()
        if _is_plain(parts := take_apart(key, siblings.words, letters=_GLUED))
        and parts.parts in ({Part.POWER, Part.TOTAL}, {Part.ACTIVE, Part.ENERGY})
    ]
    if len(possible) == 1:
        siblings.suppose(possible[0], Quantity.ENERGY_IMPORT)


def _find_missing_export(siblings: Siblings) -> None:
    """Interpret "Solar_Feed" and "Total_Active_Energy" as the second counter beside consumption."""
    if not siblings.has(Quantity.ENERGY_IMPORT) or siblings.has(Quantity.ENERGY_EXPORT):
        return
    imports = [
        key for key, item in siblings.found.items() if item.quantity is Quantity.ENERGY_IMPORT
    ]
    is_clear = any(siblings.parts[key].parts & _DRAWN for key in imports)
    possible = [
        key
        for key in siblings.undecided()
        if _is_fed_in(siblings.parts[key]) or (is_clear and _is_total_energy(siblings.parts[key]))
    ]
    if len(possible) == 1:
        unit = siblings.found[imports[0]].factor if len(imports) == 1 else 1.0
        siblings.suppose(possible[0], Quantity.ENERGY_EXPORT, unit)


def _is_fed_in(parts: KeyParts) -> bool:
    """Whether a key is of energy that is fed in, from what device whatsoever."""
    possible = {Part.EXPORT, Part.OTHER_DEVICE, Part.TOTAL, Part.SUM, *_NEUTRAL}
    return Part.EXPORT in parts.parts and parts.parts <= possible and _is_plain(parts)


def _is_total_energy(parts: KeyParts) -> bool:
    """Whether a key is of active energy in total, without a direction."""
    is_active = {Part.ACTIVE, Part.ENERGY} <= parts.parts <= {Part.ENERGY, *_SUMS, *_NEUTRAL}
    return is_active and bool(parts.parts & _SUMS) and _is_plain(parts)


def _is_plain(parts: KeyParts) -> bool:
    """Whether a key contains neither unknown words nor a phase."""
    return not (parts.is_unknown or parts.is_ambiguous or parts.phases)


def _find_missing_power(siblings: Siblings) -> None:
    """Interpret "P_sum", or a single "Power_in" with either sign, as the power.

    Symbols are exact: "P_in" is to "E_in" what power is to energy.
    """
    powers = [key for key, item in siblings.found.items() if item.quantity in _POWERS]
    if not powers and siblings.has(Quantity.ENERGY_IMPORT):
        powers = [
            key
            for key in siblings.undecided()
            if _is_plain(parts := take_apart(key, siblings.words, letters=_GLUED))
            and {Part.POWER} < parts.parts <= {Part.POWER, *_SUMS, *_NOW}
        ]
        if len(powers) == 1:
            siblings.suppose(powers[0], Quantity.POWER)
        return
    if len(powers) == 1 and siblings.has(*_COUNTERS):
        (key,) = powers
        parts = siblings.parts[key]
        if parts.parts == {Part.POWER, Part.INWARD} and "p" not in parts.words:
            siblings.suppose(key, Quantity.POWER, siblings.found[key].factor)


def _find_present_value(siblings: Siblings) -> None:
    """Interpret "current" as the present power, if there is no other one, or else as amperes."""
    names = [
        key
        for key, parts in siblings.parts.items()
        if parts.parts and parts.parts <= _NOW and not (parts.is_unknown or parts.phases)
    ]
    if len(names) != 1:
        return
    (key,) = names
    others = {mapping.quantity for name, mapping in siblings.found.items() if name != key}
    if _is_amperes(siblings, key, others):
        # "Current" alone is ambiguous; "now" and its German words are no electric current.
        if siblings.parts[key].parts == {Part.CURRENT_OR_NOW}:
            siblings.decide(key, KeyMapping(Quantity.CURRENT_L1))
    elif not others.isdisjoint(_COUNTERS):
        siblings.suppose(key, Quantity.POWER)


def _is_amperes(siblings: Siblings, key: str, others: AbstractSet[Quantity]) -> bool:
    """Whether the other keys, whose quantities are given, show that "current" is not a power."""
    units = {QUANTITIES[quantity].unit for quantity in others}
    # "Current_L1" beside it is the current of a phase, and so is "current" that of another one.
    is_of_phases = any(
        parts.words & siblings.parts[key].words
        for name, parts in siblings.parts.items()
        if name != key
    )
    has_power = not others.isdisjoint(_POWERS)
    return has_power or is_of_phases or ("V" in units and "A" not in units)


_RULES: Final[tuple[Callable[[Siblings], None], ...]] = (
    _find_deliveries,
    _leave_out_shared_word,
    _complete_abbreviations,
    _find_pairs,
    _find_totals_of_tariffs,
    _find_missing_import,
    _find_missing_export,
    _find_missing_power,
    _find_present_value,
    _leave_out_other_counters,
)
"""Each one uses what those before it have found."""
