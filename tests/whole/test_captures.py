"""What real boxes and readers have sent: everything parses, or is refused for a known reason."""

from datetime import timedelta
import json
from pathlib import Path
import re
from typing import Any

import pytest

from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.fritzbox.devices import DeviceList, MeterKind, parse_device_list
from custom_components.py_hab.fritzbox.xml import MalformedAnswerError
from custom_components.py_hab.sml.key_names import register_of
from custom_components.py_hab.sml.meter_index import MeterIndex
from custom_components.py_hab.sml.payload import (
    Block,
    MalformedMessageError,
    discovered_meters,
    may_have_meter,
    meter_blocks,
)
from custom_components.py_hab.sml.registers import Quantity
from custom_components.py_hab.sml.topics import parse_discovery, parse_uptime, reader_topics
from tests.conftest import CAPTURES
from tests.support.one_meter import OneMeter, turned

pytestmark = pytest.mark.skipif(not CAPTURES.is_dir(), reason="the captures are not here")

BOX = CAPTURES / "fritzbox"
READER = CAPTURES / "tasmota"


def names(folder: Path, pattern: str) -> list[str]:
    return sorted(path.name for path in folder.glob(pattern))


def devices(name: str) -> DeviceList:
    return parse_device_list((BOX / name).read_text(encoding="utf-8"))


def blocks(name: str) -> list[Block]:
    return meter_blocks((READER / f"tasmota-{name}.json").read_bytes(), register_of)


# FRITZ!Box


@pytest.mark.parametrize(
    "name",
    [name for name in names(BOX, "*.xml") if not name.startswith(("stats-", "malformed-"))],
)
def test_device_lists_of_real_boxes_are_read(name: str) -> None:
    answer = devices(name)
    assert answer.devices or answer.skipped_entries or "empty" in name
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


@pytest.mark.parametrize("name", names(BOX, "stats-*.xml"))
def test_statistics_are_no_device_list(name: str) -> None:
    with pytest.raises(MalformedAnswerError, match="<devicelist> expected"):
        devices(name)


@pytest.mark.parametrize("name", [*names(BOX, "malformed-*.xml"), *names(BOX, "rest-*.json")])
def test_what_is_not_xml_is_refused(name: str) -> None:
    with pytest.raises(MalformedAnswerError, match="not XML"):
        devices(name)


def test_entries_without_identifier_or_with_another_ones_are_set_aside() -> None:
    found = {name: devices(name).skipped_entries for name in names(BOX, "list-*.xml")}
    assert {name: reasons for name, reasons in found.items() if reasons} == {
        "list-fritzbox-java-api-devicelistalltogetherpayload.xml": (
            "second entry with the same identifier",
        ),
        "list-fritzctl-devicelist.xml": ("second entry with the same identifier",),
        "list-iobroker-fritzdect-issue598.xml": ("entry without identifier",),
    }


def test_the_plug_that_forgot_everything_has_read_nothing() -> None:
    """home-assistant/core#55799: its neighbour in the same list is well."""
    forgetful, well = (
        device.power_meter
        for ain in ("11657 0067315", "11657 0138916")
        if (device := devices("list-core-55799.xml").devices[ain])
    )
    assert forgetful is not None
    assert (forgetful.power, forgetful.energy, forgetful.voltage) == (None, None, None)
    assert well is not None
    assert (well.power, well.energy, well.voltage) == (0, 1811.645, 223.898)


@pytest.mark.parametrize(
    ("name", "meters"),
    [
        (
            "fritz-smart-energy-250-03-60.xml",
            {"15282 1234567-1": (MeterKind.SUPPLY, None, 19025.0)},
        ),
        (
            "fritz-smart-energy-250-03-76.xml",
            {"16000 0000001-1": (MeterKind.SUPPLY, None, 3134.0)},
        ),
        (
            "list-astrameter.xml",
            {
                "12345 0123456-1": (MeterKind.SUPPLY, -71.0, 16933.817),
                "12345 0123456-2": (MeterKind.FEED_IN, 120.0, 653.065),
            },
        ),
    ],
    ids=["old form, no PIN", "new form, no PIN", "both directions"],
)
def test_meter_heads_of_each_form(name: str, meters: dict[str, Any]) -> None:
    found = {
        device.ain: (device.power_meter.kind, device.power_meter.power, device.power_meter.energy)
        for device in devices(name).devices.values()
        if device.power_meter
    }
    assert found == meters


def test_zigbee_units_belong_to_their_parents() -> None:
    answer = devices("list-iobroker-fritzdect-issue597.xml")
    units = [device for ain, device in answer.devices.items() if len(ain) == 19]
    assert units
    assert all(unit.owner_ain == unit.ain[:17] for unit in units)


def test_groups_stand_for_themselves() -> None:
    groups = [
        device
        for name in names(BOX, "*.xml")
        if name.startswith(("group-", "list-"))
        for device in devices(name).devices.values()
        if device.is_group
    ]
    assert len(groups) > 10
    assert all(group.owner_ain == group.ain for group in groups)


# Tasmota

IMPORT = Quantity.ENERGY_IMPORT
EXPORT = Quantity.ENERGY_EXPORT
POWER = Quantity.POWER

