"""What boxes and readers send: everything parses, or is refused for a known reason."""

from datetime import timedelta
import json
from pathlib import Path
import re
from typing import Any

import pytest

from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.fritzbox.devices import DeviceList, MeterKind, parse_device_list
from custom_components.py_hab.fritzbox.login import parse_box_info, parse_session_info
from custom_components.py_hab.fritzbox.xml import MalformedAnswerError
from custom_components.py_hab.sml.key_names import mapping_of_name
from custom_components.py_hab.sml.meter_index import MeterIndex
from custom_components.py_hab.sml.payload import (
    Block,
    MalformedMessageError,
    discovered_meters,
    may_have_meter,
    meter_blocks,
)
from custom_components.py_hab.sml.registers import Quantity
from custom_components.py_hab.sml.topics import parse_discovery, parse_state, reader_topics
from scripts import fixtures
from tests.support.captures import FOLDERS, OURS, files, name_of, there
from tests.support.one_meter import Clock, OneMeter


def devices(path: Path) -> DeviceList:
    return parse_device_list(path.read_text(encoding="utf-8"))


def blocks(path: Path) -> list[Block]:
    return meter_blocks(path.read_bytes())


def test_the_simulator_still_says_so() -> None:
    """If it is meant to say something else: `python -m scripts.fixtures`."""
    there = {path: path.read_text(encoding="utf-8") for path in fixtures.files()}
    assert there == fixtures.files()


# FRITZ!Box

NO_LISTS = ("stats-", "malformed-", "login-", "box-info")


@pytest.mark.parametrize(
    "path",
    [path for path in files("fritzbox/*.xml") if not path.name.startswith(NO_LISTS)],
    ids=name_of,
)
def test_device_lists_are_read(path: Path) -> None:
    answer = devices(path)
    assert answer.devices or answer.skipped_entries or "empty" in path.name
    for ain, device in answer.devices.items():
        assert device.ain == ain
        assert device.name
        assert device.owner_ain in answer.devices
        assert {reason for _, reason in device.parse_errors} <= {
            "empty",
            "out of range",
            "off",
            "on",
            "undefined",
            # What the box itself says of a time that it does not know.
            "unknown",
            "all zero",
        }


@pytest.mark.parametrize("path", files("fritzbox/stats-*.xml"), ids=name_of)
def test_statistics_are_no_device_list(path: Path) -> None:
    with pytest.raises(MalformedAnswerError, match="<devicelist> expected"):
        devices(path)


@pytest.mark.parametrize(
    "path", [*files("fritzbox/malformed-*.xml"), *files("fritzbox/rest-*.json")], ids=name_of
)
def test_what_is_not_xml_is_refused(path: Path) -> None:
    with pytest.raises(MalformedAnswerError, match=r"not XML|document type"):
        devices(path)


def test_entries_without_identifier_or_with_another_ones_are_set_aside() -> None:
    found = {path: devices(path).skipped_entries for path in files("fritzbox/list-*.xml")}
    twice = "second entry with the same identifier"
    expected: dict[Path, list[str]] = there(
        {"fritzbox/list-odd-identifiers.xml": ["entry without identifier", twice]},
        {
            "fritzbox/list-fritzbox-java-api-devicelistalltogetherpayload.xml": [twice],
            "fritzbox/list-fritzctl-devicelist.xml": [twice],
            "fritzbox/list-iobroker-fritzdect-issue598.xml": ["entry without identifier"],
        },
    )
    assert {path: list(reasons) for path, reasons in found.items() if reasons} == expected


FORGETFUL = there(
    {"fritzbox/list-plug-that-forgot.xml": ("11657 0310457", "11657 0310442", 940.218, 231.407)},
    # home-assistant/core#55799
    {"fritzbox/list-core-55799.xml": ("11657 0067315", "11657 0138916", 1811.645, 223.898)},
)


@pytest.mark.parametrize(
    ("path", "forgetful_ain", "well_ain", "energy", "voltage"),
    [(path, *rest) for path, rest in FORGETFUL.items()],
    ids=name_of,
)
def test_the_plug_that_forgot_everything_has_read_nothing(
    path: Path, forgetful_ain: str, well_ain: str, energy: float, voltage: float
) -> None:
    """Its neighbour in the same list is well."""
    forgetful, well = (devices(path).devices[ain].power_meter for ain in (forgetful_ain, well_ain))
    assert forgetful is not None
    assert (forgetful.power, forgetful.energy, forgetful.voltage) == (None, None, None)
    assert well is not None
    assert (well.power, well.energy, well.voltage) == (0, energy, voltage)


