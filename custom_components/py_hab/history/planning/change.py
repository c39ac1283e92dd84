"""What a change of statistics is planned from, and what it consists of."""

from collections.abc import Iterable, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum

from .origin import Origin
from .rows import MeanRow, Row, SumRow


class ChangeReason(StrEnum):
    """Why statistics were changed."""

    BACKFILL = "backfill"
    """Hours from device statistics."""
    OUTAGE = "outage"
    """Energy of a gap, spread over its hours."""
    SILENCE = "silence"
    """A sum that Home Assistant had restarted after a long gap."""
    REPLACEMENT = "replacement"
    """The start reading of a new counter, which was not consumed here."""
    IMPORT = "import"
    """Hours of a legacy file."""
    SPIKE = "spike"
    """Hours with an impossible energy."""
    UNIT = "unit"
    """Hours that were counted in a wrong unit."""
    COST = "cost"
    """Costs of hours, in a statistic of their own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StatisticRows:
    """The rows of one statistic, in the unit in which we calculate."""

    hourly: Sequence[Row] = ()
    """Hourly rows with a sum, ascending."""
    short_term: Sequence[Row] = ()
    """Short-term rows with a sum, ascending; Home Assistant keeps about ten days."""
    hours: AbstractSet[int] = frozenset()
    """The starts of all hourly rows, of measurements as well."""
    own: AbstractSet[int] = frozenset()
    """The hours that py_hab has inserted, and that nobody has overwritten since."""
    means: Mapping[int, float] = field(default_factory=dict)
    """The means of `own`, of a measurement."""
    spread: AbstractSet[int] = frozenset()
    """Those of `own`, and of the rows that py_hab has replaced, whose energy was spread."""
    bounds: Sequence[int] = ()
    """The full hours, ascending, between which the energy is known that was spread."""
    late: AbstractSet[int] = frozenset()
    """The hours that Home Assistant has compiled long after their end, because it was not running:
    their values were not measured."""
    late_short_term: AbstractSet[int] = frozenset()
    """The same of short-term rows, by start."""
    recorded: Mapping[int, Row] = field(default_factory=dict)
    """Rows of Home Assistant that py_hab has replaced, as they would be without the replacement."""
    until: int
    """The end of the hours that may be written: later ones are not compiled yet."""


@dataclass(frozen=True, slots=True)
class WriteRows:
    """Write hours; existing rows of these hours are replaced."""

    rows: Sequence[SumRow] | Sequence[MeanRow]
    reason: ChangeReason
    origins: Mapping[int, Origin] = field(default_factory=dict)
    """Where the values of these hours come from. Others have the origin that the reason implies."""
    bounds: Iterable[int] = ()
    """The full hours between which the energy is known that was spread."""


@dataclass(frozen=True, slots=True)
class ConvertShortTerm:
    """Write states and sums of existing short-term rows, converted to another unit."""

    rows: Sequence[SumRow]
    reason: ChangeReason


@dataclass(frozen=True, slots=True)
class AdjustSum:
    """Add kWh to all sums from a five-minute period on, and to the hour that contains it."""

    start: int
    amount: float
    reason: ChangeReason


type Step = WriteRows | ConvertShortTerm | AdjustSum
type Change = Sequence[Step]
"""The steps of a change, in their order. Either all of them are made or none."""
