"""Finds impossible hours in energy statistics, and proposes what they should hold.

An hour is impossible if it shows more energy than a house can draw, or less than none. Most come
from a counter that fell and rose again: Home Assistant books its whole reading as consumption, or
subtracts it and adds it again. The proposal comes from the first of these rules that applies:

1. The reading has risen since an earlier one: the rise, less what has been booked since then.
2. The sum returns to where it was: what was booked in the meantime remains, in total.
3. The reading fell and stays low: 0, because this is another counter, or one that was reset.
4. Nothing else is known: the median of the hours around it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
import math
from statistics import median
from typing import Final, NamedTuple

from ...counters.gap import RESET_RATIO
from .rows import HOUR, HourlySum

SUM_NOISE: Final = 1e-5
"""kWh; the rounding error of a sum. It is larger than ROUNDING_ERROR because the sums of spoiled
histories are large."""
DIGITS: Final = 1.0
"""kWh; a meter that loses its decimals falls by less than this and then counts on."""
LOOK_BACK: Final = 48
"""Rows before an impossible hour among which a correct reading is looked for."""
RETURN: Final = 24 * HOUR
"""Seconds within which a sum that jumped or fell has to return."""
DIGITS_RETURN: Final = 7 * 24 * HOUR
"""Seconds within which lost decimals have to be counted again. In winter the feed-in of a roof
takes days to reach 1 kWh."""
SUDDEN: Final = 2
"""Rows within which the old reading has to be back for the counter not to have been reset."""
NEIGHBOURS: Final = 12
"""Rows before and after an hour that show what is typical."""
SCALES: Final = (1.0, 0.001, 1000.0)
"""Factors from the unit of a state to kWh: integrations may write states in kWh, Wh or MWh beside
sums in kWh."""
SCALE_TOLERANCE: Final = 0.05
"""Relative difference between the rise of a state and the booked energy that still counts as
equal."""


class SpikeReason(StrEnum):
    """What is wrong with an hour."""

    TOO_HIGH = "too_high"
    NEGATIVE = "negative"
    COUNTED_TWICE = "counted_twice"
    """The hour is possible, but a part of its energy had been booked before in an impossible
    hour."""


@dataclass(frozen=True, slots=True)
class Spike:
    """An hour to be corrected."""

    start: int
    change: float
    """kWh booked in the hour."""
    proposed: float
    """kWh that the hour should have. All sums from here on are to be adjusted by the
    difference."""
    reason: SpikeReason


@dataclass(slots=True)
class _Hour:
    """A row, what it adds to the row before, and what it should add."""

    start: int
    hours: float
    """Hours since the row before: more than one after an outage."""
    state: float | None
    change: float
    proposed: float
    limit: float
    """kWh that can have been drawn since the row before."""
    reason: SpikeReason | None = None

    @property
    def is_possible(self) -> bool:
        """Whether a house can have drawn this energy."""
        return -SUM_NOISE <= self.change <= self.limit + SUM_NOISE


class _Fall(NamedTuple):
    """What the readings say about a fall of the sum."""

    is_reset: bool
    """Whether the counter seems to have been reset."""
    returns_within: int
    """Seconds within which the sum has to return if it was not reset."""


def find_spikes(rows: Sequence[HourlySum], *, max_power: float) -> list[Spike]:
    """Return the impossible hours of a statistic, and those that have to change with them.

    `rows` are ascending; rows whose sum is not finite count as missing. `max_power` is in kW. Once
    all proposals have been applied, no more spikes are found.
    """
    hours = _hours(rows, max_power)
    unexplained: list[int] = []
    for index, hour in enumerate(hours):
        if hour.is_possible:
            continue
        hour.reason = SpikeReason.NEGATIVE if hour.change < 0 else SpikeReason.TOO_HIGH
        rise = _rise_of_readings(hours, index)
        if rise is None:
            unexplained.append(index)
        else:
            hour.proposed = rise
    settled = -1
    for index in unexplained:
        if index <= settled:
            continue
        end = _find_return(hours, index)
        if end is None:
            hours[index].proposed = _energy_without_return(hours, index)
        else:
            _distribute(hours[index : end + 1])
            settled = end
    return [
        Spike(hour.start, hour.change, hour.proposed, hour.reason)
        for hour in hours
        if hour.reason is not None
    ]


def _hours(rows: Sequence[HourlySum], max_power: float) -> list[_Hour]:
    """Return the rows with what each adds. The first adds its sum, as Home Assistant shows it."""
    finite = [row for row in rows if math.isfinite(row.sum)]
    # No row precedes the first one. If an integration writes one row a day, it covers a day.
    before, last = 0.0, 2 * finite[0].start - finite[1].start if len(finite) > 1 else None
    hours: list[_Hour] = []
    for start, state, total in finite:
        since = 1.0 if last is None else max((start - last) / HOUR, 1.0)
        known = state if state is not None and math.isfinite(state) else None
        change = total - before
        hours.append(_Hour(start, since, known, change, change, max_power * since))
        before, last = total, start
    return hours


def _scale(hours: Sequence[_Hour], index: int) -> float:
    """Return the factor from states to kWh that fits most of the possible hours around an hour."""
    votes = Counter[float]()
    for number in _possible_neighbours(hours, index):
        before, after = hours[number - 1].state, hours[number].state
        if before is None or after is None or hours[number].change <= SUM_NOISE:
            continue
        for scale in SCALES:
            votes[scale] += math.isclose(
                (after - before) * scale, hours[number].change, rel_tol=SCALE_TOLERANCE
            )
    return max(SCALES, key=lambda scale: votes[scale])


def _possible_neighbours(hours: Sequence[_Hour], index: int) -> list[int]:
    """Return the indices of the possible hours around one, without the first hour of all."""
    near = range(max(index - NEIGHBOURS, 1), min(index + NEIGHBOURS + 1, len(hours)))
    return [number for number in near if hours[number].is_possible]


def _rise_of_readings(hours: Sequence[_Hour], index: int) -> float | None:
    """Return the kWh of an hour from its reading and an earlier one, None if none of them fits."""
    hour, scale = hours[index], _scale(hours, index)
    if hour.state is None:
        return None
    possible, booked = hour.limit, 0.0
    for earlier in reversed(hours[max(index - LOOK_BACK, 0) : index]):
        if earlier.state is not None:
            rise = (hour.state - earlier.state) * scale
            if 0 <= rise <= possible and 0 <= rise - booked <= hour.limit:
                return rise - booked
        possible += earlier.limit
        booked += earlier.proposed
    return None


def _find_return(hours: Sequence[_Hour], index: int) -> int | None:
    """Return the index of the hour in which a sum that jumped or fell returns, None if it does not."""
    first = hours[index]
    if index == 0 and first.change < 0:
        # Nothing was booked before that could be counted twice: the sum just starts below 0.
        return None
    fall = _judge_fall(hours, index)
    energy, limit = first.proposed, first.limit
    for number in range(index + 1, len(hours)):
        hour = hours[number]
        energy += hour.proposed
        limit += hour.limit
        if hour.start - first.start > fall.returns_within:
            return None
        if first.change > 0:
            # A small dip after a spike is unrelated to it.
            is_back = -hour.change >= first.change / 2 and -SUM_NOISE <= energy <= limit
        else:
            # After a reset, consumption raises the sum gradually: only a jump can be the return.
            is_sudden = number - index <= SUDDEN and first.change + hour.change >= -SUM_NOISE
            may_return = is_sudden or not fall.is_reset or not hour.is_possible
            is_back = may_return and hour.change > 0 and -SUM_NOISE <= energy <= hour.limit
        if is_back:
            return number
    return None


def _judge_fall(hours: Sequence[_Hour], index: int) -> _Fall:
    """Return whether the readings around an hour show a reset, and how long its sum may be away."""
    if hours[index].change > 0:
        return _Fall(is_reset=False, returns_within=RETURN)
    before, after = hours[index - 1].state, hours[index].state
    lost_digits = -hours[index].change < DIGITS
    returns_within = DIGITS_RETURN if lost_digits else RETURN
    if before is None or after is None:
        return _Fall(is_reset=False, returns_within=returns_within)
    # A counter that was reset also passes its old reading some day, but by real consumption.
    is_kept = after >= RESET_RATIO * before or (
        lost_digits and after * _scale(hours, index) >= DIGITS
    )
    return _Fall(is_reset=not is_kept, returns_within=returns_within)


def _distribute(run: Sequence[_Hour]) -> None:
    """Propose energies for the hours from an impossible one to the return; the total remains."""
    energy = max(sum(hour.proposed for hour in run), 0.0)
    if run[0].change < 0:
        # The counter counted nothing new before it was back at its old reading.
        shares = [0.0] * (len(run) - 1) + [min(energy, run[-1].limit)]
    else:
        impossible_hours = sum(hour.hours for hour in run if not hour.is_possible)
        rest = energy - sum(hour.proposed for hour in run if hour.is_possible)
        shares = [
            hour.proposed if hour.is_possible else rest * hour.hours / impossible_hours
            for hour in run
        ]
        if any(not 0 <= share <= hour.limit for share, hour in zip(shares, run, strict=True)):
            all_hours = sum(hour.hours for hour in run)
            shares = [energy * hour.hours / all_hours for hour in run]
    for hour, share in zip(run, shares, strict=True):
        if hour.reason is None and abs(share - hour.change) > SUM_NOISE:
            hour.reason = SpikeReason.COUNTED_TWICE
        hour.proposed = share


def _energy_without_return(hours: Sequence[_Hour], index: int) -> float:
    """Return the kWh to propose for an impossible hour whose sum does not return."""
    hour = hours[index]
    # The hours before are corrected by now, so their readings may fit where they did not before.
    rise = _rise_of_readings(hours, index)
    if rise is not None:
        return rise
    before = hours[index - 1].state if index else None
    fell = before is not None and hour.state is not None and hour.state < before
    if index == 0 or fell or (hour.change < 0 and hour.hours <= 1):
        # This is the first row, another counter, or one that was reset: its start reading was not
        # consumed here. A fall without states is one of these, unless it follows a long gap, after
        # which Home Assistant restarts the sum.
        return 0.0
    rates = [
        hours[number].change / hours[number].hours for number in _possible_neighbours(hours, index)
    ]
    typical = median(rates) if rates else 0.0
    return min(max(typical, 0.0) * hour.hours, hour.limit)
