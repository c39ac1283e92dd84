"""How the counters and the powers of a meter go together."""

from collections.abc import Iterator
from datetime import timedelta

from .key_record import (
    EVIDENCE_COUNTERS,
    HOUR,
    MAX_DRAWN,
    MAX_KW,
    UNITS_OF_LARGE_POWER,
    UNITS_OF_SMALL_POWER,
    Fit,
    Record,
    Units,
)
from .registers import Quantity


class KeyEvidence:
    """What the record of a meter shows of its keys, in the units that are proven so far."""

    def __init__(self, record: Record) -> None:
        """Begin with units as the names say."""
        self.keys = record.keys
        self.blocks = record.blocks
        self.power_factors: dict[str, float] = {}
        """Of powers, as a counter has proven them."""
        self.counter_factors: dict[str, float] = {}
        """Of counters, as a power has proven them."""

    @property
    def factors(self) -> dict[str, float]:
        """Of powers and counters whose units are proven."""
        return self.power_factors | self.counter_factors

    def counter_factor(self, counter: str) -> float:
        """Return the factor of a certain counter, as far as is known."""
        named = self.keys[counter].mapping
        return self.counter_factors.get(counter, named.factor if named else 1.0)

    def holder(self, quantity: Quantity) -> str | None:
        """Return the key that certainly has a quantity, the liveliest if there are several.

        A power that only rises is none.
        """
        keys = [
            key
            for key, stats in self.keys.items()
            if stats.is_named(quantity)
            and self.is_certain(key)
            and (quantity in EVIDENCE_COUNTERS or not stats.only_rises)
        ]
        return max(keys, key=lambda key: self.keys[key].rises, default=None)

    def is_certain(self, key: str) -> bool:
        """Whether somebody vouches for what a key is: the user, its name or, of a power, a counter."""
        mapping = self.keys[key].mapping
        return mapping is not None and (not mapping.doubtful or key in self.power_factors)

    def fits(
        self,
        counter: str,
        power: str,
        *,
        is_negative: bool = False,
        still: str | None = None,
        modulus: float = 0.0,
    ) -> Iterator[Fit]:
        """Yield how a counter goes with a power, or its negative half, in all possible units.

        With `still`, only while that other counter stands still. With `modulus`, by how much the
        power falls short of that.
        """
        named = self.keys[counter].mapping
        is_known = named is not None and not named.doubtful
        counter_factor = self.counter_factor(counter) if is_known else None
        is_small = self.keys[power].peak <= MAX_KW
        possible: tuple[Units, ...] = UNITS_OF_SMALL_POWER if is_small else UNITS_OF_LARGE_POWER
        proven = self.power_factors.get(power)
        if proven is not None and counter_factor is not None:
            possible = (Units(proven, counter_factor),)
        for units in possible:
            is_possible = counter_factor in {None, units.counter}
            if is_possible and proven in {None, units.power}:
                yield self.fit(
                    counter, power, units, is_negative=is_negative, still=still, modulus=modulus
                )

    def fit(
        self,
        counter: str,
        power: str,
        units: Units,
        *,
        is_negative: bool = False,
        still: str | None = None,
        modulus: float = 0.0,
    ) -> Fit:
        """Return how a counter goes with a power in certain units; for the options, see `fits`."""
        duration, counted, integrated, max_residual = timedelta(), 0.0, 0.0, 0.0
        curve: list[tuple[timedelta, float]] = []
        keys = {counter, power, still or power}
        for block in self.blocks:
            if not block.changes.keys() >= keys:
                continue
            count, flow = block.changes[counter], block.changes[power]
            if still and block.changes[still].risen > MAX_DRAWN * count.risen:
                continue
            duration += block.duration
            counted += count.risen * units.counter
            published = flow.negative if is_negative else flow.positive
            if modulus:
                published = max(modulus * (block.duration / HOUR) - published, 0.0)
            integrated += published * units.power / 1000
            max_residual = max(max_residual, abs(counted - integrated))
            curve.append((duration, counted))
        straight = (abs(height - counted * (time / duration)) for time, height in curve)
        return Fit(
            units=units,
            duration=duration,
            counted=counted,
            integrated=integrated,
            resolution=self.keys[counter].resolution * units.counter,
            max_residual=max_residual,
            nonlinearity=max(straight, default=0.0),
        )
