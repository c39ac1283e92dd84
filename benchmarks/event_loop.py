"""How long py_hab holds Home Assistant's event loop, and what it writes when nothing changes."""

from datetime import timedelta
from statistics import median
from time import perf_counter
from unittest.mock import patch

from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from benchmarks.many_devices import device_list
from benchmarks.table import print_table
from custom_components.py_hab import fritzbox_api
from custom_components.py_hab.coordinator import FritzBoxCoordinator
from custom_components.py_hab.fritzbox.devices import DeviceList, parse_device_list
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.db_schema import States
from homeassistant.components.recorder.util import session_scope
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from simulator.fritzbox import Fault, SimulatedFritzBox
from tests.support.passing_time import Time

DEVICES = 100
POLLS = 60


async def test_hour_of_unchanged_values(
    time: Time,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    """Let a box with many devices say the same for an hour, then something new each minute."""
    answers = [device_list(DEVICES).decode()]
    answers.append(answers[0].replace("<power>", "<power>1"))
    shown = [answers[0]]
    box.fault(Fault(edit=lambda _: shown[0]), switchcmd="getdevicelistinfos")
    parsing: list[float] = []
    updating: list[float] = []
    parse = parse_device_list
    update = FritzBoxCoordinator.async_update_listeners

    def timed_parse(text: str) -> DeviceList:
        start = perf_counter()
        devices = parse(text)
        parsing.append((perf_counter() - start) * 1000)
        return devices

    def timed_update(self: FritzBoxCoordinator) -> None:
        start = perf_counter()
        update(self)
        updating.append((perf_counter() - start) * 1000)

    def rows() -> int:
        with session_scope(hass=hass, read_only=True) as session:
            return session.query(States).count()

    written: list[str] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        written.append(event.data["entity_id"])

    async def measured(name: str, *, changing: bool) -> list[str]:
        await async_wait_recording_done(hass)
        before = await get_instance(hass).async_add_executor_job(rows)
        parsing.clear()
        updating.clear()
        written.clear()
        for number in range(POLLS):
            shown[0] = answers[number % 2 if changing else 0]
            await time.passes(hass, timedelta(minutes=1))
        await async_wait_recording_done(hass)
        after = await get_instance(hass).async_add_executor_job(rows)
        polls = len(parsing)
        return [
            name,
            f"{median(parsing):.2f}",
            f"{sum(updating) / polls:.2f}",
            f"{median(parsing) + sum(updating) / polls:.2f}",
            str(len(written)),
            str(after - before),
        ]

    with (
        patch.object(fritzbox_api, "parse_device_list", timed_parse),
        patch.object(FritzBoxCoordinator, "async_update_listeners", timed_update),
    ):
        assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
        await hass.async_block_till_done()
        hass.bus.async_listen(EVENT_STATE_CHANGED, note)
        print_table(
            f"Event loop and recorder: {DEVICES} devices and {len(hass.states.async_all())}"
            f" entities, {POLLS} polls in an hour",
            "the box's values, parse ms, update ms, together ms a poll, state changes,"
            " recorder rows",
            [
                await measured("unchanged", changing=False),
                await measured("all powers new in each poll", changing=True),
            ],
        )
