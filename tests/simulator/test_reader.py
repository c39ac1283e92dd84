"""The simulated Tasmota reader: what it reports is true, and its faults are those of real ones."""

from argparse import ArgumentParser
import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
import json
from typing import Any

import pytest

from simulator import reader as reader_module
from simulator.broker import HOST, Broker, Kind
from simulator.faults import Fault
from simulator.home import Home, ManualClock
from simulator.meter import METER_ID, SCRIPTS
from simulator.reader import SimulatedReader

from .listening import PATIENCE, Listener, ReceivedMessage, listening

SUMMER_NOON = datetime(2026, 6, 21, 11, 20, tzinfo=UTC)
SENSOR = "tele/tasmota_9282F4/SENSOR"
LWT = "tele/tasmota_9282F4/LWT"
STATE = "tele/tasmota_9282F4/STATE"
COMMAND = "cmnd/tasmota_9282F4/STATUS"
DISCOVERY = "tasmota/discovery/A4CF129282F4"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SUMMER_NOON)


@pytest.fixture
def home() -> Home:
    return Home(installed=SUMMER_NOON - timedelta(days=30))


@pytest.fixture
def broker_kind() -> Kind:
    return "rumqttd"


@pytest.fixture
async def listener(broker: Broker) -> AsyncIterator[Listener]:
    async with listening(HOST, broker.port, "#") as listener:
        yield listener


@pytest.fixture
async def reader(
    home: Home, clock: ManualClock, broker: Broker, listener: Listener
) -> AsyncIterator[SimulatedReader]:
    """A reader that has reported everything it reports after its start."""
    reader = SimulatedReader(home, clock, port=broker.port)
    await reader.start()
    await listener.next(SENSOR)
    listener.messages.clear()
    yield reader
    await reader.stop()


async def reading(reader: SimulatedReader, listener: Listener) -> dict[str, Any]:
    """Return the meter's object in the next message with all readings."""
    reader.publish_sensor()
    block: dict[str, Any] = (await listener.next(SENSOR)).json[reader.script.prefix]
    return block


async def asked(listener: Listener, payload: str, answer: str) -> Any:
    """Return what a status command is answered."""
    listener.connection.publish(COMMAND, payload)
    return (await listener.next(f"stat/tasmota_9282F4/{answer}")).json


# The truth


async def test_readings_are_those_of_the_home(
    reader: SimulatedReader, listener: Listener, home: Home, clock: ManualClock
) -> None:
    for _ in range(3):
        clock.advance(timedelta(hours=7, minutes=11))
        now = clock.now()
        block = await reading(reader, listener)
        imported = 15119.035 + home.energy("import", now) / 1000
        exported = 2381.470 + home.energy("export", now) / 1000
        assert block == {
            "E_in": pytest.approx(imported, abs=0.0006),
            "E_out": pytest.approx(exported, abs=0.0006),
            "Power": round(home.grid_power(now)),
            "Meter_id": METER_ID,
        }


async def test_numbers_have_the_decimals_of_the_script(
    reader: SimulatedReader, listener: Listener, clock: ManualClock
) -> None:
    reader.swap_meter(METER_ID, import_kwh=30, export_kwh=0.5)
    reader.publish_sensor()
    received = await listener.next(SENSOR)
    power = received.json["MT681"]["Power"]
    assert received.text == (
        '{"Time":"2026-06-21T13:20:00","MT681":{"E_in":30.000,"E_out":0.500,'
        f'"Power":{power},"Meter_id":"{METER_ID}"}}}}'
    )
    assert power < 0
    assert isinstance(power, int)


@pytest.mark.parametrize("script", SCRIPTS)
async def test_every_vocabulary_reports_the_same(
    reader: SimulatedReader, listener: Listener, home: Home, clock: ManualClock, script: str
) -> None:
    reader.load_script(script)
    block = await reading(reader, listener)
    lines = SCRIPTS[script].lines
    assert list(block) == [line.key for line in lines]
    values = {line.register: block[line.key] for line in lines}
    precision = {line.register: line.precision for line in lines}
    scale = {line.register: line.scale for line in lines}
    counter = 15119.035 + home.energy("import", clock.now()) / 1000
    assert values["1.8.0"] == pytest.approx(counter, abs=0.6 * 10 ** -precision["1.8.0"])
    if "16.7.0" in values:
        power = values["16.7.0"] * scale["16.7.0"]
        assert power == pytest.approx(home.grid_power(clock.now()), abs=0.6)
    if "36.7.0" in values:
        phases = sum(values[register] for register in ("36.7.0", "56.7.0", "76.7.0"))
        assert phases == pytest.approx(values["16.7.0"], abs=2)


