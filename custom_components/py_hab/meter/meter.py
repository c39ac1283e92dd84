"""One electricity meter behind a head: from published fields to the values that entities show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
import math
from typing import Any, Final

from ..counters.guard import ACCEPTING, LONGEST_INTERVAL, Verdict
from ..counters.store import CounterStore
from ..sml.health import MeterHealth, MeterProblem
from ..sml.inference import KeyInference
from ..sml.key_names import register_of
from ..sml.meter_id import MeterId, manufacturer_of, parse_meter_id
from ..sml.payload import Block, number_in
from ..sml.registers import COUNTERS, QUANTITIES, KeyMapping, Quantity, QuantityKind
from ..sml.throttle import Throttle

SLOW_INTERVAL: Final = 60.0
"""Seconds; everything but power is written no more often. Of a counter nothing is lost: the next
value holds it all."""
_POWERS: Final = frozenset(quantity for quantity, item in QUANTITIES.items() if item.unit == "W")
STALE_AFTER: Final = 900.0
"""Seconds; three times the interval at which Tasmota publishes unless told otherwise."""
WATCH_INTERVAL: Final = 10.0
"""Seconds between two looks at how the registers behave."""
BEYOND: Final = 3
"""Readings in a row beyond what the house can draw that prove another unit."""
MAX_UNKNOWN: Final = 64
"""Keys; no meter has as many registers."""
_DIGITS: Final = {"W": 1, "var": 1, "V": 1, "A": 3, "Hz": 3}
"""Decimals of a mean; more would be a new state for nothing."""
_DIRECTIONS: Final = (Quantity.POWER_IMPORT, Quantity.POWER_EXPORT)
_NUMBERS: Final = frozenset({Quantity.METER_ID, Quantity.MANUFACTURER})
_HEARD: Final = ACCEPTING | {Verdict.JITTER, Verdict.QUARANTINED}
"""Verdicts that tell that the head reads the meter."""
_DISPLAY: Final = 1e6
"""kWh; a meter shows six digits before the point."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Replacement:
    """A counter that goes on from another reading, believed at last."""

    quantity: Quantity
    verdict: Verdict
    before: float
    """kWh that it was believed to show."""
    now: float

    @property
    def is_question(self) -> bool:
        """Whether only the user knows what has happened; a full display starts anew by itself."""
        return self.verdict is Verdict.REPLACED


@dataclass(kw_only=True, slots=True)
class MeterUpdate:
    """What a message has changed."""

    changed: bool = False
    """Whether an entity has something new to show."""
    became_available: bool = False
    """Whether a register was not available before."""
    unconfirmed: bool = False
    """Whether a counter waits for a second reading."""
    replacements: list[Replacement] = field(default_factory=list)


@dataclass(slots=True)
class _Clock:
    """When a register was heard last, and how long it was silent before, in seconds."""

    heard: float
    interval: float = 0.0


