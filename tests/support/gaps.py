"""A gap of a counter, for tests of what follows from it."""

from dataclasses import replace
from typing import Any, Final

from custom_components.py_hab.counters.gap import Gap
from custom_components.py_hab.counters.verdict import Verdict

HOUR: Final = 3600.0
LAST: Final = 1_774_029_600.0
"""A full hour."""


def outage(**changes: Any) -> Gap:
    """Return a gap of three hours in which 1.5 kWh were counted."""
    usual = Gap(
        key="meter",
        start=LAST - 60,
        before=100.0,
        end=LAST + 3 * HOUR,
        after=101.5,
        verdict=Verdict.ACCEPTED,
        readings={int(LAST + 3 * HOUR - 10): 101.5},
    )
    return replace(usual, **changes)