async def test_two_registers_report_power_in_kilowatts(
    reader: SimulatedReader, listener: Listener, home: Home, clock: ManualClock
) -> None:
    reader.load_script("gplug")
    block = await reading(reader, listener)
    power = home.grid_power(clock.now())
    assert power < -1000
    assert (block["Pi"], block["Po"]) == (0, pytest.approx(-power / 1000, abs=0.0006))
    reader.publish_immediate()
    assert set((await listener.next(SENSOR)).json["z"]) == {"Pi"}
    assert set((await listener.next(SENSOR)).json["z"]) == {"Po"}


async def test_two_tariffs_add_up(
    reader: SimulatedReader, listener: Listener, home: Home, clock: ManualClock
) -> None:
    reader.load_script("tariffs")
    before = await reading(reader, listener)
    # From noon until the next morning, by day and by night.
    clock.advance(timedelta(hours=14, minutes=40))
    after = await reading(reader, listener)
    for block in (before, after):
        assert block["E_in_HT"] + block["E_in_NT"] == pytest.approx(block["E_in"], abs=0.0016)
    evening = datetime(2026, 6, 21, 20, tzinfo=UTC)
    by_day = home.energy("import", evening) - home.energy("import", SUMMER_NOON)
    assert after["E_in_HT"] - before["E_in_HT"] == pytest.approx(by_day / 1000, abs=0.0011)
    assert after["E_in_NT"] > before["E_in_NT"]


async def test_second_meter_is_that_of_the_heat_pump(
    home: Home, clock: ManualClock, broker: Broker, listener: Listener
) -> None:
    reader = SimulatedReader(home, clock, port=broker.port, second="heat_pump")
    await reader.start()
    first = (await listener.next(SENSOR)).json
    clock.advance(timedelta(hours=20))
    reader.publish_sensor()
    message = (await listener.next(SENSOR)).json
    assert list(message) == ["Time", "MT681", "WP"]
    pump = message["WP"]
    assert pump["Total_in"] - first["WP"]["Total_in"] == pytest.approx(
        (home.energy("heat_pump", clock.now()) - home.energy("heat_pump", SUMMER_NOON)) / 1000,
        abs=0.0002,
    )
    assert pump["Power_curr"] == round(home.power("heat_pump", clock.now()))
    assert pump["Meter_Number"] != message["MT681"]["Meter_id"]
    assert message["MT681"]["E_in"] == pytest.approx(reader.meter.imported(clock.now()), abs=0.0006)
    sensors = (await listener.next(f"{DISCOVERY}/sensors")).json
    assert set(sensors["sn"]) == {"Time", "MT681", "WP"}
    await reader.stop()


async def test_immediate_messages_hold_one_meter(
    home: Home, clock: ManualClock, broker: Broker, listener: Listener
) -> None:
    reader = SimulatedReader(home, clock, port=broker.port, script="ottelo", second="ottelo")
    reader.load_script("ottelo", prefix="WP", index=1)
    await reader.start()
    await listener.next(SENSOR)
    reader.publish_immediate()
    for prefix in ("MT681", "WP"):
        message = (await listener.next(SENSOR)).json
        assert set(message) == {"Time", prefix}
        assert set(message[prefix]) == {"Power"}
    await reader.stop()


async def test_faults_befall_both_meters(
    home: Home, clock: ManualClock, broker: Broker, listener: Listener
) -> None:
    reader = SimulatedReader(home, clock, port=broker.port, second="heat_pump")
    reader.fault(Fault.PIN_LOCKED)
    await reader.start()
    message = (await listener.next(SENSOR)).json
    assert message["MT681"]["Meter_id"] == message["WP"]["Meter_Number"] == ""
    assert message["WP"]["Total_in"] == int(message["WP"]["Total_in"]) > 4000
    await reader.stop()