METERS: dict[str, tuple[str, dict[Quantity, float], str | None]] = {
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
"""Prefix, values and number of the meter in each message that has one; first zeros wait."""
WITHOUT_METER = {
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
"""Other sensors, other messages."""
REFUSED = {"invalid-json-trailing-spaces", "index"}
TOTALS = {IMPORT, EXPORT, POWER, Quantity.ENERGY_IMPORT_T2}


def test_each_message_is_accounted_for() -> None:
    kinds = {name.removeprefix("tasmota-")[:-5] for name in names(READER, "*.json")}
    flips = {f"bitflip-{number}" for number in (1, 2, 3)}
    assert kinds == METERS.keys() | WITHOUT_METER | REFUSED | flips


@pytest.mark.parametrize("name", METERS)
def test_messages_of_real_readers_are_read(name: str) -> None:
    prefix, values, number = METERS[name]
    ((found, block),) = MeterIndex(None).assign(blocks(name), lambda _: None)
    assert (found, block.prefix) == ("", prefix)
    with turned() as clock:
        one = OneMeter(clock)
        for _ in range(7):
            # Again and again, so that a counter at zero is believed as well.
            one.take_fields(20, block.fields)
        shown = {
            quantity: value for quantity, value in one.meter.values.items() if quantity in TOTALS
        }
        assert shown == values
        assert (one.meter.identity.number and one.meter.identity.number.number) == number
        assert one.meter.problems == set()


@pytest.mark.parametrize("name", sorted(WITHOUT_METER))
def test_messages_of_others_hold_no_meter(name: str) -> None:
    assert blocks(name) == []


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_messages_that_are_no_object_are_refused(name: str) -> None:
    with pytest.raises(MalformedMessageError):
        blocks(name)


def test_a_flipped_bit_does_not_reach_the_counter() -> None:
    """Within a second 524 kWh less, and back: the recorder would have booked 2531735 kWh."""
    with turned() as clock:
        one = OneMeter(clock)
        for number in (1, 2, 3):
            (block,) = blocks(f"bitflip-{number}")
            one.take_fields(1, block.fields)
            assert one.counter(Quantity.ENERGY_IMPORT_T2) == 2532259.7694
        assert one.counters.rejected == {(Quantity.ENERGY_IMPORT_T2, Verdict.DECREASED): 1}


def test_immediate_messages_are_merged() -> None:
    with turned() as clock:
        one = OneMeter(clock, energy_import=100.0)
        one.take(0, Total_in=100.0)
        for number, watts in ((1, 110), (2, 112)):
            (block,) = blocks(f"immediate-partial-{number}")
            assert not block.is_whole
            one.take_fields(1, block.fields)
            assert one.meter.values == {IMPORT: 100.0, POWER: watts}


def test_announcements_tell_topics_and_meters() -> None:
    config, full, empty = (
        (READER / f"tasmota-discovery-{name}.json").read_bytes()
        for name in ("config", "sensors-ehz", "sensors-empty")
    )
    mocked_reader = parse_discovery(config)
    assert (mocked_reader.mac, mocked_reader.address, mocked_reader.version) == (
        "84F3EBE0DB68",
        "192.168.1.105",
        "9.1.0",
    )
    assert mocked_reader.topics == reader_topics("tele/h801kuchnia/SENSOR")
    (block,) = discovered_meters(full)
    assert block.prefix == "eHZ"
    assert block.numbers() == {"E_in": 16585.289, "E_out": 0, "Power": 326}
    assert may_have_meter(full)
    assert discovered_meters(empty) == []
    assert may_have_meter(empty)


def test_the_state_tells_the_uptime() -> None:
    payload = (READER / "tasmota-state-of-same-reader.json").read_bytes()
    assert parse_uptime(payload) == timedelta(seconds=512420)


# Published scripts

OBIS = {
    "1.8.0": Quantity.ENERGY_IMPORT,
    "2.8.0": Quantity.ENERGY_EXPORT,
    "16.7.0": Quantity.POWER,
    "96.1.0": Quantity.METER_ID,
}


def scripts() -> list[dict[str, Any]]:
    path = CAPTURES / "sml_descriptors.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_vocabulary_covers_most_published_scripts() -> None:
    found: dict[Quantity, list[bool]] = {quantity: [] for quantity in Quantity}
    for line in scripts():
        code = (line["obis"] or "").rpartition(":")[2].partition("*")[0]
        rolling = re.fullmatch(r".*_(\d+d|reset)", line["key"])
        if (quantity := OBIS.get(code)) and line["unit"] in {"kWh", "W", ""} and not rolling:
            register = register_of(line["key"])
            found[quantity].append(register is not None and register.quantity is quantity)
    share = {quantity: sum(known) / len(known) for quantity, known in found.items() if known}
    assert min(share[quantity] for quantity in (IMPORT, EXPORT, POWER)) > 0.8, share


def test_no_published_register_of_one_direction_is_taken_for_the_other() -> None:
    wrong = {
        (line["key"], line["obis"])
        for line in scripts()
        if (register := register_of(line["key"]))
        and (code := (line["obis"] or "").rpartition(":")[2].partition("*")[0])
        and (
            (register.quantity is IMPORT and code.startswith(("2.", "4.")))
            or (register.quantity is EXPORT and code.startswith(("1.", "3.")))
            or (register.quantity is POWER and code.startswith("2."))
        )
    }
    assert wrong == set()
