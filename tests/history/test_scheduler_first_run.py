"""Seconds after a box is set up, its past is there, whatever the minute of the hour."""

from datetime import timedelta
import itertools
from typing import Any, Final

import pytest

from custom_components.py_hab.history.planning.rows import HOUR
from homeassistant.components.energy.data import async_get_manager
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.support.box_house import METER, House
from tests.support.living import recorded, rows

PLUG: Final = "sensor.kuhlschrank_energy"


async def to_minute(house: House, minute: int) -> None:
    """Let time pass until a minute of the hour, and a little."""
    now = dt_util.utcnow()
    left = (minute * 60 - now.timestamp()) % HOUR + 7
    await house.lives(timedelta(seconds=left))


@pytest.mark.parametrize("minute", [0, 1, 4, 30, 57, 59])
async def test_the_past_is_there_at_once_and_live_hours_continue_it(
    house: House, minute: int
) -> None:
    await to_minute(house, minute)
    set_up_at = dt_util.utcnow()
    await house.start_new()
    await house.hass.async_block_till_done(wait_background_tasks=True)
    await recorded(house.hass)
    found = await rows(house.hass, METER)
    assert len(found) > 40
    # All but the running hour and the one before it.
    assert found[-1]["end"] >= set_up_at.timestamp() // HOUR * HOUR - HOUR
    assert house.last_run() is not None

    await house.lives(timedelta(hours=1, minutes=20))
    found = await rows(house.hass, METER)
    assert found[-1]["end"] > set_up_at.timestamp()
    for before, after in itertools.pairwise(found):
        assert before["end"] == after["start"]
        rise = after["state"] - before["state"]
        assert rise >= 0
        assert after["sum"] - before["sum"] == pytest.approx(rise, abs=0.0011)
    truth = house.counted() - found[-1]["state"]
    # What was counted since the last full hour.
    assert 0 <= truth < 3


async def test_counters_come_first_and_those_on_the_energy_dashboard_before_all(
    house: House, hass: HomeAssistant
) -> None:
    assert await async_setup_component(hass, "energy", {})
    await house.start()
    for first, second in ((PLUG, METER), (METER, PLUG)):
        manager = await async_get_manager(hass)
        shown: Any = {"device_consumption": [{"stat_consumption": first}]}
        await manager.async_update(shown)
        written = [report.entity_id for report in await house.scheduler.async_run()]
        assert written[0] == first
        assert set(written[:3]) >= {first, second}
        assert next(each for each in written if "temperature" in each) == written[-1]


async def test_nothing_begins_at_once_where_the_history_is_switched_off(house: House) -> None:
    await house.start_new(history=False)
    await house.hass.async_block_till_done(wait_background_tasks=True)
    assert house.asked == []


async def test_after_a_restart_the_next_check_is_waited_for(house: House) -> None:
    await house.start()
    await house.hass.async_block_till_done(wait_background_tasks=True)
    assert house.asked == []