async def test_flagged_lines_come_by_themselves(
    reader: SimulatedReader, listener: Listener
) -> None:
    reader.publish_immediate()
    reader.load_script("ottelo")
    reader.publish_immediate()
    message = (await listener.next(SENSOR)).json
    assert set(message) == {"Time", "MT681"}
    assert set(message["MT681"]) == {"Power"}
    assert not listener.messages


# Topics and messages of the reader


async def test_a_start_publishes_everything(
    reader: SimulatedReader, broker: Broker, home: Home, clock: ManualClock
) -> None:
    async with listening(HOST, broker.port, "#") as late:
        config = (await late.next(f"{DISCOVERY}/config")).json
        sensors = (await late.next(f"{DISCOVERY}/sensors")).json
        assert (await late.next(LWT)).text == "Online"
    assert config["mac"] == "A4CF129282F4"
    assert config["t"] == reader.topic
    assert config["ft"] == "%prefix%/%topic%/"
    assert config["tp"] == ["cmnd", "stat", "tele"]
    assert (config["onln"], config["ofln"]) == ("Online", "Offline")
    assert set(sensors["sn"]["MT681"]) == {"E_in", "E_out", "Power", "Meter_id"}


async def test_info_reports_what_it_is(reader: SimulatedReader, listener: Listener) -> None:
    reader.publish_info()
    first = (await listener.next("tele/tasmota_9282F4/INFO1")).json["Info1"]
    assert first["Version"] == "15.5.0(tasmota)"
    assert first["FallbackTopic"] == "cmnd/DVES_9282F4_fb/"
    second = (await listener.next("tele/tasmota_9282F4/INFO2")).json["Info2"]
    assert second["Hostname"] == "tasmota-9282F4-0756"
    third = (await listener.next("tele/tasmota_9282F4/INFO3")).json["Info3"]
    assert third == {"RestartReason": "Power On", "BootCount": 1}


@pytest.mark.parametrize(
    ("payload", "answer", "contents"),
    [
        ("", "STATUS", {"Status"}),
        ("2", "STATUS2", {"StatusFWR"}),
        ("5", "STATUS5", {"StatusNET"}),
        ("8", "STATUS8", {"StatusSNS"}),
        ("10", "STATUS10", {"StatusSNS"}),
        ("11", "STATUS11", {"StatusSTS"}),
        ("0", "STATUS0", {"Status", "StatusFWR", "StatusNET", "StatusSNS", "StatusSTS"}),
    ],
)
async def test_status_is_answered(
    reader: SimulatedReader, listener: Listener, payload: str, answer: str, contents: set[str]
) -> None:
    result = await asked(listener, payload, answer)
    assert contents <= set(result)
    if "StatusSNS" in contents:
        assert "E_in" in result["StatusSNS"]["MT681"]
    if "StatusNET" in contents:
        assert result["StatusNET"]["Mac"] == "A4:CF:12:92:82:F4"


async def test_nonsense_is_not_answered(reader: SimulatedReader, listener: Listener) -> None:
    for payload in ("nonsense", "77", "-1"):
        listener.connection.publish(COMMAND, payload)
    assert "StatusFWR" in await asked(listener, "2", "+")


@pytest.mark.parametrize("topic", ["cmnd/tasmotas/STATUS", "cmnd/DVES_9282F4_fb/STATUS"])
async def test_group_and_fallback_topic_are_obeyed(
    reader: SimulatedReader, listener: Listener, topic: str
) -> None:
    listener.connection.publish(topic, "10")
    await listener.next("stat/tasmota_9282F4/STATUS10")


