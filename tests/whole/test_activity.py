"""What our entities add to the activity of a home in which nothing happens."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.components.logbook.helpers import async_determine_event_types
from homeassistant.components.logbook.processor import EventProcessor
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from simulator.fritzbox import SimulatedFritzBox
from tests.support.living import recorded
from tests.support.mocked_reader import MockedReader
from tests.support.passing_time import Time
from tests.support.watching import set_up, states

A_WHILE: Final = timedelta(minutes=15)
MOST: Final = 3
"""Entries of an entity in a while: a window is opened and closed, a key is pressed."""


async def activity(hass: HomeAssistant, since: datetime) -> Counter[str]:
    """Return how many entries each of our entities has on the page *Activity*."""
    await recorded(hass)
    events = EventProcessor(hass, tuple(async_determine_event_types(hass, None, None)))
    found = await get_instance(hass).async_add_executor_job(
        events.get_events, since, dt_util.utcnow()
    )
    ours = states(hass)
    return Counter(entry["entity_id"] for entry in found if entry.get("entity_id") in ours)


async def test_a_box_adds_nothing_by_the_minute(
    time: Time,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    assert await async_setup_component(hass, "logbook", {})
    await set_up(hass, fritzbox_entry)
    since = dt_util.utcnow()
    await time.passes(hass, A_WHILE)
    found = await activity(hass, since)
    assert all(count <= MOST for count in found.values()), found


async def test_a_reader_adds_nothing_by_the_minute(
    time: Time, recorder_mock: Recorder, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    assert await async_setup_component(hass, "logbook", {})
    await mocked_reader.set_up(mocked_reader.entry())
    since = dt_util.utcnow()
    await mocked_reader.lives(A_WHILE, E_in=0.005)
    found = await activity(hass, since)
    assert all(count <= MOST for count in found.values()), found