METER_READERS: dict[Path, dict[str, Any]] = there(
    {
        "fritzbox/list-energy-250-first-form.xml": {
            "15282 0400718-1": (MeterKind.SUPPLY, None, 27310.0)
        },
        "fritzbox/list-energy-250-without-pin.xml": {
            "16000 0052260-1": (MeterKind.SUPPLY, None, 5518.0)
        },
        "fritzbox/list-energy-250-both-directions.xml": {
            "16000 0061142-1": (MeterKind.SUPPLY, -118.0, 20714.305),
            "16000 0061142-2": (MeterKind.FEED_IN, 118.0, 402.711),
        },
    },
    {
        "fritzbox/fritz-smart-energy-250-03-60.xml": {
            "15282 1234567-1": (MeterKind.SUPPLY, None, 19025.0)
        },
        "fritzbox/fritz-smart-energy-250-03-76.xml": {
            "16000 0000001-1": (MeterKind.SUPPLY, None, 3134.0)
        },
        "fritzbox/list-astrameter.xml": {
            "12345 0123456-1": (MeterKind.SUPPLY, -71.0, 16933.817),
            "12345 0123456-2": (MeterKind.FEED_IN, 120.0, 653.065),
        },
    },
)


@pytest.mark.parametrize(("path", "meters"), METER_READERS.items(), ids=name_of)
def test_meter_readers_of_each_form(path: Path, meters: dict[str, Any]) -> None:
    found = {
        device.ain: (device.power_meter.kind, device.power_meter.power, device.power_meter.energy)
        for device in devices(path).devices.values()
        if device.power_meter
    }
    assert found == meters


@pytest.mark.parametrize(
    "path",
    there(
        {"fritzbox/list-zigbee.xml": None},
        {"fritzbox/list-iobroker-fritzdect-issue597.xml": None},
    ),
    ids=name_of,
)
def test_zigbee_units_belong_to_their_parents(path: Path) -> None:
    units = [device for ain, device in devices(path).devices.items() if len(ain) == 19]
    assert units
    assert all(unit.owner_ain == unit.ain[:17] for unit in units)


def test_groups_stand_for_themselves() -> None:
    groups = [
        device
        for path in (*files("fritzbox/group-*.xml"), *files("fritzbox/list-*.xml"))
        for device in devices(path).devices.values()
        if device.is_group
    ]
    assert len(groups) >= 7
    assert all(group.owner_ain == group.ain for group in groups)


@pytest.mark.parametrize(
    ("name", "open_", "block_time", "may_read"),
    [
        ("closed", False, 0, False),
        ("blocked", False, 64, False),
        ("open", True, 0, True),
        ("open-without-smart-home", True, 0, False),
    ],
)
def test_login_pages(name: str, open_: bool, block_time: int, may_read: bool) -> None:
    text = (OURS / "fritzbox" / f"login-{name}.xml").read_text(encoding="utf-8")
    info = parse_session_info(text)
    assert (info.logged_in, info.block_time, info.may_read_devices) == (
        open_,
        timedelta(seconds=block_time),
        may_read,
    )
    assert info.default_user == "fritz4711"
    assert info.challenge.startswith("2$60000$")


def test_the_box_says_what_it_is() -> None:
    info = parse_box_info((OURS / "fritzbox" / "box-info.xml").read_text(encoding="utf-8"))
    assert (info.model, info.firmware_version, info.serial) == (
        "FRITZ!Box 7690",
        "8.25",
        "3810D55E7A1C",
    )


# Tasmota

IMPORT = Quantity.ENERGY_IMPORT
EXPORT = Quantity.ENERGY_EXPORT
POWER = Quantity.POWER
SIMULATED = {IMPORT: 18661.496, EXPORT: 2423.595, POWER: 1341}
ISK = "1ISK0090913873"

type Reading = tuple[str, dict[Quantity, float], str | None]
"""Prefix, values and number of the meter in a message; first zeros wait."""