@pytest.mark.parametrize(
    ("full_topic", "topic", "sensor", "command"),
    [
        ("%prefix%/%topic%/", "AMR/main", "tele/AMR/main/SENSOR", "cmnd/AMR/main/STATUS"),
        ("%topic%/%prefix%/", "meter", "meter/tele/SENSOR", "meter/cmnd/STATUS"),
        ("house/%id%/%prefix%", "meter", "house/00AA01/tele/SENSOR", "house/00AA01/cmnd/STATUS"),
    ],
)
async def test_topics_follow_the_full_topic(
    home: Home,
    clock: ManualClock,
    broker: Broker,
    listener: Listener,
    full_topic: str,
    topic: str,
    sensor: str,
    command: str,
) -> None:
    reader = SimulatedReader(
        home, clock, port=broker.port, topic=topic, full_topic=full_topic, mac="A4CF1200AA01"
    )
    await reader.start()
    assert "E_in" in (await listener.next(sensor)).json["MT681"]
    listener.connection.publish(command, "10")
    await listener.next(reader.stat_topic("STATUS10"))
    await reader.stop()


async def test_words_of_the_reader_may_be_other_ones(
    home: Home, clock: ManualClock, broker: Broker, listener: Listener
) -> None:
    reader = SimulatedReader(
        home, clock, port=broker.port, prefixes=("do", "say", "tell"), offline="Gone"
    )
    await reader.start()
    assert "E_in" in (await listener.next("tell/tasmota_9282F4/SENSOR")).json["MT681"]
    config = (await listener.next(f"{DISCOVERY}/config")).json
    assert (config["tp"], config["ofln"]) == (["do", "say", "tell"], "Gone")
    listener.connection.publish("do/tasmota_9282F4/STATUS", "10")
    await listener.next("say/tasmota_9282F4/STATUS10")
    await reader.stop()
    await listener.until("tell/tasmota_9282F4/LWT", "Gone")


async def test_it_also_speaks_the_old_protocol(
    home: Home, clock: ManualClock, broker: Broker, listener: Listener
) -> None:
    reader = SimulatedReader(home, clock, port=broker.port_v311, mqtt5=False)
    await reader.start()
    await listener.next(SENSOR)
    assert "StatusSNS" in await asked(listener, "10", "STATUS10")
    await reader.stop()


async def test_a_board_may_have_sensors_of_its_own(
    home: Home, clock: ManualClock, broker: Broker, listener: Listener
) -> None:
    reader = SimulatedReader(home, clock, port=broker.port, esp32=True)
    await reader.start()
    message = (await listener.next(SENSOR)).json
    assert set(message) == {"Time", "MT681", "ESP32", "TempUnit"}
    await reader.stop()


# Life


async def test_going_and_coming_is_reported(reader: SimulatedReader, listener: Listener) -> None:
    await reader.stop()
    assert (await listener.next(LWT)).text == "Offline"
    await reader.start()
    assert (await listener.next(LWT)).text == "Online"
    await reader.stop()
    assert (await listener.next(LWT)).text == "Offline"


async def test_a_reboot_starts_the_uptime_anew(
    reader: SimulatedReader, listener: Listener, clock: ManualClock
) -> None:
    clock.advance(timedelta(days=2, hours=3, seconds=5))
    reader.publish_state()
    before = (await listener.next(STATE)).json
    assert (before["Uptime"], before["UptimeSec"]) == ("2T03:00:05", 183_605)
    await reader.reboot()
    assert (await listener.next(LWT)).text == "Offline"
    assert (await listener.next(LWT)).text == "Online"
    assert (await listener.next(STATE)).json["UptimeSec"] == 0


async def test_it_comes_back_when_the_broker_does(
    reader: SimulatedReader, listener: Listener, broker: Broker
) -> None:
    await broker.stop()
    reader.publish_sensor()
    await broker.start()
    async with asyncio.timeout(PATIENCE):
        await reader.wait_connected()
        await listener.connection.online.wait()
    await listener.connection.subscribe("#")
    assert "StatusSNS" in await asked(listener, "10", "STATUS10")


async def test_it_may_stop_while_there_is_no_broker(
    reader: SimulatedReader, broker: Broker
) -> None:
    await broker.stop()
    await reader.stop()


async def test_silence_is_not_absence(reader: SimulatedReader, listener: Listener) -> None:
    reader.silent = True
    reader.publish_sensor()
    reader.publish_state()
    reader.silent = False
    reader.publish_state()
    await listener.next(STATE)
    assert not listener.messages


