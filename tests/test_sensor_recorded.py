"""What the recorder makes of our entities: rows of statistics, and sums that are the home's."""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components.py_hab.const import CONF_HISTORY, DOMAIN
from homeassistant.components import mqtt
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import (
    get_metadata,
    statistics_during_period,
)
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from simulator.faults import Fault
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import BATH, IMPORT, REFRIGERATOR, WORKSHOP
from simulator.home import ManualClock
from simulator.reader import SimulatedReader

from .conftest import START, settled
from .support.passing_time import Time
from .support.watching import meter_values, set_up, state_of, warnings

SHORT_TERM = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)
WATT_HOUR = 0.001

pytestmark = pytest.mark.parametrize("enable_statistics", [True])


@pytest.fixture
def ains() -> Collection[str]:
    """Two plugs, a thermostat and a meter unit."""
    return {REFRIGERATOR, WORKSHOP, BATH, IMPORT}


@pytest.fixture
def fritzbox_entry(hass: HomeAssistant, fritzbox_entry: MockConfigEntry) -> MockConfigEntry:
    """An entry whose history is left alone: here it is about what Home Assistant books."""
    hass.config_entries.async_update_entry(fritzbox_entry, options={CONF_HISTORY: False})
    return fritzbox_entry


async def prepare(hass: HomeAssistant) -> None:
    """Let the recorder know what a sensor is."""
    assert await async_setup_component(hass, "sensor", {})
    await async_wait_recording_done(hass)


async def compile_statistics(hass: HomeAssistant) -> None:
    """Compile the running five minutes, as if nothing more happened in them."""
    now = dt_util.utcnow()
    await async_wait_recording_done(hass)
    do_adhoc_statistics(
        hass, start=now.replace(minute=now.minute - now.minute % 5, second=0, microsecond=0)
    )
    await async_wait_recording_done(hass)


async def live(
    time: Time,
    hass: HomeAssistant,
    duration: timedelta,
    reader: SimulatedReader | None = None,
    *,
    step: timedelta = MINUTE,
) -> None:
    """Let time pass for home, Home Assistant and recorder; a reader publishes meanwhile."""
    received: list[mqtt.ReceiveMessage] = []

    @callback  # or each message would be appended by a thread of its own, in any order
    def receive(message: mqtt.ReceiveMessage) -> None:
        received.append(message)

    end: Callable[[], None] | None = None
    if reader is not None:
        end = await mqtt.async_subscribe(hass, reader.tele_topic("SENSOR"), receive)
    await compile_statistics(hass)
    for _ in range(duration // SHORT_TERM):
        # A counter is written once a minute.
        for _ in range(SHORT_TERM // step):
            await time.passes(hass, step, step=step)
            if reader is not None:
                reader.publish_sensor()
                stamp = f'"Time":"{reader.time}"'
                await settled(
                    hass,
                    lambda stamp=stamp: received and stamp in str(received[-1].payload),
                    "a message",
                )
        await compile_statistics(hass)
    if end is not None:
        end()


def entity(hass: HomeAssistant, unique_id: str) -> str:
    """Return the entity, which is the id of its statistics too."""
    entity_id = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, unique_id)
    assert entity_id is not None
    return entity_id


async def rows(hass: HomeAssistant, unique_id: str, period: Any = "hour") -> list[dict[str, Any]]:
    """Return the statistics of an entity."""
    entity_id = entity(hass, unique_id)
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period,
        hass,
        START - timedelta(days=1),
        None,
        {entity_id},
        period,
        None,
        {"state", "sum", "mean", "min", "max"},
    )
    return [dict(row) for row in found.get(entity_id, [])]


async def total(hass: HomeAssistant, unique_id: str) -> float:
    """Return what the Energy dashboard has booked."""
    return float((await rows(hass, unique_id, "5minute"))[-1]["sum"])


async def metadata(hass: HomeAssistant, unique_id: str) -> dict[str, Any]:
    """Return what the recorder knows of the statistics of an entity."""
    entity_id = entity(hass, unique_id)
    found = await get_instance(hass).async_add_executor_job(
        lambda: get_metadata(hass, statistic_ids={entity_id})
    )
    return dict(found[entity_id][1])


