"""Hours that cannot be: more than a house can draw, or less than nothing.

Most come from a counter that fell and rose again: Home Assistant books its whole reading as
consumption, or takes it off and adds it again. What a counter shows at the ends of the hours
tells mostly what should stand there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
import math
from statistics import median
from typing import Final

from .rows import HOUR

NOTHING: Final = 1e-6
"""kWh; sums are floats."""
DIGITS: Final = 1.0
"""kWh; a meter that loses its decimals falls by less, and counts on from where it is."""
LOOK_BACK: Final = 48
"""Hours among which a reading from before the trouble is looked for."""
RECOVERY: Final = 24
"""Hours within which lost decimals are counted once more."""
NEIGHBOURS: Final = 12
"""Hours on either side that tell what is usual."""


class SpikeReason(StrEnum):
    """What is wrong with an hour."""

    TOO_HIGH = "too_high"
    NEGATIVE = "negative"
    COUNTED_TWICE = "counted_twice"
    """Possible, but part of it had been counted before a negative hour took it off."""


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


def find_spikes(
    rows: Sequence[tuple[int, float | None, float]], *, max_power: float
) -> list[Spike]:
    """Return the hours that are wrong, with what they should hold.

    `rows` are start (unix time), state and sum (kWh) of hourly statistics, ascending; `max_power`
    in kW. With all proposals applied nothing is found any more.
    """
    hours = _hours(rows, max_power)
    for index, hour in enumerate(hours):
        if hour.change < -NOTHING:
            hour.reason = SpikeReason.NEGATIVE
        elif hour.change > hour.limit + NOTHING:
            hour.reason = SpikeReason.TOO_HIGH
        else:
            continue
        hour.proposed = _proposed(hours, index)
    for index, hour in enumerate(hours):
        if hour.reason is SpikeReason.NEGATIVE and hour.proposed == 0 and -hour.change < DIGITS:
            _take_back(hours[index + 1 : index + 1 + RECOVERY], -hour.change)
    return [
        Spike(hour.start, hour.change, hour.proposed, hour.reason)
        for hour in hours
        if hour.reason is not None
    ]


def _hours(rows: Sequence[tuple[int, float | None, float]], max_power: float) -> list[_Hour]:
    """Return the rows with what each adds; the first has nothing before it and adds nothing."""
    hours: list[_Hour] = []
    before: tuple[int, float] | None = None
    for start, state, total in rows:
        if not math.isfinite(total):
            continue
        since = 1.0 if before is None else (start - before[0]) / HOUR
        change = 0.0 if before is None else total - before[1]
        known = state if state is not None and math.isfinite(state) else None
        hours.append(_Hour(start, since, known, change, change, max_power * since))
        before = (start, total)
    return hours


def _proposed(hours: Sequence[_Hour], index: int) -> float:
    """Return the kWh that a wrong hour should hold."""
    hour = hours[index]
    if hour.state is not None:
        passed, counted = hour.limit, 0.0
        for earlier in reversed(hours[max(index - LOOK_BACK, 0) : index]):
            # From a reading before the trouble on, less what is booked already since then.
            rise = hour.state - (math.inf if earlier.state is None else earlier.state)
            if 0 <= rise <= passed and 0 <= rise - counted <= hour.limit:
                return rise - counted
            passed += earlier.limit
            counted += earlier.proposed
        if index and (before := hours[index - 1].state) is not None and hour.state < before:
            # Another counter, or one that was reset: nobody has consumed what it starts with.
            return 0.0
    return 0.0 if hour.change < 0 else _usual(hours, index)


def _usual(hours: Sequence[_Hour], index: int) -> float:
    """Return what hours around this one hold as a rule."""
    around = hours[max(index - NEIGHBOURS, 0) : index + NEIGHBOURS + 1]
    possible = [
        each.change / each.hours for each in around if 0 <= each.change <= each.limit and each.hours
    ]
    usual = median(possible) if possible else 0.0
    return min(usual * hours[index].hours, hours[index].limit)


def _take_back(following: Sequence[_Hour], lost: float) -> None:
    """Take off the following hours what was counted before decimals were lost, and again after."""
    for hour in following:
        if hour.reason in (None, SpikeReason.COUNTED_TWICE) and lost > NOTHING:
            part = min(hour.proposed, lost)
            if part > NOTHING:
                hour.proposed -= part
                hour.reason = SpikeReason.COUNTED_TWICE
                lost -= part
