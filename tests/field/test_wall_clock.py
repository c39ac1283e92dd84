"""A clock of Home Assistant that is wrong for a moment."""

from datetime import timedelta

import pytest

from custom_components.py_hab.counters.gap import Gap
from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.history.planning.outage import plan_outage_repair
from custom_components.py_hab.history.planning.rows import HOUR, Row
from homeassistant.core import HomeAssistant
from tests.support.mocked_reader import MockedReader
from tests.support.passing_time import Time

T0 = 1_774_000_800


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=8760)])
async def test_a_clock_that_was_ahead_leaves_no_gap(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, ahead: timedelta
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=20), E_in=0.005)
    counters = entry.runtime_data.counters
    assert counters.gaps == []
    time.set_clock(ahead)
    await mocked_reader.reads(E_in=round(mocked_reader.blocks["MT681"]["E_in"] + 0.001, 4))
    await mocked_reader.lives(timedelta(minutes=2), E_in=0.005)
    assert "energy_import" in {gap.key for gap in counters.gaps}
    time.set_clock(-ahead)
    await mocked_reader.lives(timedelta(minutes=5), E_in=0.005)
    assert counters.gaps == []


def test_hours_in_which_the_counter_rose_are_measured() -> None:
    """The clock was behind, or was set back after the gap had been stored."""
    gap = Gap(
        key="x", start=T0, before=100.0, end=T0 + 24 * HOUR, after=100.1, verdict=Verdict.ACCEPTED
    )
    measured = [
        Row(T0 + hour * HOUR, HOUR, 100.0 + hour * 0.2, 5.0 + hour * 0.2) for hour in range(-2, 27)
    ]
    plan = plan_outage_repair(
        gap,
        short_term_rows=[],
        hourly_rows=measured,
        own_hours=set(),
        known_readings={},
        load_profile={},
    )
    assert plan is not None
    assert (plan.rows, plan.adjustment) == ([], 0.0)
