"""What is heard of meters, whose it is, and what happens when something goes wrong."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
import logging
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab import async_remove_config_entry_device
from custom_components.py_hab.const import (
    CONF_ANSWER_TOPIC,
    CONF_COMMAND_TOPIC,
    CONF_TOPIC,
    DOMAIN,
)
from custom_components.py_hab.meter.commands import MAX_REPEATS
from homeassistant.components import mqtt
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from simulator.broker import Broker
from simulator.faults import Fault
from simulator.home import Home, ManualClock
from simulator.reader import SimulatedReader
from tests.conftest import settled
from tests.support.entity_table import device_table
from tests.support.mocked_reader import (
    COMMAND,
    MINUTE,
    NUMBER,
    PRINTED,
    STALE,
    UNIQUE_ID,
    MockedReader,
    devices,
)
from tests.support.passing_time import Time
from tests.support.watching import (
    all_unavailable,
    heard,
    logged,
    meter_state,
    meter_values,
    quiet,
    set_up,
    state_of,
    states,
    warnings,
)

# Through a broker


async def test_values_are_there_right_after_set_up(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
    clock: ManualClock,
) -> None:
    # The reader publishes by itself only when told to; it answers STATUS 10.
    await set_up(hass, meter_entry)
    assert meter_values(meter_entry) == {
        "energy_import": round(reader.meter.imported(clock.now()), 3),
        "energy_export": round(reader.meter.exported(clock.now()), 3),
        "power": round(reader.home.grid_power(clock.now())),
    }
    assert meter_entry.runtime_data.coordinator.data[""].identity.number.number == PRINTED


async def test_head_and_meter_are_described(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
) -> None:
    await set_up(hass, meter_entry)

    def described() -> bool:
        device = devices(hass, meter_entry)[UNIQUE_ID]
        return bool(device.sw_version and device.configuration_url)

    await settled(hass, described, "the head's answers")
    device = devices(hass, meter_entry)[UNIQUE_ID]
    assert (device.manufacturer, device.model, device.serial_number) == (
        "Iskraemeco",
        "MT681",
        PRINTED,
    )
    assert device.sw_version == "15.5.0"
    assert device.configuration_url == f"http://{reader.ip}"
    await quiet(hass)


async def test_partial_messages_add_up(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    eager_entry: MockConfigEntry,
    payload: Callable[[str], Awaitable[None]],
) -> None:
    await set_up(hass, eager_entry)
    export = meter_state(hass, eager_entry, "energy_export")
    later = round(meter_values(eager_entry)["energy_import"] + 0.1, 3)
    await time.passes(hass, MINUTE)
    await payload('{"MT681":{"Power":123}}')
    await heard(hass, eager_entry, power=123)
    await payload(f'{{"MT681":{{"E_in":{later}}}}}')
    await heard(hass, eager_entry, energy_import=later)
    assert meter_state(hass, eager_entry, "power") == "123.0"
    assert meter_state(hass, eager_entry, "energy_export") == export
    await quiet(hass)


async def test_malformed_messages_are_counted_and_told_once(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    eager_entry: MockConfigEntry,
    payload: Callable[[str], Awaitable[None]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    await set_up(hass, eager_entry)
    before = meter_values(eager_entry)
    for broken in ('{"MT681":{"E_in":1', "[1]", "", '{"MT681":{"Power":7}'):
        await payload(broken)
    await payload('{"MT681":{"Power":5}}')
    await heard(hass, eager_entry, power=5)
    assert meter_values(eager_entry) == before | {"power": 5}
    assert eager_entry.runtime_data.coordinator.router.unreadable == 4
    assert logged(caplog, logging.WARNING) == [
        "MT681 sent a message that cannot be read: not JSON: JSONDecodeError"
    ]
    assert any('{"MT681":{"Power":7}' in line for line in logged(caplog, logging.DEBUG))
    await payload("again")
    await settled(hass, lambda: len(logged(caplog, logging.WARNING)) == 2, "a second warning")
    await quiet(hass)


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


async def test_reader_without_power_is_unavailable_until_it_is_back(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, meter_entry)
    await reader.stop()
    await settled(hass, lambda: all_unavailable(hass), "the end of the reader")
    assert logged(caplog) == ["MT681 is unavailable"]
    await time.passes(hass, timedelta(minutes=5))
    await reader.start()
    await settled(hass, lambda: not all_unavailable(hass), "the reader's return")
    assert logged(caplog) == ["MT681 is unavailable", "MT681 is available again"]
    await quiet(hass)


async def test_values_prove_that_the_reader_is_there(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
) -> None:
    """The broker may tell the end of an old connection after the start of the new one."""
    await set_up(hass, meter_entry)
    await mqtt.async_publish(hass, reader.tele_topic("LWT"), "Offline", 0, True)
    await settled(hass, lambda: all_unavailable(hass), "the false news")
    reader.publish_sensor()
    await settled(hass, lambda: not all_unavailable(hass), "values")
    await quiet(hass)


async def test_broker_that_restarts_is_bridged(
    time: Time,
    hass: HomeAssistant,
    broker: Broker,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, meter_entry)
    await broker.stop()
    await settled(hass, lambda: all_unavailable(hass), "the end of the broker")
    await time.passes(hass, timedelta(minutes=2))
    await broker.start()
    await reader.wait_connected()
    await time.passes(hass, timedelta(seconds=30), step=timedelta(seconds=10))
    await settled(hass, lambda: mqtt.is_connected(hass), "Home Assistant's connection")
    await settled(hass, lambda: not all_unavailable(hass), "values")
    assert logged(caplog) == ["MT681 is unavailable", "MT681 is available again"]
    await quiet(hass)


async def test_reader_that_publishes_nothing_by_itself_is_asked(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    eager_entry: MockConfigEntry,
) -> None:
    await set_up(hass, eager_entry)
    reader.silent = True
    for _ in range(4):
        await time.passes(hass, timedelta(minutes=6))
        # It is asked in the fifth minute or in the sixth.
        answers = {
            round(reader.meter.imported(reader.clock.now() - ago), 3)
            for ago in (MINUTE, timedelta())
        }
        await settled(
            hass,
            lambda answers=answers: meter_values(eager_entry)["energy_import"] in answers,
            "an answer",
        )
        assert not all_unavailable(hass)
    await quiet(hass)


async def test_messages_without_a_meter_are_ignored(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    eager_entry: MockConfigEntry,
    payload: Callable[[str], Awaitable[None]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, eager_entry)
    before = meter_values(eager_entry)
    await payload('{"Time":"2026-03-20T19:07:33"}')
    await payload('{"BME280":{"Temperature":21.5},"\\u0001\\u0002":{"Power":99999}}')
    await payload('{"MT681":{"Power":5}}')
    await heard(hass, eager_entry, power=5)
    assert meter_values(eager_entry) == before | {"power": 5}
    assert list(eager_entry.runtime_data.coordinator.data) == [""]
    assert warnings(caplog) == []
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
    assert states(hass) == {}
    await quiet(hass)
    await time.passes(hass, MINUTE)
    # A counter that begins with nonsense is not shown at all.
    await mqtt.async_publish(
        hass, "cellar/meter/SENSOR", '{"x":{"1_8_0":-7.5,"Power":3}}', 0, False
    )
    await heard(hass, meter_entry, power=3)
    assert meter_values(meter_entry) == {"power": 3}
    for _ in range(2):
        await mqtt.async_publish(hass, "cellar/meter/SENSOR", '{"x":{"1_8_0":7.5}}', 0, False)
    await heard(hass, meter_entry, energy_import=7.5)
    await quiet(hass)


async def test_meter_survives_that_mqtt_is_removed(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, meter_entry)
    await hass.config_entries.async_remove(mqtt_entry.entry_id)
    await settled(hass, lambda: all_unavailable(hass), "the end of MQTT")
    await time.passes(hass, timedelta(minutes=20))
    assert all_unavailable(hass)
    assert logged(caplog) == ["MT681 is unavailable"]
    assert await hass.config_entries.async_unload(meter_entry.entry_id)
    assert warnings(caplog) == []


async def test_meter_survives_a_reload_of_mqtt(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
) -> None:
    await set_up(hass, meter_entry)
    await hass.config_entries.async_reload(mqtt_entry.entry_id)
    client: Any = hass.data["mqtt"].client
    await settled(hass, lambda: client.connected and not all_unavailable(hass), "values")
    await quiet(hass)
    # After five minutes of silence it would be asked, and the next reading would wait a minute.
    await time.passes(hass, timedelta(minutes=2))
    reader.publish_sensor()
    await heard(
        hass,
        meter_entry,
        energy_import=round(reader.meter.imported(reader.clock.now()), 3),
    )
    await quiet(hass)


async def test_zeros_after_a_restart_of_the_head_are_not_believed(
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
    await heard(
        hass,
        meter_entry,
        energy_import=round(reader.meter.imported(reader.clock.now()), 3),
        energy_export=round(reader.meter.exported(reader.clock.now()), 3),
    )
    await quiet(hass)


@pytest.fixture
async def two_meters(
    home: Home, clock: ManualClock, broker: Broker
) -> AsyncIterator[SimulatedReader]:
    """Another head, on the meter of the house and on that of the heat pump."""
    reader = SimulatedReader(
        home,
        clock,
        port=broker.port,
        topic="tasmota_00AA01",
        mac="A4CF1200AA01",
        second="heat_pump",
    )
    await reader.start()
    yield reader
    await reader.stop()


async def test_two_meters_on_a_head_are_two_devices_over_restarts(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    mqtt_entry: MockConfigEntry,
    two_meters: SimulatedReader,
    meter_entry: MockConfigEntry,
    clock: ManualClock,
) -> None:
    mac = "a4:cf:12:00:aa:01"
    hass.config_entries.async_update_entry(
        meter_entry,
        data={**meter_entry.data, CONF_TOPIC: two_meters.tele_topic("SENSOR")},
        unique_id=mac,
    )

    def pump() -> str | None:
        return meter_state(hass, meter_entry, "energy_import", "2")

    house, heat_pump = (each.meter for each in two_meters.meters)
    await set_up(hass, meter_entry)
    await settled(hass, lambda: pump() is not None, "the second meter")
    for _ in range(2):
        assert device_table(hass, meter_entry.entry_id) == [
            f"{mac} | MT681 | Iskraemeco | MT681 | 15.5.0 | serial {PRINTED}",
            f"{mac}_2 | WP | EMH metering | 15.5.0 | serial 1EMH0010597059",
        ]
        assert pump() == str(round(heat_pump.imported(clock.now()), 4))
        assert meter_state(hass, meter_entry, "energy_import") == str(
            round(house.imported(clock.now()), 3)
        )
        assert meter_state(hass, meter_entry, "energy_export", "2") is None
        await quiet(hass)
        await time.passes(hass, timedelta(minutes=3))
        assert await hass.config_entries.async_reload(meter_entry.entry_id)
        await settled(
            hass, lambda: pump() not in {None, STATE_UNAVAILABLE}, "the second meter again"
        )
        await settled(
            hass,
            lambda: devices(hass, meter_entry)[mac].sw_version == "15.5.0",
            "the head's discovery",
        )
    await quiet(hass)


# With a broker that is only pretended


async def test_first_reading_of_a_counter_is_shown_once_it_is_confirmed(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    mocked_reader.answers = False
    await mocked_reader.set_up(entry)
    await mocked_reader.reads()
    assert meter_values(entry) == {"power": 200}
    await time.passes(hass, timedelta(seconds=6))
    await mocked_reader.reads()
    assert meter_values(entry) == {
        "power": 200,
        "energy_import": 15119.035,
        "energy_export": 2381.47,
    }


async def test_head_is_asked_again_for_a_confirmation_but_not_for_ever(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    mocked_reader.answers = False
    await mocked_reader.set_up(entry)
    assert mocked_reader.was_asked(10) == 1
    for reading in range(10):
        # No two of them agree.
        await mocked_reader.reads(E_in=9000.5 - reading)
        await time.passes(hass, timedelta(seconds=10), step=timedelta(seconds=5))
    assert mocked_reader.was_asked(10) == 1 + MAX_REPEATS
    assert "energy_import" not in meter_values(entry)


async def test_power_is_a_mean_and_counters_are_written_once_a_minute(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await time.passes(hass, MINUTE)
    await mocked_reader.reads(Power=100)
    shown = []
    for second in range(1, 121):
        await time.passes(hass, timedelta(seconds=1))
        await mocked_reader.reads(Power=100 + second, E_in=round(15119.1 + second / 1000, 4))
        shown.append((meter_state(hass, entry, "power"), meter_state(hass, entry, "energy_import")))
    assert len({power for power, _ in shown}) <= 13
    # On a grid of a minute, with some tolerance.
    assert len({energy for _, energy in shown}) <= 5
    powers = [float(power) for power, _ in shown if power]
    assert powers[20:] == sorted(powers[20:])
    # The mean of ten readings.
    assert powers[-1] != int(powers[-1])


async def test_each_register_is_available_by_its_own_clock(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, caplog: pytest.LogCaptureFixture
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    del mocked_reader.blocks["MT681"]["E_out"]
    await mocked_reader.lives(STALE + MINUTE, E_in=0.01)
    assert meter_state(hass, entry, "energy_export") == STATE_UNAVAILABLE
    assert meter_state(hass, entry, "energy_import") not in {None, STATE_UNAVAILABLE}
    assert logged(caplog) == []
    mocked_reader.blocks["MT681"]["E_out"] = 2381.48
    await mocked_reader.lives(2 * MINUTE, E_in=0.01)
    assert meter_state(hass, entry, "energy_export") == "2381.48"


async def test_register_that_comes_rarely_stays_available(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    """Three times as long as the interval at which it was heard."""
    entry = mocked_reader.entry()
    mocked_reader.answers = False
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(hours=3), step=timedelta(minutes=30), E_in=0.1)
    await time.passes(hass, timedelta(minutes=80))
    assert meter_state(hass, entry, "power") == "200.0"
    await time.passes(hass, timedelta(minutes=11))
    assert meter_state(hass, entry, "power") == STATE_UNAVAILABLE


async def test_silent_meter_is_unavailable_after_a_quarter_of_an_hour(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, caplog: pytest.LogCaptureFixture
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    mocked_reader.answers = False
    await time.passes(hass, STALE - MINUTE)
    assert not all_unavailable(hass)
    await time.passes(hass, 2 * MINUTE)
    assert all_unavailable(hass)
    await mocked_reader.reads(Power=250)
    assert not all_unavailable(hass)
    assert logged(caplog) == ["MT681 is unavailable", "MT681 is available again"]


async def test_silent_head_is_asked_after_five_minutes_and_every_five_more(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    await mocked_reader.set_up(mocked_reader.entry())
    mocked_reader.asked.clear()
    mocked_reader.answers = False
    await time.passes(hass, timedelta(minutes=4))
    assert mocked_reader.asked == []
    await time.passes(hass, timedelta(minutes=2))
    assert mocked_reader.asked == [(COMMAND, "10")]
    await time.passes(hass, timedelta(minutes=12))
    assert 3 <= mocked_reader.was_asked(10) == len(mocked_reader.asked) <= 4


async def test_head_that_speaks_is_not_asked(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    await mocked_reader.set_up(mocked_reader.entry())
    mocked_reader.asked.clear()
    await mocked_reader.lives(timedelta(minutes=30), E_in=0.01)
    assert mocked_reader.asked == []


async def test_broker_away_makes_all_unavailable_at_once(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.broker_goes()
    assert all_unavailable(hass)
    assert not entry.runtime_data.coordinator.available
    mocked_reader.asked.clear()
    await mocked_reader.broker_comes()
    assert not all_unavailable(hass)
    assert mocked_reader.was_asked(10) >= 1


@pytest.mark.parametrize("word", ["Offline", "Gone"])
async def test_last_word_of_the_head_makes_all_unavailable(
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
async def test_head_that_has_restarted_must_confirm_its_counters(
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
    assert entry.runtime_data.coordinator.router.unreadable == 0


# Which meter it is


async def test_script_that_renames_everything_keeps_the_entities(
    time: Time, hass: HomeAssistant, hass_storage: dict[str, Any], mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry(prefix="MT681")
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(3 * MINUTE, E_in=0.01)
    before = {
        (item.unique_id, item.entity_id)
        for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    }
    mocked_reader.blocks = {
        "eBZ": {"1_8_0": 15119.1, "2_8_0": 2381.5, "16_7_0": 77, "96_1_0": NUMBER}
    }
    await time.passes(hass, MINUTE)
    await mocked_reader.reads("eBZ")
    assert meter_state(hass, entry, "energy_import") == "15119.1"
    # Another key for a measurement takes its place when the old one has been silent for long.
    await mocked_reader.lives(STALE)
    for _ in range(2):
        assert meter_state(hass, entry, "energy_import") == "15119.1"
        assert meter_state(hass, entry, "power") == "77.0"
        assert {
            (item.unique_id, item.entity_id)
            for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        } == before
        assert list(devices(hass, entry)) == [UNIQUE_ID]
        await mocked_reader.reload(entry)


async def test_meter_without_number_under_another_name_is_taken_over_when_the_old_name_is_silent(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry(prefix="MT681")
    mocked_reader.blocks = {"MT681": {"E_in": 15119.035, "Power": 200}}
    await mocked_reader.set_up(entry)
    mocked_reader.blocks = {"eBZ": {"1_8_0": 15119.1, "16_7_0": 77}}
    await mocked_reader.lives(4 * MINUTE)
    assert meter_state(hass, entry, "energy_import") == "15119.1"
    assert list(devices(hass, entry)) == [UNIQUE_ID]


async def test_second_meter_is_a_device_of_its_own(
    time: Time, hass: HomeAssistant, hass_storage: dict[str, Any], mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry(prefix="MT681")
    await mocked_reader.set_up(entry)
    assert list(devices(hass, entry)) == [UNIQUE_ID]
    await mocked_reader.reads("WP", Total_in=42.5, Power_curr=300)
    await time.passes(hass, timedelta(seconds=10))
    await mocked_reader.reads()
    assert meter_state(hass, entry, "energy_import", "2") == "42.5"
    assert meter_state(hass, entry, "energy_import") == "15119.035"
    assert {item.name for item in devices(hass, entry).values()} == {"MT681", "WP"}
    mocked_reader.answers = False
    await mocked_reader.reload(entry)
    # What was there is there again, before anything is heard.
    assert meter_state(hass, entry, "energy_import", "2") == STATE_UNAVAILABLE
    assert meter_state(hass, entry, "power") == STATE_UNAVAILABLE
    # Each in a message of its own; the first name stays with the first meter.
    for seconds in (1, 10):
        await time.passes(hass, timedelta(seconds=seconds))
        await mocked_reader.says("SENSOR", {"WP": {"Total_in": 42.6}})
        await mocked_reader.says("SENSOR", {"MT681": {"E_in": 15119.1}})
    assert meter_state(hass, entry, "energy_import", "2") == "42.6"
    assert meter_state(hass, entry, "energy_import") == "15119.1"


async def test_second_meter_that_falls_silent_leaves_the_first_alone(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry(prefix="MT681")
    mocked_reader.blocks["WP"] = {"Total_in": 42.5, "Power_curr": 300}
    await mocked_reader.set_up(entry)
    del mocked_reader.blocks["WP"]
    await mocked_reader.lives(STALE + MINUTE, E_in=0.01)
    assert meter_state(hass, entry, "power", "2") == STATE_UNAVAILABLE
    assert meter_state(hass, entry, "power") == "200.0"


# The head


async def test_head_is_followed_to_other_topics(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, caplog: pytest.LogCaptureFixture
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.announces()
    assert entry.data[CONF_TOPIC] == "tele/tasmota_9282F4/SENSOR"
    assert logged(caplog) == []
    await mocked_reader.announces(t="cellar", tp=["do", "say", "tell"])
    await mocked_reader.subscribed()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data[CONF_TOPIC] == "tell/cellar/SENSOR"
    assert entry.data[CONF_COMMAND_TOPIC] == "do/cellar/STATUS"
    assert entry.data[CONF_ANSWER_TOPIC] == "say/cellar"
    assert logged(caplog).count("MT681 publishes on other topics now") == 1
    assert ("do/cellar/STATUS", "10") in mocked_reader.asked
    await time.passes(hass, MINUTE)
    await mocked_reader.says("tell/cellar/SENSOR", {"MT681": {"E_in": 15119.1, "Power": 5}})
    await mocked_reader.says(
        "say/cellar/STATUS10", {"StatusSNS": {"MT681": {"E_in": 15119.1, "Power": 5}}}
    )
    assert meter_state(hass, entry, "power") == "5.0"
    # The same news again is no news.
    await mocked_reader.announces(t="cellar", tp=["do", "say", "tell"])
    assert logged(caplog).count("MT681 publishes on other topics now") == 1


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


async def test_device_is_described_as_things_become_known(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    del mocked_reader.blocks["MT681"]["Meter_id"]
    await mocked_reader.set_up(entry)

    def described() -> tuple[str | None, ...]:
        device = devices(hass, entry)[UNIQUE_ID]
        return (
            device.name,
            device.manufacturer,
            device.model,
            device.serial_number,
            device.sw_version,
            device.configuration_url,
        )

    assert described() == ("MT681", None, "MT681", None, None, None)
    await mocked_reader.says(
        "stat/tasmota_9282F4/STATUS2", {"StatusFWR": {"Version": "14.1.0(tasmota)"}}
    )
    await mocked_reader.says(
        "stat/tasmota_9282F4/STATUS5", {"StatusNET": {"IPAddress": "192.0.2.7"}}
    )
    assert described()[4:] == ("14.1.0", "http://192.0.2.7")
    await mocked_reader.announces(sw="15.5.0", ip="192.0.2.8")
    await mocked_reader.reads(Meter_id=NUMBER)
    assert described() == (
        "MT681",
        "Iskraemeco",
        "MT681",
        PRINTED,
        "15.5.0",
        "http://192.0.2.8",
    )
    # A meter that does not tell its number for once is still the same.
    await mocked_reader.reads(Meter_id="")
    assert described()[3] == PRINTED


async def test_maker_is_told_where_the_number_is_not(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    mocked_reader.blocks["MT681"]["Meter_id"] = "454d48"
    await mocked_reader.set_up(entry)
    device = devices(hass, entry)[UNIQUE_ID]
    assert (device.manufacturer, device.serial_number) == ("EMH metering", None)


# What is not believed, and what was learned


async def test_rejected_readings_are_counted_by_reason(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    registry = er.async_get(hass)
    unique_id = f"{UNIQUE_ID}_rejected_readings"
    entity_id = registry.async_get_entity_id("sensor", DOMAIN, unique_id)
    assert entity_id is not None
    disabled = registry.async_get(entity_id)
    assert disabled is not None
    assert disabled.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    registry.async_update_entity(entity_id, disabled_by=None)
    await mocked_reader.reload(entry)
    await mocked_reader.lives(2 * MINUTE, E_in=0.01)
    entry.runtime_data.counters.rejected.clear()
    mocked_reader.answers = False
    for wrong in (0.0, None, -5, 99999.5, 99999.5):
        await mocked_reader.reads(E_in=wrong, Power=float(wrong or 0))
    await mocked_reader.lives(MINUTE, Power=1, E_in=0)
    state = hass.states.get(entity_id)
    assert state is not None
    assert state.state == "6"
    assert {
        key: state.attributes[key] for key in ("zero", "not_finite", "negative", "implausible_rise")
    } == {
        "zero": 1,
        "not_finite": 1,
        "negative": 1,
        "implausible_rise": 3,
    }
    assert meter_values(entry)["energy_import"] < 15120


async def test_a_second_meter_can_be_removed_when_it_is_gone(
    time: Time, hass: HomeAssistant, hass_storage: dict[str, Any], mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry(prefix="MT681")
    house, pump = {"E_in": 15119.035, "Power": 300}, {"E_in": 77.5, "Power": 40}
    mocked_reader.blocks = {"MT681": dict(house), "WP": dict(pump)}
    await mocked_reader.set_up(entry)
    mac = str(entry.unique_id)
    registered = devices(hass, entry)
    assert registered.keys() == {mac, f"{mac}_2"}
    for device in registered.values():
        assert not await async_remove_config_entry_device(hass, entry, device)
    del mocked_reader.blocks["WP"]
    await mocked_reader.reload(entry)
    assert not await async_remove_config_entry_device(hass, entry, registered[mac])
    assert await async_remove_config_entry_device(hass, entry, registered[f"{mac}_2"])
    dr.async_get(hass).async_remove_device(registered[f"{mac}_2"].id)
    await hass.async_block_till_done()
    await mocked_reader.reload(entry)
    assert devices(hass, entry).keys() == {mac}
    assert meter_values(entry)["energy_import"] == 15119.035


async def test_what_was_learned_of_keys_survives_a_restart(
    time: Time, hass: HomeAssistant, hass_storage: dict[str, Any], mocked_reader: MockedReader
) -> None:
    """A doubtful "Power_in" of more than the house can draw is in W, not in kW."""
    entry = mocked_reader.entry(prefix="MT681")
    mocked_reader.blocks = {"MT681": {"E_in": 15119.035, "Power_in": 2500.0}}
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(5 * MINUTE, E_in=0.01)
    assert meter_values(entry)["power"] == 2500
    mocked_reader.blocks["MT681"]["Power_in"] = 12.0
    await mocked_reader.reload(entry)
    assert meter_values(entry)["power"] == 12
    stored = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]["notes"]
    assert stored["learned"][""]["findings"] == {"Power_in": ["power", 1.0]}
    assert stored["meters"][""]["prefix"] == "MT681"


@pytest.mark.parametrize("notes", [None, [], {"meters": 5, "learned": [], "replacements": {}}])
async def test_memory_that_was_spoilt_is_no_obstacle(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    mocked_reader: MockedReader,
    notes: Any,
) -> None:
    entry = mocked_reader.entry()
    key = f"{DOMAIN}.{entry.entry_id}"
    hass_storage[key] = {
        "version": 1,
        "minor_version": 2,
        "key": key,
        "data": {"counters": {"energy_import": [15118.9, None]}, "notes": notes},
    }
    await mocked_reader.set_up(entry)
    # After a silence of nobody knows how long the first reading is confirmed.
    await mocked_reader.lives(MINUTE)
    assert meter_state(hass, entry, "energy_import") == "15119.035"


async def test_memory_is_written_while_it_runs(
    time: Time, hass: HomeAssistant, hass_storage: dict[str, Any], mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry(prefix="MT681")
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=20), E_in=0.01)
    stored = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]
    assert stored["counters"]["energy_import"][0] > 15119.1
    assert stored["notes"]["meters"] == {"": {"prefix": "MT681", "number": PRINTED}}


async def test_state_is_written_only_when_its_register_has_news(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry(power_interval=0)
    await mocked_reader.set_up(entry)
    entity_id = er.async_get(hass).async_get_entity_id(
        "sensor", DOMAIN, f"{UNIQUE_ID}_energy_export"
    )
    assert entity_id is not None
    before = hass.states.get(entity_id)
    assert before is not None
    await mocked_reader.lives(5 * MINUTE, E_in=0.01, Power=1)
    after = hass.states.get(entity_id)
    assert after is not None
    assert after.last_reported == before.last_reported
    assert state_of(hass, f"{UNIQUE_ID}_power") == "205.0"