async def test_a_new_meter_has_its_own_number_and_readings(
    reader: SimulatedReader, listener: Listener, clock: ManualClock
) -> None:
    old = await reading(reader, listener)
    reader.swap_meter("0901454d4800009c8701", import_kwh=1.5)
    new = await reading(reader, listener)
    assert (new["E_in"], new["E_out"]) == (1.5, 0)
    assert new["Meter_id"] != old["Meter_id"]
    assert new["Power"] == old["Power"]
    clock.advance(timedelta(hours=12))
    assert (await reading(reader, listener))["E_in"] > 1.5


async def test_another_script_renames_the_keys(reader: SimulatedReader, listener: Listener) -> None:
    before = await reading(reader, listener)
    reader.load_script("ottelo")
    after = await reading(reader, listener)
    assert set(after) == {"ImportActive", "ExportActive", "Power"}
    assert after["ImportActive"] == before["E_in"]


async def test_it_publishes_unasked(
    home: Home, clock: ManualClock, broker: Broker, listener: Listener
) -> None:
    parser = ArgumentParser()
    reader_module.add_arguments(parser)
    words = ["--port", str(broker.port), "--script", "ottelo", "--tele-period", "0.01"]
    args = parser.parse_args([*words, "--fault", "jitter"])
    task = asyncio.create_task(reader_module.run(args, home, clock))
    for _ in range(3):
        await listener.next(STATE)
        await listener.next_that(lambda received: set(block_of(received)) == {"Power"})
        await listener.next_that(lambda received: "ImportActive" in block_of(received))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await listener.next_that(lambda received: received.text == "Offline")


def block_of(received: ReceivedMessage) -> dict[str, Any]:
    block: dict[str, Any] = received.json.get("MT681", {}) if received.topic == SENSOR else {}
    return block


# Faults


async def test_zeros_after_boot(reader: SimulatedReader, listener: Listener) -> None:
    await reader.reboot(Fault.ZERO_AFTER_BOOT, messages=2)
    zeros = {"E_in": 0, "E_out": 0, "Power": 0, "Meter_id": 0}
    assert (await listener.next(f"{DISCOVERY}/sensors")).json["sn"]["MT681"] == zeros
    assert (await listener.next(SENSOR)).json["MT681"] == zeros
    assert await reading(reader, listener) == zeros
    assert (await reading(reader, listener))["E_in"] > 15119


async def test_keys_absent_after_boot(reader: SimulatedReader, listener: Listener) -> None:
    await reader.reboot(Fault.MISSING_AFTER_BOOT)
    assert set((await listener.next(f"{DISCOVERY}/sensors")).json["sn"]) == {"Time"}
    assert set((await listener.next(SENSOR)).json) == {"Time"}
    assert (await reading(reader, listener))["E_in"] > 15119


@pytest.mark.parametrize(
    ("fault", "difference"),
    [
        (Fault.BIT_FLIP_UP, 524.288),
        (Fault.BIT_FLIP_DOWN, -524.288),
    ],
)
async def test_flipped_bits(
    reader: SimulatedReader, listener: Listener, fault: Fault, difference: float
) -> None:
    right = await reading(reader, listener)
    reader.fault(fault, messages=1)
    wrong = await reading(reader, listener)
    assert wrong["E_in"] - right["E_in"] == pytest.approx(difference)
    assert {**wrong, "E_in": right["E_in"]} == right
    assert await reading(reader, listener) == right


@pytest.mark.parametrize(
    ("fault", "keys", "value"),
    [
        (Fault.SINGLE_ZERO, {"E_in", "E_out"}, 0),
        (Fault.GARBAGE, {"E_in"}, 2532259.769),
        (Fault.NULL, {"E_in", "E_out"}, None),
    ],
)
async def test_a_wrong_value_in_one_message(
    reader: SimulatedReader,
    listener: Listener,
    fault: Fault,
    keys: set[str],
    value: float | None,
) -> None:
    right = await reading(reader, listener)
    reader.fault(fault, messages=1)
    assert await reading(reader, listener) == {**right, **dict.fromkeys(keys, value)}
    assert await reading(reader, listener) == right