class Meter:
    """What is known of one meter.

    `values` are those that the entities show (kWh, W, V, A ...), thinned out.
    """

    def __init__(
        self,
        meter_index: str,
        *,
        assigned: Mapping[str, KeyMapping],
        counters: CounterStore,
        interval: float,
        max_power: float,
    ) -> None:
        """Begin with a meter in a place of `MeterPlaces`, of which nothing was heard yet.

        `assigned` is what the user says that keys mean; `interval` are the seconds between two written
        values of power, 0 for all of them; `max_power` in kW.
        """
        self.meter_index = meter_index
        self.values: dict[Quantity, float] = {}
        self.keys: dict[Quantity, str] = {}
        """Under which key each register is published."""
        self.unknown: dict[str, str] = {}
        """Keys that mean nothing to us, and their newest values as text."""
        self.number: MeterId | None = None
        self.manufacturer: str | None = None
        self.inferred: dict[str, KeyMapping] = {}
        """What the values have shown of keys, and earlier versions have adopted."""
        self.absolute_power = False
        """Whether power is told without its sign."""
        self._assigned = assigned
        self._counters = counters
        self._interval = interval
        self._max_power = max_power
        self._clocks: dict[Quantity, _Clock] = {}
        self._throttles: dict[Quantity, Throttle] = {}
        self._watch = MeterHealth()
        self._behaviour = KeyInference(self.register_of)
        self._received: dict[Quantity, float] = {}
        """The newest measurements as they came, not thinned out."""
        self._told_number: object = None
        self._has_number: bool | None = None
        self._looked: dict[str, float] = {}
        self._exporting = False
        self._beyond: dict[str, int] = {}

    def counter_key(self, quantity: Quantity) -> str:
        """Return under which name the counter memory keeps a counter of this meter."""
        return f"{self.meter_index}_{quantity}" if self.meter_index else quantity

    @property
    def published_number(self) -> str | None:
        """The meter's number as its reader publishes it, None if it tells none."""
        told = self._told_number
        return told if isinstance(told, str) and self.number is not None else None

    @property
    def problems(self) -> frozenset[MeterProblem]:
        """What the readings tell of a meter or head that is not well."""
        return self._watch.problems

    @property
    def heard(self) -> float | None:
        """When anything of this meter was heard last, in seconds."""
        return max((clock.heard for clock in self._clocks.values()), default=None)

    @property
    def _is_frozen(self) -> bool:
        """Whether values are told that cannot be true; a home that draws nothing may stand still."""
        return MeterProblem.FROZEN in self._watch.problems and bool(self._present_power())

    def is_fresh(self, quantity: Quantity, now: float) -> bool:
        """Whether a register was heard of lately, each by its own clock."""
        clock = self._clocks.get(quantity)
        if clock is None or self._is_frozen:
            return False
        return now - clock.heard < max(STALE_AFTER, 3 * clock.interval)

    def register_of(self, key: str) -> KeyMapping | None:
        """Return what a key means: by the user's word, else by its values, else by its name."""
        return self._assigned.get(key) or self.inferred.get(key) or register_of(key)

    @property
    def suggestions(self) -> dict[str, KeyMapping]:
        """What the values suggest that keys mean; in use once the user has confirmed it."""
        suggested = self._behaviour.suggestions.items()
        return {key: mapping for key, mapping in suggested if key not in self._assigned}

    def forget_reassigned(self) -> list[Quantity]:
        """Forget, and return, the registers whose keys the user has given another meaning."""
        gone = [
            quantity
            for quantity, key in self.keys.items()
            if key in self._assigned and self._assigned[key].quantity is not quantity
        ]
        for quantity in gone:
            del self.keys[quantity]
        return gone

    def take(self, block: Block, now: float) -> MeterUpdate:
        """Take over what a message, received at `now` seconds, says of this meter.

        A reading that is not believed leaves everything as it was, but is counted.
        """
        readings: dict[Quantity, list[tuple[str, float]]] = {}
        doubtful: dict[Quantity, list[tuple[str, float]]] = {}
        for key, value in block.fields.items():
            register = self.register_of(key)
            if register is None:
                self._note_unknown(key, value)
            elif register.quantity in _NUMBERS:
                self._take_number(value)
            elif QUANTITIES[register.quantity].kind is not QuantityKind.NONE:
                number = number_in(value)
                if register.doubtful:
                    reading = number * self._factor(key, register, number)
                    doubtful.setdefault(register.quantity, []).append((key, reading))
                else:
                    reading = number * register.factor
                    readings.setdefault(register.quantity, []).append((key, reading))
        for quantity, items in doubtful.items():
            # A counter is for ever: with nothing but a doubtful key, it waits for proof.
            if quantity in readings or quantity not in COUNTERS:
                readings.setdefault(quantity, []).extend(items)
            else:
                for key, _ in items:
                    self._note_unknown(key, block.fields[key])
        _drop_copies(readings)
        taken = MeterUpdate()
        was_frozen = self._is_frozen
        nothing_read = self._take_counters(readings, now, taken)
        if not (nothing_read and _all_zero(readings)):
            self._take_measurements(block, readings, now, taken)
        if not taken.unconfirmed:
            self._look(block, now)
        taken.became_available |= was_frozen is not self._is_frozen
        return taken

    def _factor(self, key: str, register: KeyMapping, number: float) -> float:
        """Return what turns the number of a doubtful key into the unit of its role.

        What would be more than the house can draw is in W, though other scripts have it in kW.
        """
        if register.quantity not in _POWERS:
            return register.factor
        if abs(number) * register.factor <= 1000 * self._max_power:
            self._beyond.pop(key, None)
            return register.factor
        # A single one is a glitch; what was found is found for ever.
        self._beyond[key] = self._beyond.get(key, 0) + 1
        if self._beyond[key] < BEYOND:
            return math.nan
        self.inferred[key] = KeyMapping(register.quantity)
        return 1.0

    def _note_unknown(self, key: str, value: object) -> None:
        if key in self.unknown or len(self.unknown) < MAX_UNKNOWN:
            self.unknown[key] = str(value)[:80] if isinstance(value, str | int | float) else ""

    def _take_number(self, value: object) -> None:
        if value == self._told_number:
            return
        # 0 and "" stand there until the meter has told its number. What scripts call its number
        # may be the maker's code, and the other way round.
        self._told_number = value
        self._has_number = bool(value)
        self.number = parse_meter_id(value) or self.number
        self.manufacturer = manufacturer_of(value) or self.manufacturer

    def _take_counters(
        self, readings: Mapping[Quantity, list[tuple[str, float]]], now: float, taken: MeterUpdate
    ) -> bool:
        """Judge the counters; return whether one reads zero that cannot be zero."""
        zero = False
        rises: dict[Quantity, float] = {}
        for quantity in readings.keys() & COUNTERS:
            counter = self.counter_key(quantity)
            before = self._counters.last(counter)
            key, reading = _nearest(readings[quantity], before)
            if reading == 0 and before is None and not self._has_counted():
                # Everything is zero while the head has not read its meter yet.
                self._counters.reject(counter, Verdict.ZERO)
                zero = True
                continue
            verdict = self._counters.judge(counter, reading, now)
            accepted = self._counters.last(counter)
            zero |= verdict is Verdict.ZERO and bool(before)
            taken.unconfirmed |= verdict is Verdict.QUARANTINED
            if accepted is None or verdict not in _HEARD:
                continue
            self.keys[quantity] = key
            self._tick(quantity, now, taken)
            if verdict in ACCEPTING and before is not None:
                rises[quantity] = accepted - before
            if verdict in ACCEPTING and verdict is not Verdict.ACCEPTED:
                self._throttles.pop(quantity, None)
                taken.replacements.append(
                    Replacement(
                        quantity=quantity, verdict=verdict, before=before or 0.0, now=accepted
                    )
                )
            if verdict in ACCEPTING:
                if self.values.get(quantity) != accepted:
                    self._show(quantity, accepted, now, taken)
            elif quantity not in self.values:
                # Remembered of an earlier run; the next believed reading need not wait for it.
                self.values[quantity] = accepted
                taken.changed = True
        drawn = rises.get(Quantity.ENERGY_IMPORT, 0.0)
        fed_in = rises.get(Quantity.ENERGY_EXPORT, 0.0)
        if drawn != fed_in:
            self._exporting = fed_in > drawn
        return zero

    def _has_counted(self) -> bool:
        return any(self._counters.last(self.counter_key(quantity)) for quantity in COUNTERS)

    def _take_measurements(
        self,
        block: Block,
        readings: Mapping[Quantity, list[tuple[str, float]]],
        now: float,
        taken: MeterUpdate,
    ) -> None:
        for quantity in readings.keys() - COUNTERS:
            holder = self.keys.get(quantity)
            candidates = dict(readings[quantity])
            if holder in candidates:
                key = holder
            elif holder is None or block.is_whole or not self.is_fresh(quantity, now):
                # In a whole message its old key would be there: the script was changed.
                key = next(iter(candidates))
            else:
                # Another key for the same register: the one that was there first goes on.
                continue
            reading = candidates[key]
            if not math.isfinite(reading):
                self._counters.reject(self.counter_key(quantity), Verdict.NOT_FINITE)
                continue
            if quantity is Quantity.POWER and self.absolute_power and self._exporting:
                reading = 0.0 - abs(reading)
            self.keys[quantity] = key
            self._show_measurement(quantity, reading, now, taken)
        named = Quantity.POWER in readings or (
            Quantity.POWER in self.keys and self.is_fresh(Quantity.POWER, now)
        )
        if not named and not readings.keys().isdisjoint(_DIRECTIONS):
            self.keys.pop(Quantity.POWER, None)
            drawn, fed_in = (self._received.get(quantity) for quantity in _DIRECTIONS)
            if drawn is not None and fed_in is not None:
                self._show_measurement(Quantity.POWER, drawn - fed_in, now, taken)

    def _show_measurement(
        self, quantity: Quantity, reading: float, now: float, taken: MeterUpdate
    ) -> None:
        self._received[quantity] = reading
        self._tick(quantity, now, taken)
        self._show(quantity, reading, now, taken)

    def _tick(self, quantity: Quantity, now: float, taken: MeterUpdate) -> None:
        """Note that a register was heard of."""
        clock = self._clocks.get(quantity)
        if clock is None:
            self._clocks[quantity] = _Clock(now)
            taken.became_available = True
        else:
            silence = max(now - clock.heard, 0.0)
            taken.became_available |= silence >= STALE_AFTER
            clock.interval = min(silence, LONGEST_INTERVAL)
            clock.heard = now

    def _show(self, quantity: Quantity, reading: float, now: float, taken: MeterUpdate) -> None:
        """Hand a reading to the entities when it is due."""
        throttle = self._throttles.get(quantity)
        if throttle is None:
            info = QUANTITIES[quantity]
            interval = self._interval if quantity in _POWERS else SLOW_INTERVAL
            throttle = Throttle(interval, mean=info.kind is QuantityKind.MEASUREMENT)
            self._throttles[quantity] = throttle
        value = throttle.add(reading, now)
        if value is None:
            return
        if value != reading:
            value = round(value, _DIGITS.get(QUANTITIES[quantity].unit, 3))
        if self.values.get(quantity) != value:
            self.values[quantity] = value
            taken.changed = True

    def _look(self, block: Block, now: float) -> None:
        """Watch, every few seconds, how the registers behave."""
        # An immediate message holds one key; each is looked at by its own clock.
        key = "" if block.is_whole else next(iter(block.fields), "")
        if 0 <= now - self._looked.get(key, -math.inf) < WATCH_INTERVAL:
            return
        if len(self._looked) < MAX_UNKNOWN or key in self._looked:
            self._looked[key] = now
        self._watch.observe(
            now,
            counters={
                quantity: accepted
                for quantity in self._clocks
                if quantity in COUNTERS
                and (accepted := self._counters.last(self.counter_key(quantity))) is not None
            },
            power=self._present_power(),
            has_id=self._has_number,
            beside=hash(tuple(self._received.values())),
        )
        if not self._behaviour.settled:
            self._behaviour.observe(datetime.fromtimestamp(now, UTC), block.numbers())
            self.inferred |= self._behaviour.inferred
            self.absolute_power |= self._behaviour.absolute_power

    def _present_power(self) -> float | None:
        """Return the power in W, signed as far as the meter tells, None if it tells none."""
        power = self._received.get(Quantity.POWER)
        if power is None and Quantity.ENERGY_EXPORT in self.values:
            power = self._received.get(Quantity.POWER_ABSOLUTE)
        return self._received.get(Quantity.POWER_IMPORT) if power is None else power

    # Memory

    @property
    def notes(self) -> dict[str, Any]:
        """What a restart must not forget of the keys, as JSON has it."""
        return {
            "findings": {key: [item.quantity, item.factor] for key, item in self.inferred.items()},
            "absolute_power": self.absolute_power,
            "keys": {quantity.value: key for quantity, key in self.keys.items()},
        }

    def recall(self, notes: object) -> None:
        """Take over what `notes` has kept, as far as it makes sense."""
        kept = notes if isinstance(notes, dict) else {}
        self.absolute_power = kept.get("absolute_power") is True
        inferred, keys = kept.get("findings"), kept.get("keys")
        for key, finding in inferred.items() if isinstance(inferred, dict) else ():
            match finding:
                case [str() as quantity, int() | float() as factor] if (
                    quantity in Quantity and 0 < factor < math.inf
                ):
                    self.inferred[key] = KeyMapping(Quantity(quantity), factor)
        for quantity, key in keys.items() if isinstance(keys, dict) else ():
            if quantity in Quantity and isinstance(key, str):
                self.keys[Quantity(quantity)] = key