METERS: dict[str, Reading] = {
    "all-zero-after-power-up": ("", {}, None),
    "feed-in-more-than-import": (
        "MT681",
        {IMPORT: 4401.872, EXPORT: 30522.609, POWER: -2914},
        None,
    ),
    "import-only": ("SML", {IMPORT: 9204.5512, POWER: 467}, "1HLY0200204698"),
    "import-only-feeding-in": ("SML", {IMPORT: 9204.551, POWER: -138}, None),
    "named-power": (
        "Power",
        {IMPORT: 2715.33, EXPORT: 911.0425, POWER: -48},
        "1ITR0033923571",
    ),
    "obis-keys-without-voltage": (
        "eBZ",
        {IMPORT: 8807.316, EXPORT: 0, POWER: -455},
        "1EBZ0100726155",
    ),
    "other-sensors-beside": (
        "SML",
        {IMPORT: 20117.9032, EXPORT: 3340.551, POWER: -1270},
        "0901454d48000000077",
    ),
    "partial-1": ("SML", {POWER: 263}, None),
    "partial-2": ("SML", {POWER: 259}, None),
    "sensor-absolute": ("MT681", SIMULATED, ISK),
    "sensor-bitshake": ("MT681", SIMULATED, ISK),
    "sensor-clock-not-set": ("MT681", SIMULATED, ISK),
    "sensor-docs": ("MT681", SIMULATED, ISK),
    "sensor-duplicate-keys": ("MT681", SIMULATED, ISK),
    "sensor-empty-prefix": ("", {IMPORT: 18661.5, EXPORT: 2423.6, POWER: 1340.66}, ISK),
    "sensor-esp32": ("MT681", SIMULATED, ISK),
    "sensor-gplug": ("z", SIMULATED, ISK),
    "sensor-heat-pump": ("WP", {IMPORT: 18661.496, POWER: 1341}, ISK),
    "sensor-inf-off": ("MT681", {IMPORT: 18661, EXPORT: 2423, POWER: 0}, ISK),
    "sensor-maker-only": ("GS303", SIMULATED, None),
    "sensor-null": ("MT681", {POWER: 1341}, ISK),
    "sensor-obis": ("eBZ", SIMULATED, ISK),
    "sensor-ottelo": ("MT681", SIMULATED, None),
    "sensor-pin-locked": ("MT681", {IMPORT: 18661, EXPORT: 2423, POWER: 0}, None),
    "sensor-tariffs": ("Q3D", SIMULATED | {Quantity.ENERGY_IMPORT_T2: 6403.584}, ISK),
    "sensor-zero-after-boot": ("MT681", {}, None),
    "slash-in-topic-small-letters": ("", {IMPORT: 40318.75, POWER: 612}, None),
    "status10": ("MT681", SIMULATED, ISK),
    "strings-and-blanks-beside": (
        "SML",
        {IMPORT: 5120.07, EXPORT: 211.64, POWER: 1384},
        "1EMH0003265551",
    ),
    "tenths-of-a-watt": ("MT681", {IMPORT: 512.0934, EXPORT: 77.118, POWER: 214.6}, None),
    "truncated-number": ("Haus", {IMPORT: 7754.12, EXPORT: 6098.44, POWER: 31}, None),
    "whole-kwh-without-pin": ("MT175", {IMPORT: 6021, EXPORT: 880, POWER: 0}, None),
    "without-time": ("LK13BE", {IMPORT: 17430.218, EXPORT: 0, POWER: -5}, None),
    "zeros-empty-key-and-duplicate": ("SML", {}, "1LGZ0045207799"),
}
REAL_METERS: dict[str, Reading] = {
    "all-zero-empty-prefix": ("", {}, None),
    "bitshake-custom-topic-empty-prefix": ("", {IMPORT: 28125.25, POWER: 1757}, None),
    "clock-not-set-empty-prefix": ("", {IMPORT: 2173.5, EXPORT: 349.3, POWER: -136.39}, None),
    "ebz-bitshake-obis-keys": (
        "eBZ",
        {IMPORT: 4379.965, EXPORT: 0, POWER: -203},
        "1EBZ0101434306",
    ),
    "ebzd-bitshake-vocab": ("eBZD", {IMPORT: 12345.6, EXPORT: 0, POWER: -123}, None),
    "gs303-meter-id-is-vendor": ("GS303", {IMPORT: 31.834, EXPORT: 5.021, POWER: -93}, None),
    "immediate-partial-1": ("SML", {POWER: 110}, None),
    "immediate-partial-2": ("SML", {POWER: 112}, None),
    "mt631-ottelo-vocab": ("MT631", {IMPORT: 9798.031, EXPORT: 12480.63, POWER: -789}, None),
    "mt681-feed-in": ("MT681", {IMPORT: 15119.035, EXPORT: 62331.037, POWER: -377}, None),
    "mt681-full": (
        "MT681",
        {IMPORT: 15119.035, EXPORT: 62331.037, POWER: 377},
        "0a01495352000",
    ),
    "mt681-three-keys": ("MT681", {IMPORT: 186.7106, EXPORT: 266.8507, POWER: 79.9}, None),
    "pin-locked-mt175": ("MT175", {IMPORT: 9755, EXPORT: 12399, POWER: 0}, None),
    "pin-locked-mt691": ("MT691", {IMPORT: 30, EXPORT: 10640, POWER: 0}, None),
    "prefix-named-power": (
        "Power",
        {IMPORT: 3670.225, EXPORT: 85.5679, POWER: -6},
        "1ITR0055594060",
    ),
    "reconstructed-e320-offset": ("E320", {IMPORT: 123.4, EXPORT: 1.2, POWER: 456}, None),
    "reconstructed-mt681-pyhab": (
        "MT681",
        {IMPORT: 12345.678, EXPORT: 0, POWER: 412},
        "1ISK0090783744",
    ),
    "script-published-no-time": ("EMH", {IMPORT: 24846.796, EXPORT: 0, POWER: -2}, None),
    "sml-dj-esp32-temperature-string-extras": (
        "SML",
        {IMPORT: 1972.69, EXPORT: 96.98, POWER: 2357},
        "1EMH0010258111",
    ),
    "sml-dj-keys-status10": ("SML", {IMPORT: 4831.6445, EXPORT: 9007.7471, POWER: 200}, None),
    "sml-evcc-3787-status": (
        "SML",
        {IMPORT: 34507.4761, EXPORT: 14737.1422, POWER: -894},
        "0901454d48000000000",
    ),
    "sml-opendtu-status10": ("SML", {IMPORT: 5953.3436, EXPORT: 8620.3801, POWER: -27}, None),
    "sml-total-kwh-curr-w": ("SML", {IMPORT: 4086.4367, POWER: 210}, "1HLY0200882220"),
    "sml-total-kwh-hoymiles": ("SML", {IMPORT: 15011.575, POWER: -71}, None),
    "strom-status8-short-id": ("Strom", {IMPORT: 9982.81, EXPORT: 9055.83, POWER: 7}, "090"),
    "zeros-empty-and-duplicate-key": ("SML", {}, "0801000851030001d7e2"),
}
WITHOUT_METER = {
    "discovery-config",
    "discovery-config-of-a-lamp",
    "discovery-sensors",
    "discovery-sensors-empty",
    "energy-of-a-plug",
    "energy-of-three-phases",
    "info1",
    "info2",
    "info3",
    "legacy-thermostat",
    "old-info1",
    "old-info3",
    "state",
    "switches-with-milliseconds",
}
"""Other sensors, other messages."""
REAL_WITHOUT_METER = {
    "discovery-config",
    "discovery-sensors-ehz",
    "discovery-sensors-empty",
    "energy-block-arrays",
    "energy-block-sdm120",
    "info1",
    "info3",
    "reconstructed-pyhab-fritz-republish",
    "state-of-same-reader",
    "time-with-offset-and-ms",
}
REFUSED = {"a-list", "cut-off-with-blanks", "sensor-invalid-json"}
REAL_REFUSED = {"invalid-json-trailing-spaces", "index"}
ELSEWHERE = {*(f"flipped-bit-{number}" for number in (1, 2, 3)), "sensor-two-meters"}
REAL_ELSEWHERE = {f"bitflip-{number}" for number in (1, 2, 3)}
"""In tests of their own."""
TOTALS = {IMPORT, EXPORT, POWER, Quantity.ENERGY_IMPORT_T2}