async def test_json_that_is_none(reader: SimulatedReader, listener: Listener) -> None:
    reader.fault(Fault.INVALID_JSON)
    reader.publish_sensor()
    text = (await listener.next(SENSOR)).text
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)
    assert text.endswith("}  ")
    reader.heal()
    assert await reading(reader, listener)


async def test_a_meter_without_its_pin(
    reader: SimulatedReader, listener: Listener, clock: ManualClock
) -> None:
    right = await reading(reader, listener)
    reader.fault(Fault.PIN_LOCKED)
    for _ in range(5):
        clock.advance(timedelta(hours=1))
        locked = await reading(reader, listener)
        assert locked["E_in"] % 1 == 0
        assert (locked["Power"], locked["Meter_id"]) == (0, "")
    assert locked["E_out"] > right["E_out"]
    reader.publish_sensor()
    assert ".000," in (await listener.next(SENSOR)).text


async def test_extended_data_switched_off(reader: SimulatedReader, listener: Listener) -> None:
    right = await reading(reader, listener)
    reader.fault(Fault.INF_OFF)
    short = await reading(reader, listener)
    assert short == {
        "E_in": right["E_in"] // 1,
        "E_out": right["E_out"] // 1,
        "Power": 0,
        "Meter_id": METER_ID,
    }


async def test_a_trembling_last_digit(reader: SimulatedReader, listener: Listener) -> None:
    right = (await reading(reader, listener))["E_in"]
    reader.fault(Fault.JITTER)
    readings = [(await reading(reader, listener))["E_in"] for _ in range(4)]
    assert {round(each - right, 3) for each in readings} == {0, -0.001}
    assert readings[0] != readings[1]


async def test_duplicate_keys(reader: SimulatedReader, listener: Listener) -> None:
    right = await reading(reader, listener)
    reader.fault(Fault.DUPLICATE_KEYS)
    reader.publish_sensor()
    received = await listener.next(SENSOR)
    assert received.text.count('"E_in"') == 2
    assert received.json["MT681"] == right


async def test_a_clock_that_was_never_set(
    reader: SimulatedReader, listener: Listener, clock: ManualClock
) -> None:
    reader.fault(Fault.CLOCK_NOT_SET)
    clock.advance(timedelta(minutes=61, seconds=1))
    reader.publish_sensor()
    assert (await listener.next(SENSOR)).json["Time"] == "1970-01-01T01:01:01"


async def test_frozen_values_come_with_a_fresh_time(
    reader: SimulatedReader, listener: Listener, clock: ManualClock
) -> None:
    right = await reading(reader, listener)
    reader.fault(Fault.FROZEN)
    clock.advance(timedelta(hours=5))
    reader.publish_sensor()
    message = (await listener.next(SENSOR)).json
    assert message["MT681"] == right
    assert message["Time"] == "2026-06-21T18:20:00"
    reader.heal()
    assert await reading(reader, listener) != right


async def test_a_discovery_without_the_meter(reader: SimulatedReader, listener: Listener) -> None:
    reader.fault(Fault.EMPTY_DISCOVERY)
    reader.publish_discovery()
    message = (await listener.next(f"{DISCOVERY}/sensors")).json
    assert (set(message["sn"]), message["ver"]) == ({"Time"}, 1)
    assert (await reading(reader, listener))["E_in"] > 15119


async def test_the_hour_that_comes_twice_has_the_same_time_twice(
    reader: SimulatedReader, listener: Listener, clock: ManualClock
) -> None:
    clock.advance(datetime(2026, 10, 25, 0, 30, tzinfo=UTC) - clock.now())
    times = set()
    for _ in range(2):
        reader.publish_sensor()
        times.add((await listener.next(SENSOR)).json["Time"])
        clock.advance(timedelta(hours=1))
    assert times == {"2026-10-25T02:30:00"}


async def test_a_removed_discovery_is_gone(
    reader: SimulatedReader, listener: Listener, broker: Broker
) -> None:
    reader.remove_discovery()
    await listener.next(f"{DISCOVERY}/sensors")
    async with listening(HOST, broker.port, "#") as late:
        await late.next(LWT)
        late.connection.publish("end", "")
        await late.next("end")
        assert not [received for received in late.messages if received.topic.startswith(DISCOVERY)]
