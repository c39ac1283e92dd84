"""Which trouble a meter is in, from its readings alone.

Nothing that a reader publishes tells that its head has slipped off the meter: Tasmota repeats the
last numbers for ever, with a fresh time. And a modern German meter without its PIN, or with the
extended display ("Inf") switched off, counts in whole kWh and tells no power.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
import math
from typing import Final

from .registers import Quantity

LONGEST_GAP: Final = timedelta(hours=2)
"""Tasmota publishes at least once an hour; after a longer silence than two of these
nobody knows what the meter did meanwhile."""

CONTRADICTION_AFTER: Final = timedelta(minutes=15)
"""So long power must have flowed, by the reader's word, without a counter rising."""
CONTRADICTION_STEPS: Final = 3
"""So many steps the counter would have to have risen."""
STARTING_POWER: Final = 20.0
"""W; below its starting current (EN 50470-3: some 25 mA a phase) a meter need not count."""
_STEPS: Final = (1000, 100, 10)
"""Wh. The last one also stands for all finer ones: an hour sooner is not worth a false alarm."""

STILL_AFTER: Final = timedelta(days=1)
"""Time without any change after which the reader is taken for dead."""
STILL_AFTER_IN_WHOLE_KWH: Final = 7 * STILL_AFTER
"""The same where only whole kWh are told: an empty home may need days for the next one."""

WHOLE_RISES: Final = 3
"""So many times a counter must have risen to a whole kWh: one in a thousand readings is whole by
chance."""
_TOLERANCE: Final = 1e-6
"""What is left over from multiplying by a power of ten."""


class MeterProblem(StrEnum):
    """What is wrong with a meter or its reader."""

    FROZEN = "reader_frozen"
    """The reader publishes, but no longer reads the meter."""
    PIN_LOCKED = "pin_locked"
    """The meter counts in whole kWh and does not tell its number: it wants its PIN."""
    INF_OFF = "inf_off"
    """The meter counts in whole kWh and tells its number: the extended display is off."""


def _is_whole(number: float) -> bool:
    return abs((number + 0.5) % 1 - 0.5) < _TOLERANCE


def _step(reading: float) -> float:
    """Return by how many Wh a counter rises: no more than the last decimal of its kWh says."""
    return next((step for step in _STEPS if _is_whole(reading * 1000 / step)), _STEPS[-1])


class MeterHealth:
    """Watches the readings of one meter."""

    def __init__(self) -> None:
        """Start with a meter that nothing is known of."""
        self.problems: frozenset[MeterProblem] = frozenset()
        """What is wrong at the time of the last reading."""
        self._counters: dict[str, float] = {}
        self._power: float | None = None
        self._beside = 0
        self._has_id: bool | None = None
        self._seen_at: datetime | None = None
        self._still = timedelta()
        """For how long readings have come and none of them was new."""
        self._whole: dict[str, tuple[float, int]] = {}
        """Of each counter its whole kWh and how many times it has risen, since a fraction or a
        power was last seen."""

    def observe(
        self,
        now: datetime,
        *,
        counters: Mapping[str, float],
        power: float | None,
        has_id: bool | None,
        beside: int = 0,
    ) -> None:
        """Take in the newest readings.

        counters: kWh by role, all that are known.
        power: W, negative when feeding in, None if the meter publishes none. has_id: whether the
        meter told its number, None if it has no key for it. beside: anything that differs when
        something else has changed.
        """
        counters = {quantity: kwh for quantity, kwh in counters.items() if math.isfinite(kwh)}
        if power is not None and not math.isfinite(power):
            power = None
        before = (self._counters, self._power, self._has_id, self._beside)
        if (counters, power, has_id, beside) != before:
            self._still = timedelta()
        elif self._seen_at is not None and timedelta() <= now - self._seen_at <= LONGEST_GAP:
            self._still += now - self._seen_at
        self._seen_at = now
        self._counters, self._power, self._has_id = counters, power, has_id
        self._beside = beside
        self._count_whole_rises()
        self.problems = self._find_problems()

    def _find_problems(self) -> frozenset[MeterProblem]:
        problems = set()
        if self._is_contradiction() or self._is_still():
            problems.add(MeterProblem.FROZEN)
        if any(rises >= WHOLE_RISES for _, rises in self._whole.values()):
            problems.add(MeterProblem.INF_OFF if self._has_id else MeterProblem.PIN_LOCKED)
        return frozenset(problems)

    def _is_contradiction(self) -> bool:
        """Return whether power flowed for so long that a counter must have risen."""
        power = self._power
        if power is None or abs(power) < STARTING_POWER or self._still < CONTRADICTION_AFTER:
            return False
        # Only the sum over all tariffs: a tariff stands still while another one is on.
        reading = self._counters.get(
            Quantity.ENERGY_IMPORT if power > 0 else Quantity.ENERGY_EXPORT
        )
        if reading is None or (power < 0 and reading == 0):
            # A meter for one direction shows feed-in, but never counts it.
            return False
        flowed = abs(power) * (self._still / timedelta(hours=1))
        return flowed >= CONTRADICTION_STEPS * _step(reading)

    def _is_still(self) -> bool:
        """Return whether nothing has changed for longer than any home is quiet."""
        readings = self._counters.values()
        if not readings and self._power is None:
            return False
        # Nothing but zeros tells nothing of the steps.
        coarse = any(readings) and all(map(_is_whole, readings))
        return self._still >= (STILL_AFTER_IN_WHOLE_KWH if coarse else STILL_AFTER)

    def _count_whole_rises(self) -> None:
        if self._power or not all(map(_is_whole, self._counters.values())):
            self._whole = {}
            return
        whole: dict[str, tuple[float, int]] = {}
        for quantity, reading in self._counters.items():
            last, rises = self._whole.get(quantity, (reading, 0))
            if reading < last:
                # Another meter, or the reader has started anew.
                rises = 0
            elif reading > last > 0:
                # From zero it does not rise: it is read for the first time.
                rises += 1
            whole[quantity] = (reading, rises)
        self._whole = whole
