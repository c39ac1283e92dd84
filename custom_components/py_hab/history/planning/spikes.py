"""Hours that cannot be: more than a house can draw, or less than nothing.

Most come from a counter that fell and rose again: Home Assistant books its whole reading as
consumption, or takes it off and adds it again. What should stand there is told, in this order, by

1. what the counter has shown since an earlier reading, less what has been booked since then;
2. the sum itself, if it comes back to where it was: what is booked meanwhile stays, in total;
3. a reading that fell and stays low: another counter, of which nothing has been consumed yet;
4. what hours around it hold as a rule, as nothing else is known.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
import math
from statistics import median
from typing import Final

from .rows import HOUR

NOTHING: Final = 1e-5
"""kWh; sums are floats, and those of spoiled histories are large ones."""
DIGITS: Final = 1.0
"""kWh; a meter that loses its decimals falls by less, and counts on from where it is."""
DIP: Final = 0.9
"""Part of a reading; what falls to less has been reset. Home Assistant draws the same line."""
LOOK_BACK: Final = 48
"""Rows among which a reading from before the trouble is looked for."""
RETURN: Final = 24 * HOUR
"""Seconds within which a sum that has jumped or fallen comes back, if it does."""
DIGITS_RETURN: Final = 7 * 24 * HOUR
"""Seconds until lost decimals are counted again; what a roof feeds in in winter takes days."""
SUDDEN: Final = 2
"""Rows after which a reset counter that shows its old reading again has not been reset."""
NEIGHBOURS: Final = 12
"""Rows on either side that tell what is usual."""
SCALES: Final = (1.0, 0.001, 1000.0)
"""What makes kWh of states; some write them in Wh or MWh, and the sum in kWh."""
ALIKE: Final = 0.05
"""Part by which a rise of states and what was booked may differ to be taken for the same."""


class SpikeReason(StrEnum):
    """What is wrong with an hour."""

    TOO_HIGH = "too_high"
    NEGATIVE = "negative"
    COUNTED_TWICE = "counted_twice"
    """Possible, but shared with a wrong hour: part of it had been counted before."""


@dataclass(frozen=True, slots=True)
class Spike:
    """An hour that is wrong."""

    start: int
    """Unix time."""
    change: float
    """kWh booked in it."""
    proposed: float
    """kWh that it should have: by the difference all sums from here on are to be shifted."""
    reason: SpikeReason


@dataclass(slots=True)
class _Hour:
    """A row, what it adds to the row before, and what it should add."""

    start: int
    hours: float
    """Since the row before: more than one after an outage."""
    state: float | None
    change: float
    proposed: float
    limit: float
    """kWh that can have been drawn since the row before."""
    reason: SpikeReason | None = None

    @property
    def possible(self) -> bool:
        """Whether a house can have drawn this."""
        return -NOTHING <= self.change <= self.limit + NOTHING


def find_spikes(
    rows: Sequence[tuple[int, float | None, float]], *, max_power: float
) -> list[Spike]:
    """Return the hours that are wrong, with what they should hold.

    `rows` are start (unix time), state and sum (kWh) of hourly statistics, ascending; `max_power`
    in kW. A row whose sum is no number is taken for missing. With all proposals applied nothing
    is found any more.
    """
    hours = _hours(rows, max_power)
    untold: list[int] = []
    for index, hour in enumerate(hours):
        if hour.possible:
            continue
        hour.reason = SpikeReason.NEGATIVE if hour.change < 0 else SpikeReason.TOO_HIGH
        rise = _rise(hours, index)
        if rise is None:
            untold.append(index)
        else:
            hour.proposed = rise
    settled = -1
    for index in untold:
        if index <= settled:
            continue
        end = _return(hours, index)
        if end is None:
            hours[index].proposed = _alone(hours, index)
        else:
            _settle(hours[index : end + 1])
            settled = end
    return [
        Spike(hour.start, hour.change, hour.proposed, hour.reason)
        for hour in hours
        if hour.reason is not None
    ]


def _hours(rows: Sequence[tuple[int, float | None, float]], max_power: float) -> list[_Hour]:
    """Return the rows with what each adds; the first adds its sum, as Home Assistant shows it."""
    finite = [row for row in rows if math.isfinite(row[2])]
    # The first row has none before it; who writes one row a day begins with a day's.
    before, last = 0.0, 2 * finite[0][0] - finite[1][0] if len(finite) > 1 else None
    hours: list[_Hour] = []
    for start, state, total in finite:
        since = 1.0 if last is None else max((start - last) / HOUR, 1.0)
        known = state if state is not None and math.isfinite(state) else None
        change = total - before
        hours.append(_Hour(start, since, known, change, change, max_power * since))
        before, last = total, start
    return hours


def _scale(hours: Sequence[_Hour], index: int) -> float:
    """Return what makes kWh of the states around an hour: what fits the hours that are right."""
    votes = Counter[float]()
    for number in _around(hours, index):
        before, after = hours[number - 1].state, hours[number].state
        if before is None or after is None or hours[number].change <= NOTHING:
            continue
        for scale in SCALES:
            votes[scale] += math.isclose(
                (after - before) * scale, hours[number].change, rel_tol=ALIKE
            )
    return max(SCALES, key=lambda scale: votes[scale])


def _around(hours: Sequence[_Hour], index: int) -> list[int]:
    """Return the numbers of possible hours around one, all but the first."""
    near = range(max(index - NEIGHBOURS, 1), min(index + NEIGHBOURS + 1, len(hours)))
    return [number for number in near if hours[number].possible]


def _rise(hours: Sequence[_Hour], index: int) -> float | None:
    """Return the kWh of an hour by its state and an earlier one, if they tell."""
    hour, scale = hours[index], _scale(hours, index)
    if hour.state is None:
        return None
    passed, booked = hour.limit, 0.0
    for earlier in reversed(hours[max(index - LOOK_BACK, 0) : index]):
        if earlier.state is not None:
            rise = (hour.state - earlier.state) * scale
            if 0 <= rise <= passed and 0 <= rise - booked <= hour.limit:
                return rise - booked
        passed += earlier.limit
        booked += earlier.proposed
    return None


def _return(hours: Sequence[_Hour], index: int) -> int | None:
    """Return the number of the hour in which a sum that has jumped or fallen is back, if it is."""
    first = hours[index]
    if index == 0 and first.change < 0:
        # Nothing was there to be counted twice: the sum only begins below 0.
        return None
    reset, patience = _fall(hours, index)
    energy, limit = first.proposed, first.limit
    for number in range(index + 1, len(hours)):
        hour = hours[number]
        energy += hour.proposed
        limit += hour.limit
        if hour.start - first.start > patience:
            return None
        if first.change > 0:
            # A small dip behind a spike has nothing to do with it.
            back = -hour.change >= first.change / 2 and -NOTHING <= energy <= limit
        else:
            # What a reset counter has consumed since, it has not counted in one go.
            sudden = number - index <= SUDDEN and first.change + hour.change >= -NOTHING
            told = sudden or not reset or not hour.possible
            back = told and hour.change > 0 and -NOTHING <= energy <= hour.limit
        if back:
            return number
    return None


def _fall(hours: Sequence[_Hour], index: int) -> tuple[bool, int]:
    """Return whether a counter seems to have been reset, and the seconds it may need to return."""
    if hours[index].change > 0:
        return False, RETURN
    before, after = hours[index - 1].state, hours[index].state
    digits = -hours[index].change < DIGITS
    patience = DIGITS_RETURN if digits else RETURN
    if before is None or after is None:
        return False, patience
    # A counter that starts anew passes its old reading too, in the end: all that is consumption.
    kept = after >= DIP * before or (digits and after * _scale(hours, index) >= DIGITS)
    return not kept, patience


def _settle(run: Sequence[_Hour]) -> None:
    """Distribute what is booked from a wrong hour until the sum is back, without loss or gain."""
    energy = max(sum(hour.proposed for hour in run), 0.0)
    if run[0].change < 0:
        # The counter has shown nothing new until it is back where it was.
        shares = [0.0] * (len(run) - 1) + [min(energy, run[-1].limit)]
    else:
        wrong = sum(hour.hours for hour in run if not hour.possible)
        rest = energy - sum(hour.proposed for hour in run if hour.possible)
        shares = [hour.proposed if hour.possible else rest * hour.hours / wrong for hour in run]
        if any(not 0 <= share <= hour.limit for share, hour in zip(shares, run, strict=True)):
            whole = sum(hour.hours for hour in run)
            shares = [energy * hour.hours / whole for hour in run]
    for hour, share in zip(run, shares, strict=True):
        if hour.reason is None and abs(share - hour.change) > NOTHING:
            hour.reason = SpikeReason.COUNTED_TWICE
        hour.proposed = share


def _alone(hours: Sequence[_Hour], index: int) -> float:
    """Return the kWh of a wrong hour whose sum does not come back."""
    hour = hours[index]
    # The hours before are settled by now, and may let the readings tell what they did not.
    rise = _rise(hours, index)
    if rise is not None:
        return rise
    before = hours[index - 1].state if index else None
    fell = before is not None and hour.state is not None and hour.state < before
    if index == 0 or fell or (hour.change < 0 and hour.hours <= 1):
        # The first row, another counter, one that was reset: nobody has consumed what it starts
        # with. A fall without states is one of these, but for a silence after which sums restart.
        return 0.0
    near = [hours[number].change / hours[number].hours for number in _around(hours, index)]
    usual = median(near) if near else 0.0
    return min(max(usual, 0.0) * hour.hours, hour.limit)