async def test_box_sums_are_the_homes_truth(
    time: Time,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await prepare(hass)
    await set_up(hass, fritzbox_entry)
    begin = {ain: box.counter(ain) for ain in (REFRIGERATOR, IMPORT)}
    await live(time, hass, timedelta(hours=4), step=SHORT_TERM)
    for unique_id, unit, unit_class, is_counter in (
        (f"{REFRIGERATOR}_energy", "kWh", "energy", True),
        (f"{REFRIGERATOR}_power", "W", "power", False),
        (f"{BATH}_temperature", "°C", "temperature", False),
        (f"{IMPORT}_energy_import", "kWh", "energy", True),
    ):
        known = await metadata(hass, unique_id)
        assert known["unit_of_measurement"] == unit
        assert known["unit_class"] == unit_class
        assert known["has_sum"] is is_counter
        assert known["mean_type"] is (
            StatisticMeanType.NONE if is_counter else StatisticMeanType.ARITHMETIC
        )
        hours = await rows(hass, unique_id)
        assert len(hours) == 4
        if is_counter:
            assert [row["sum"] for row in hours] == sorted(row["sum"] for row in hours)
            truth = (box.counter(ain := unique_id.split("_")[0]) - begin[ain]) / 1000
            assert truth > 0.1
            assert await total(hass, unique_id) == pytest.approx(truth, abs=WATT_HOUR / 2)
        else:
            assert all(row["min"] <= row["mean"] <= row["max"] for row in hours)
    assert warnings(caplog) == []


async def test_meter_sums_are_the_homes_truth(
    time: Time,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
    clock: ManualClock,
) -> None:
    await prepare(hass)
    await set_up(hass, meter_entry)
    unique_id = f"{meter_entry.unique_id}_energy_import"
    begin = reader.meter.imported(clock.now())
    truth = 0.0
    for fault in (None, Fault.JITTER, Fault.DUPLICATE_KEYS):
        if fault:
            reader.fault(fault)
        await live(time, hass, timedelta(hours=1), reader)
        truth = reader.meter.imported(clock.now()) - begin
        assert await total(hass, unique_id) == pytest.approx(truth, abs=2 * WATT_HOUR), fault
        reader.heal()
    assert truth > 1
    known = await metadata(hass, unique_id)
    assert known["unit_of_measurement"] == "kWh"
    assert known["unit_class"] == "energy"
    assert known["has_sum"] is True
    power = await metadata(hass, f"{meter_entry.unique_id}_power")
    assert power["unit_of_measurement"] == "W"
    assert power["unit_class"] == "power"
    assert power["mean_type"] is StatisticMeanType.ARITHMETIC
    assert len(await rows(hass, unique_id)) == 3


async def test_counter_that_drops_for_a_message_adds_nothing(
    time: Time,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
    clock: ManualClock,
) -> None:
    await prepare(hass)
    await set_up(hass, meter_entry)
    begin = reader.meter.imported(clock.now())
    for fault in (Fault.SINGLE_ZERO, Fault.ZERO_AFTER_BOOT, Fault.MISSING_AFTER_BOOT, Fault.NULL):
        await live(time, hass, timedelta(minutes=5), reader)
        await reader.reboot(fault, messages=2)
        await settled(hass, lambda: meter_values(meter_entry) != {}, "values")
        await live(time, hass, timedelta(minutes=15), reader)
        truth = reader.meter.imported(clock.now()) - begin
        assert await total(hass, f"{meter_entry.unique_id}_energy_import") == pytest.approx(
            truth, abs=2 * WATT_HOUR
        ), fault


async def test_counters_of_a_box_that_say_zero_or_count_anew_add_what_was_drawn(
    time: Time,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    """A plug says zero to everything, another one to its counter; a third was cleared."""
    await prepare(hass)
    await set_up(hass, fritzbox_entry)
    begin = {ain: box.counter(ain) for ain in (REFRIGERATOR, WORKSHOP, IMPORT)}
    await live(time, hass, timedelta(minutes=30))
    before = (box.counter(IMPORT) - begin[IMPORT]) / 1000
    box.zero(REFRIGERATOR)
    box.override(WORKSHOP, energy=0)
    box.reset_statistics(IMPORT)
    await time.passes(hass, timedelta(minutes=1))
    assert state_of(hass, f"{REFRIGERATOR}_energy") == STATE_UNKNOWN
    await live(time, hass, timedelta(minutes=10))
    box.restore(REFRIGERATOR)
    box.restore(WORKSHOP)
    await live(time, hass, timedelta(minutes=40))
    for ain in (REFRIGERATOR, WORKSHOP):
        truth = (box.counter(ain) - begin[ain]) / 1000
        assert await total(hass, f"{ain}_energy") == pytest.approx(truth, abs=WATT_HOUR / 2)
    anew = box.counter(IMPORT) / 1000
    assert anew > 0
    assert state_of(hass, f"{IMPORT}_energy_import") == str(anew)
    assert await total(hass, f"{IMPORT}_energy_import") == pytest.approx(
        before + anew, abs=WATT_HOUR / 2
    )
    assert state_of(hass, f"{WORKSHOP}_energy") == str(box.counter(WORKSHOP) / 1000)