def messages[T](ours: dict[str, T], real: dict[str, T]) -> dict[Path, T]:
    """Return what is expected of each message."""
    return there(
        {f"tasmota/{name}.json": value for name, value in ours.items()},
        {f"tasmota/tasmota-{name}.json": value for name, value in real.items()},
    )


def test_each_message_is_accounted_for() -> None:
    ours = METERS.keys() | WITHOUT_METER | REFUSED | ELSEWHERE
    real = REAL_METERS.keys() | REAL_WITHOUT_METER | REAL_REFUSED | REAL_ELSEWHERE
    assert set(files("tasmota/*.json")) == messages(dict.fromkeys(ours), dict.fromkeys(real)).keys()


@pytest.mark.parametrize(("path", "reading"), messages(METERS, REAL_METERS).items(), ids=name_of)
def test_messages_of_readers_are_read(path: Path, reading: Reading) -> None:
    prefix, values, number = reading
    ((found, block),) = MeterIndex(None).assign(blocks(path), lambda _: None)
    assert (found, block.prefix) == ("", prefix)
    clock = Clock()
    one = OneMeter(clock)
    for _ in range(7):
        # Again and again, so that a counter at zero is accepted as well.
        one.receive_fields(20, block.fields)
    shown = {quantity: value for quantity, value in one.meter.values.items() if quantity in TOTALS}
    assert shown == values
    assert (one.meter.identity.number and one.meter.identity.number.number) == number
    assert one.meter.problems == set()


