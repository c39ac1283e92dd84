"""The link to a reader: its topics, last will, restarts and information."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.components import mqtt
from homeassistant.core import HomeAssistant
from simulator.faults import Fault
from simulator.reader import SimulatedReader
from tests.conftest import settled
from tests.support.mocked_reader import (
    MINUTE,
    MockedReader,
)
from tests.support.passing_time import Time
from tests.support.watching import (
    all_unavailable,
    measured_states,
    meter_values,
    quiet,
    received,
    set_up,
    warnings,
)


async def test_retained_readings_are_old_and_ignored(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
) -> None:
    await mqtt.async_publish(
        hass, reader.tele_topic("SENSOR"), '{"MT681":{"E_in":9.5,"Power":77}}', 0, True
    )
    await set_up(hass, meter_entry)
    assert meter_values(meter_entry)["power"] == round(reader.home.grid_power(reader.clock.now()))
    assert meter_values(meter_entry)["energy_import"] > 15000
    assert meter_entry.runtime_data.counters.rejected.keys() <= {
        ("energy_import", "quarantined"),
        ("energy_export", "quarantined"),
    }


async def test_values_prove_that_the_reader_is_there(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
) -> None:
    """The broker may report the end of an old connection after the start of the new one."""
    await set_up(hass, meter_entry)
    await mqtt.async_publish(hass, reader.tele_topic("LWT"), "Offline", 0, True)
    await settled(hass, lambda: all_unavailable(hass), "the false news")
    reader.publish_sensor()
    await settled(hass, lambda: not all_unavailable(hass), "values")
    await quiet(hass)


async def test_topic_without_tele_is_listened_to_and_not_asked(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    meter_entry: MockConfigEntry,
) -> None:
    hass.config_entries.async_update_entry(
        meter_entry, data={**meter_entry.data, "topic": "cellar/meter/SENSOR"}, unique_id=None
    )
    assert await hass.config_entries.async_setup(meter_entry.entry_id)
    await hass.async_block_till_done()
    assert measured_states(hass) == {}
    await quiet(hass)
    await time.passes(hass, MINUTE)
    # A counter that begins with nonsense is not shown at all.
    await mqtt.async_publish(
        hass, "cellar/meter/SENSOR", '{"x":{"1_8_0":-7.5,"Power":3}}', 0, False
    )
    await received(hass, meter_entry, power=3)
    assert meter_values(meter_entry) == {"power": 3}
    for _ in range(2):
        await mqtt.async_publish(hass, "cellar/meter/SENSOR", '{"x":{"1_8_0":7.5}}', 0, False)
    await received(hass, meter_entry, energy_import=7.5)
    await quiet(hass)


async def test_zeros_after_a_restart_of_the_reader_are_not_accepted(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
) -> None:
    await set_up(hass, meter_entry)
    await time.passes(hass, timedelta(minutes=2))
    before = meter_values(meter_entry)
    await reader.reboot(Fault.ZERO_AFTER_BOOT, messages=2)
    reader.publish_sensor()
    await settled(hass, lambda: not all_unavailable(hass), "the reader's return")
    await quiet(hass)
    assert meter_values(meter_entry).items() >= before.items() - {("power", before["power"])}
    counters = meter_entry.runtime_data.counters
    for _ in range(2):
        true = round(reader.meter.imported(reader.clock.now()), 3)
        reader.publish_sensor()
        await settled(
            hass, lambda true=true: counters.last("energy_import") == true, "the true reading"
        )
        await time.passes(hass, MINUTE)
    reader.publish_sensor()
    await received(
        hass,
        meter_entry,
        energy_import=round(reader.meter.imported(reader.clock.now()), 3),
        energy_export=round(reader.meter.exported(reader.clock.now()), 3),
    )
    await quiet(hass)


@pytest.mark.parametrize("word", ["Offline", "Gone"])
async def test_last_word_of_the_reader_makes_all_unavailable(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, word: str
) -> None:
    await mocked_reader.set_up(mocked_reader.entry())
    await mocked_reader.announces(ofln=word)
    for other in ("Online", "Offline" if word == "Gone" else "Gone"):
        await mocked_reader.says("LWT", other)
        assert not all_unavailable(hass)
    await mocked_reader.says("LWT", word)
    assert all_unavailable(hass)
    await mocked_reader.says("LWT", "Back")
    assert not all_unavailable(hass)


async def offline_and_back(mocked_reader: MockedReader) -> None:
    await mocked_reader.says("LWT", "Offline")
    await mocked_reader.says("LWT", "Online")


async def uptime_falls(mocked_reader: MockedReader) -> None:
    for uptime in (86_400, 86_700, 12):
        await mocked_reader.says("STATE", {"UptimeSec": uptime})


@pytest.mark.parametrize("restart", [offline_and_back, uptime_falls])
async def test_reader_that_has_restarted_must_confirm_its_counters(
    time: Time,
    hass: HomeAssistant,
    mocked_reader: MockedReader,
    restart: Callable[[MockedReader], Awaitable[None]],
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(3 * MINUTE, E_in=0.01)
    await restart(mocked_reader)
    await time.passes(hass, MINUTE)
    # Within what the fuses allow, but read wrong; the next reading does not go on from it.
    before = meter_values(entry)["energy_import"]
    mocked_reader.answers = False
    await mocked_reader.reads(E_in=15119.6)
    await mocked_reader.reads(E_in=15119.08)
    await time.passes(hass, MINUTE)
    assert meter_values(entry)["energy_import"] == before
    await mocked_reader.lives(2 * MINUTE, E_in=0.01)
    assert meter_values(entry)["energy_import"] == mocked_reader.blocks["MT681"]["E_in"]


async def test_uptime_that_grows_is_no_restart(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(2 * MINUTE, E_in=0.01)
    for uptime in ('{"UptimeSec":10}', '{"UptimeSec":310}', "{", "{}", '{"UptimeSec":"5"}'):
        await mocked_reader.says("STATE", uptime)
    await mocked_reader.says("STATE", '{"UptimeSec":3}', retain=True)
    await time.passes(hass, MINUTE)
    await mocked_reader.reads(E_in=15119.2)
    assert meter_values(entry)["energy_import"] == 15119.2


async def test_retained_message_is_not_even_counted(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    before = meter_values(entry)
    rejected = entry.runtime_data.counters.rejected.copy()
    await time.passes(hass, MINUTE)
    await mocked_reader.says("SENSOR", {"MT681": {"E_in": 3.5, "Power": 9}}, retain=True)
    await mocked_reader.says("SENSOR", "{", retain=True)
    assert meter_values(entry) == before
    assert entry.runtime_data.counters.rejected == rejected
    assert entry.runtime_data.coordinator.meters.router.unreadable == 0


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"t":5,"ft":"x","tp":["a"]}'])
async def test_announcement_that_says_nothing_changes_nothing(
    time: Time,
    hass: HomeAssistant,
    mocked_reader: MockedReader,
    caplog: pytest.LogCaptureFixture,
    text: str,
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    data = dict(entry.data)
    await mocked_reader.says("tasmota/discovery/A4CF129282F4/config", text)
    await mocked_reader.says("stat/tasmota_9282F4/STATUS2", text)
    assert dict(entry.data) == data
    assert not all_unavailable(hass)
    assert warnings(caplog) == []