def _drop_copies(readings: dict[Quantity, list[tuple[str, float]]]) -> None:
    """Drop a "power" that shows what a counter shows: some scripts publish it under that name."""
    if Quantity.POWER not in readings:
        return
    counters = {
        reading for quantity in readings.keys() & COUNTERS for _, reading in readings[quantity]
    }
    genuine = [item for item in readings[Quantity.POWER] if not item[1] or item[1] not in counters]
    if genuine:
        readings[Quantity.POWER] = genuine
    else:
        del readings[Quantity.POWER]


def _nearest(candidates: list[tuple[str, float]], accepted: float | None) -> tuple[str, float]:
    """Return the key and reading of a counter that is published under several keys.

    Scripts for the eBZ DD3 publish it with two scales, one of them nonsense: which one depends on
    the PIN. The right one goes on from what was believed; at first it is the greater one that a
    meter's display can show.
    """
    if len(candidates) == 1:
        return candidates[0]
    finite = [item for item in candidates if math.isfinite(item[1])] or candidates
    if accepted is None:
        return max(finite, key=lambda item: item[1] if item[1] < _DISPLAY else -1)
    return min(finite, key=lambda item: abs(item[1] - accepted))


def _all_zero(readings: Mapping[Quantity, list[tuple[str, float]]]) -> bool:
    return not any(reading for items in readings.values() for _, reading in items)