@pytest.mark.parametrize(
    "path",
    messages(dict.fromkeys(sorted(WITHOUT_METER)), dict.fromkeys(sorted(REAL_WITHOUT_METER))),
    ids=name_of,
)
def test_messages_of_others_hold_no_meter(path: Path) -> None:
    assert blocks(path) == []


@pytest.mark.parametrize(
    "path",
    messages(dict.fromkeys(sorted(REFUSED)), dict.fromkeys(sorted(REAL_REFUSED))),
    ids=name_of,
)
def test_messages_that_are_no_object_are_refused(path: Path) -> None:
    with pytest.raises(MalformedMessageError):
        blocks(path)


def test_two_meters_of_a_reader_are_distinguished() -> None:
    one, two = blocks(OURS / "tasmota" / "sensor-two-meters.json")
    assert (one.prefix, one.fields["Meter_id"]) == ("MT681", "0a0149534b00056b3c51")
    assert (two.prefix, two.fields["Meter_Number"]) == ("WP", "0a01454d480000a1b2c3")


@pytest.mark.parametrize(
    ("path", "counter"),
    there(
        {"tasmota/flipped-bit-1.json": 1830417.2058},
        # Within a second 524 kWh less, and back: the recorder would have booked 2531735 kWh.
        {"tasmota/tasmota-bitflip-1.json": 2532259.7694},
    ).items(),
    ids=name_of,
)
def test_a_flipped_bit_does_not_reach_the_counter(path: Path, counter: float) -> None:
    clock = Clock()
    one = OneMeter(clock)
    for number in (1, 2, 3):
        (block,) = blocks(path.with_name(path.name.replace("1", str(number))))
        # These readers publish Wh, which their users have assigned.
        fields = {
            key: value / 1000 if isinstance(value, float) and value > 1e6 else value
            for key, value in block.fields.items()
        }
        one.receive_fields(1, fields)
        assert one.counter(Quantity.ENERGY_IMPORT_T2) == pytest.approx(counter / 1000)
    assert one.counters.rejected == {(Quantity.ENERGY_IMPORT_T2, Verdict.JITTER): 1}


@pytest.mark.parametrize(
    ("path", "powers"),
    there(
        {"tasmota/partial-1.json": (263, 259)},
        {"tasmota/tasmota-immediate-partial-1.json": (110, 112)},
    ).items(),
    ids=name_of,
)
def test_immediate_messages_are_merged(path: Path, powers: tuple[float, float]) -> None:
    clock = Clock()
    one = OneMeter(clock, energy_import=100.0)
    one.receive(0, Total_in=100.0)
    for number, watts in enumerate(powers, 1):
        (block,) = blocks(path.with_name(path.name.replace("1", str(number))))
        assert not block.is_complete
        one.receive_fields(1, block.fields)
        assert one.meter.values == {IMPORT: 100.0, POWER: watts}


