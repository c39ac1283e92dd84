"""Interprets 0 V and 0 W of a FRITZ!Smart Energy 250, which alone have two meanings.

The device reports no voltage, and 0 W both while exactly that is drawn and while the meter reports no
power. A meter without its PIN also counts in whole kWh.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ..util.records import decode_values
from .devices import MeterKind, PowerMeter

LASTING: Final = timedelta(hours=1)
"""After this time without any power, a meter that has shown one no longer reports it."""


@dataclass(slots=True)
class _Past:
    """What a meter has shown before."""

    has_resolution: bool
    """Whether it has reported a power, or a fraction of a kWh."""
    zero_since: datetime | None = None
    """When it began to report 0 V and 0 W; None while it reports a power."""


class SmartMeters:
    """The smart meters of one box, by AIN."""

    def __init__(self) -> None:
        """Start without meters."""
        self._past: dict[str, _Past] = {}

    def restore(self, stored: object) -> None:
        """Restore what the meters had shown in earlier runs; invalid entries are dropped."""
        for ain, has_resolution in decode_values(bool, stored).items():
            self._past[ain] = _Past(has_resolution=has_resolution)

    def as_stored(self) -> dict[str, bool]:
        """Return whether each meter has shown a power or a fraction of a kWh, in JSON form."""
        return {ain: past.has_resolution for ain, past in self._past.items()}

    def note(self, ain: str, meter: PowerMeter) -> None:
        """Record that a meter has reported a power."""
        if meter.kind is not MeterKind.CONSUMPTION and meter.power is not None:
            self._past[ain] = _Past(has_resolution=True)

    def with_zero(
        self, ain: str, meter: PowerMeter, last: float | None, now: datetime
    ) -> PowerMeter:
        """Return a meter that reports 0 V and 0 W with the power that this means.

        `last` is the last accepted reading in kWh, also of an earlier run.
        """
        if meter.kind is MeterKind.CONSUMPTION:
            return meter
        past = self._past.setdefault(ain, _Past(has_resolution=_has_fraction(last)))
        past.zero_since = past.zero_since or now
        past.has_resolution |= _has_fraction(meter.energy)
        if meter.reduced_resolution and now - past.zero_since >= LASTING:
            past.has_resolution = False
        if not past.has_resolution:
            return meter
        return replace(meter, power=0.0, reduced_resolution=False)


def _has_fraction(energy: float | None) -> bool:
    return energy is not None and energy % 1 != 0
