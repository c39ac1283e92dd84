"""Detects problems of a meter from its readings alone.

When a reader slips off its meter, Tasmota keeps publishing the last values with the current time. A
modern German meter that lacks its PIN, or whose extended display ("Inf") is off, counts in whole kWh
and reports no power.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
import math
from typing import Final

from .registers import Quantity

MAX_UNCHANGED_STEP: Final = timedelta(hours=2)
"""The longest time between two equal readings in which the meter is assumed to be unchanged. Twice
the longest interval of Tasmota."""

CONTRADICTION_AFTER: Final = timedelta(minutes=15)
"""How long the readings must have been the same before a power contradicts its counter."""
CONTRADICTION_STEPS: Final = 3
"""By how many steps the counter should have risen meanwhile."""
STARTING_POWER: Final = 20.0
"""W. A meter need not count below its starting current (EN 50470-3: about 25 mA per phase)."""
_STEPS_WH: Final = (1000, 100, 10)
"""Steps by which counters rise. Finer steps count as the last one: an earlier detection is not worth
a false alarm."""

STILL_AFTER: Final = timedelta(days=1)
"""After this time without any change, the reader is regarded as frozen."""
STILL_AFTER_IN_WHOLE_KWH: Final = 7 * STILL_AFTER
"""The same for a meter that shows whole kWh: in an empty home the next one may take days."""

WRONG_SIGN_AFTER: Final = timedelta(hours=1)
"""How long the counters must contradict the sign of the power. A message that is composed of two
telegrams may do so once."""

WHOLE_RISES: Final = 3
"""How many times a counter must have risen to a whole kWh. By chance, one reading in a thousand is
whole."""
_TOLERANCE: Final = 1e-6
"""Tolerance for the rounding error of a multiplication by a power of ten."""


class MeterProblem(StrEnum):
    """A problem of a meter or its reader."""

    FROZEN = "reader_frozen"
    """The reader publishes, but no longer reads the meter."""
    PIN_LOCKED = "pin_locked"
    """The meter counts in whole kWh and does not report its number: its PIN is missing."""
    INF_OFF = "inf_off"
    """The meter counts in whole kWh and reports its number: the extended display is off."""
    WRONG_SIGN = "power_wrong_sign"
    """The power is negative while only the import counter rises, or the other way round."""


def _is_whole(number: float) -> bool:
    return abs((number + 0.5) % 1 - 0.5) < _TOLERANCE


def _step_wh(reading: float) -> float:
    """Return the step in Wh by which a counter rises, from the decimals of its reading in kWh."""
    return next((step for step in _STEPS_WH if _is_whole(reading * 1000 / step)), _STEPS_WH[-1])


@dataclass(frozen=True, slots=True)
class _WholeCounter:
    """A counter that has shown whole kWh only."""

    kwh: float
    rises: int = 0
    """How many times it has risen."""


class MeterHealth:
    """Detects the problems of one meter."""

    def __init__(self) -> None:
        """Start without readings."""
        self.problems: frozenset[MeterProblem] = frozenset()
        """The problems at the time of the last reading."""
        self._counters: dict[str, float] = {}
        self._power: float | None = None
        self._other_values = 0
        self._has_id: bool | None = None
        self._seen_at: datetime | None = None
        self._unchanged_for = timedelta()
        """For how long all readings have been the same."""
        self._counters_since: datetime | None = None
        """When one of the counters last rose."""
        self._wrong_sign_for: timedelta | None = None
        """For how long each rise of a counter has contradicted the sign of the power, None if the last
        one has not. The first one proves nothing: after an outage, one counter may rise later."""
        self._whole_counters: dict[str, _WholeCounter] = {}
        """By quantity; empty after a reading with a fraction, or with a power."""

    def observe(
        self,
        now: datetime,
        *,
        counters: Mapping[str, float],
        power: float | None,
        has_id: bool | None,
        is_signed: bool = False,
        other_values: int = 0,
    ) -> None:
        """Process the newest readings.

        counters: the reading of each known counter in kWh, by quantity.
        power: W, negative while feeding in; None if the meter publishes no power.
        is_signed: whether `power` is meant to be negative while feeding in.
        has_id: whether the meter reports its number; None if it publishes no key for it.
        other_values: a hash of all other values.
        """
        counters = {quantity: kwh for quantity, kwh in counters.items() if math.isfinite(kwh)}
        if power is not None and not math.isfinite(power):
            power = None
        self._compare_sign(now, counters, power, is_signed=is_signed)
        before = (self._counters, self._power, self._has_id, self._other_values)
        if (counters, power, has_id, other_values) != before:
            self._unchanged_for = timedelta()
        elif self._seen_at is not None and timedelta() <= now - self._seen_at <= MAX_UNCHANGED_STEP:
            self._unchanged_for += now - self._seen_at
        self._seen_at = now
        self._counters, self._power, self._has_id = counters, power, has_id
        self._other_values = other_values
        self._count_whole_rises()
        self.problems = self._find_problems()

    def _find_problems(self) -> frozenset[MeterProblem]:
        problems = set()
        if self._is_contradiction() or self._is_still():
            problems.add(MeterProblem.FROZEN)
        if any(counter.rises >= WHOLE_RISES for counter in self._whole_counters.values()):
            problems.add(MeterProblem.INF_OFF if self._has_id else MeterProblem.PIN_LOCKED)
        if self._wrong_sign_for is not None and self._wrong_sign_for >= WRONG_SIGN_AFTER:
            problems.add(MeterProblem.WRONG_SIGN)
        return frozenset(problems)

    def _compare_sign(
        self,
        now: datetime,
        counters: Mapping[str, float],
        power: float | None,
        *,
        is_signed: bool,
    ) -> None:
        """Compare the sign of the power with the counter that has risen since the last reading."""
        drawn = self._rise(counters, Quantity.ENERGY_IMPORT)
        fed_in = self._rise(counters, Quantity.ENERGY_EXPORT)
        if drawn == fed_in:
            return
        since, self._counters_since = self._counters_since or now, now
        before = self._power or 0.0
        if power is None or not is_signed or min(abs(power), abs(before)) < STARTING_POWER:
            # A small power may change its sign between two readings.
            return
        if (power > 0) != (before > 0) or (power > 0) == (drawn > fed_in):
            self._wrong_sign_for = None
        elif self._wrong_sign_for is None:
            self._wrong_sign_for = timedelta()
        elif timedelta() <= now - since <= MAX_UNCHANGED_STEP:
            self._wrong_sign_for += now - since

    def _rise(self, counters: Mapping[str, float], quantity: Quantity) -> float:
        """Return the kWh by which a counter has risen since the last reading, 0 if one is unknown."""
        if quantity not in counters or quantity not in self._counters:
            return 0.0
        return counters[quantity] - self._counters[quantity]

    def _is_contradiction(self) -> bool:
        """Whether the counter should have risen, given the power since it last changed."""
        power = self._power
        if (
            power is None
            or abs(power) < STARTING_POWER
            or self._unchanged_for < CONTRADICTION_AFTER
        ):
            return False
        # Only the total over all tariffs: the counter of a tariff rises only while it is in force.
        reading = self._counters.get(
            Quantity.ENERGY_IMPORT if power > 0 else Quantity.ENERGY_EXPORT
        )
        if reading is None or (power < 0 and reading == 0):
            # A one-way meter shows the power of feed-in, but does not count it.
            return False
        energy_wh = abs(power) * (self._unchanged_for / timedelta(hours=1))
        return energy_wh >= CONTRADICTION_STEPS * _step_wh(reading)

    def _is_still(self) -> bool:
        """Whether nothing has changed for longer than is possible in an empty home."""
        readings = self._counters.values()
        if not readings and self._power is None:
            return False
        # A zero does not show the step of its counter.
        in_whole_kwh = any(readings) and all(map(_is_whole, readings))
        return self._unchanged_for >= (STILL_AFTER_IN_WHOLE_KWH if in_whole_kwh else STILL_AFTER)

    def _count_whole_rises(self) -> None:
        if self._power or not all(map(_is_whole, self._counters.values())):
            self._whole_counters = {}
            return
        counters: dict[str, _WholeCounter] = {}
        for quantity, reading in self._counters.items():
            last = self._whole_counters.get(quantity, _WholeCounter(reading))
            rises = last.rises
            if reading < last.kwh:
                # Another meter, or the reader has restarted.
                rises = 0
            elif reading > last.kwh > 0:
                # The step from zero is the first reading of the meter.
                rises += 1
            counters[quantity] = _WholeCounter(reading, rises)
        self._whole_counters = counters