ANNOUNCED = there(
    {
        "tasmota/discovery-config.json": ("A4CF129282F4", "192.168.178.84", "15.5.0"),
        "tasmota/discovery-config-of-a-lamp.json": ("5CCF7F1A48A2", "192.168.178.61", "9.5.0"),
    },
    {"tasmota/tasmota-discovery-config.json": ("84F3EBE0DB68", "192.168.1.105", "9.1.0")},
)


@pytest.mark.parametrize(("path", "reader"), ANNOUNCED.items(), ids=name_of)
def test_announcements_report_what_a_reader_is(path: Path, reader: tuple[str, str, str]) -> None:
    found = parse_discovery(path.read_bytes())
    assert (found.mac, found.address, found.version) == reader
    topic = json.loads(path.read_bytes())["t"]
    assert found.topics == reader_topics(f"tele/{topic}/SENSOR")


@pytest.mark.parametrize(
    ("path", "prefix", "numbers"),
    [
        (path, *rest)
        for path, rest in there(
            {
                "tasmota/discovery-sensors.json": (
                    "MT681",
                    {"E_in": 18661.496, "E_out": 2423.595, "Power": 1341},
                )
            },
            {
                "tasmota/tasmota-discovery-sensors-ehz.json": (
                    "eHZ",
                    {"E_in": 16585.289, "E_out": 0, "Power": 326},
                )
            },
        ).items()
    ],
    ids=name_of,
)
def test_announcements_report_meters(path: Path, prefix: str, numbers: dict[str, float]) -> None:
    (block,) = discovered_meters(path.read_bytes())
    assert block.prefix == prefix
    assert block.numbers() == numbers
    assert may_have_meter(path.read_bytes())


@pytest.mark.parametrize("path", files("tasmota/*discovery-sensors-empty.json"), ids=name_of)
def test_an_announcement_may_come_before_the_first_telegram(path: Path) -> None:
    assert discovered_meters(path.read_bytes()) == []
    assert may_have_meter(path.read_bytes())


@pytest.mark.parametrize(
    ("path", "uptime"),
    there(
        {"tasmota/state.json": 0},
        {"tasmota/tasmota-state-of-same-reader.json": 512420},
    ).items(),
    ids=name_of,
)
def test_the_state_reports_the_uptime(path: Path, uptime: int) -> None:
    assert parse_state(path.read_bytes()).uptime == timedelta(seconds=uptime)


# Scripts

OBIS = {
    "1.8.0": Quantity.ENERGY_IMPORT,
    "2.8.0": Quantity.ENERGY_EXPORT,
    "16.7.0": Quantity.POWER,
    "96.1.0": Quantity.METER_ID,
}


def scripts() -> list[dict[str, Any]]:
    paths = [folder / "sml_descriptors.jsonl" for folder in FOLDERS]
    return [
        json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()
    ]


def test_the_vocabulary_covers_most_scripts() -> None:
    found: dict[Quantity, list[bool]] = {quantity: [] for quantity in Quantity}
    for line in scripts():
        code = (line["obis"] or "").rpartition(":")[2].partition("*")[0]
        rolling = re.fullmatch(r".*_(\d+d|reset)", line["key"])
        if (quantity := OBIS.get(code)) and line["unit"] in {"kWh", "W", ""} and not rolling:
            mapping = mapping_of_name(line["key"])
            found[quantity].append(mapping is not None and mapping.quantity is quantity)
    share = {quantity: sum(known) / len(known) for quantity, known in found.items() if known}
    assert min(share[quantity] for quantity in (IMPORT, EXPORT, POWER)) > 0.8, share


def test_no_mapping_of_name_one_direction_is_taken_for_the_other() -> None:
    wrong = {
        (line["key"], line["obis"])
        for line in scripts()
        if (mapping := mapping_of_name(line["key"]))
        and (code := (line["obis"] or "").rpartition(":")[2].partition("*")[0])
        and (
            (mapping.quantity is IMPORT and code.startswith(("2.", "4.")))
            or (mapping.quantity is EXPORT and code.startswith(("1.", "3.")))
            or (mapping.quantity is POWER and code.startswith("2."))
        )
    }
    assert wrong == set()
