"""Diagnostics: enough for a bug report, and nothing that shows whose home it is."""

from datetime import timedelta
from http import HTTPStatus
import re
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.costs.contract import Contract
from custom_components.py_hab.costs.figures import Amount, CostFigures
from custom_components.py_hab.costs.prices import Price
from custom_components.py_hab.counters.gap import Gap
from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.history.planning.change import ChangeReason
from custom_components.py_hab.history.statistics.editor import get_editor
from custom_components.py_hab.history.statistics.journal import StatisticChanges
from custom_components.py_hab.meter.replacements import ReplacementRecord
from custom_components.py_hab.sml.registers import Quantity
from homeassistant.components.diagnostics import REDACTED
from homeassistant.components.recorder import Recorder
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
from simulator.fritzbox import DEFAULT_PASSWORD, DEFAULT_USER, Fault, SimulatedFritzBox
from simulator.fritzbox_devices import (
    BATH,
    CELLAR,
    DEVICES,
    EXPORT,
    IMPORT,
    REFRIGERATOR,
    SWITCH,
    WINDOW,
    Buttons,
)
from simulator.reader import SimulatedReader

from .conftest import START
from .support.mocked_reader import MINUTE, NUMBER, PRINTED, UNIQUE_ID, MockedReader
from .support.passing_time import Time
from .support.priced import LONG_AGO, priced
from .support.watching import quiet, set_up


def secrets_of_the_box(box: SimulatedFritzBox) -> set[str]:
    """Return everything that would show whose box it is, in all its spellings."""
    serial = box.identity.serial
    keys = [key for device in DEVICES if (keys := device.block(Buttons)) for key in keys.keys]
    return {
        DEFAULT_USER,
        DEFAULT_PASSWORD,
        box.host,
        "127.0.0.1",
        str(box.port),
        serial,
        serial.lower(),
        dr.format_mac(serial),
        *(session.sid for session in box.sessions),
        *(device.ain for device in DEVICES),
        *(device.ain.replace(" ", "") for device in DEVICES),
        *(device.name for device in DEVICES),
        *(name for _, name in keys),
    }


def texts(content: Any) -> list[str]:
    """Return all texts in it, keys included."""
    match content:
        case dict():
            return [text for item in content.items() for part in item for text in texts(part)]
        case list():
            return [text for part in content for text in texts(part)]
        case _:
            return [str(content)]


def assert_no_secret(content: Any, secrets: set[str]) -> None:
    """No secret may stand anywhere, as a whole or in a longer text."""
    assert "" not in secrets
    found = {secret for secret in secrets for text in texts(content) if secret in text}
    assert found == set()
    # What was no JSON would be reported in the words of Python.
    assert not any("__type" in text or "repr" in text for text in texts(content))


def device_of(hass: HomeAssistant, entry: MockConfigEntry, identifier: str) -> dr.DeviceEntry:
    (device,) = (
        device
        for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
        if (DOMAIN, identifier) in device.identifiers
    )
    assert isinstance(device, dr.DeviceEntry)
    return device


async def test_box_reports_all_but_secrets(
    time: Time,
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    box.override(BATH, tsoll=200, name="Badezimmer von Erika")
    await set_up(hass, fritzbox_entry)
    box.override(IMPORT, energy=0)
    await fritzbox_entry.runtime_data.coordinator.async_refresh()
    reported: Any = await get_diagnostics_for_config_entry(hass, hass_client, fritzbox_entry)
    assert_no_secret(reported, secrets_of_the_box(box) | {"Erika"})
    assert reported["state"] == "loaded"
    assert reported["last_update_success"] is True
    assert reported["last_exception"] is None
    assert reported["box"]["model"] == "FRITZ!Box 7690"
    assert reported["fritzos"] == "8.25"
    order = [device.ain for device in DEVICES]
    assert [device["number"] for device in reported["devices"]] == list(range(len(DEVICES)))
    window = reported["devices"][order.index(WINDOW)]
    assert window["part_of"] == order.index(WINDOW.removesuffix("-1"))
    assert "alert" in window["blocks"]
    assert reported["devices"][order.index(CELLAR)]["present"] is False
    bath = reported["devices"][order.index(BATH)]
    assert bath["parse_errors"] == [["hkr/tsoll", "undefined"]]
    assert bath["rest_details"]["firmware_update"] is False
    # When somebody comes home and opens a window is nobody's business.
    assert bath["thermostat"]["next_change"] == "hours ahead"
    assert window["alert_changed"] == "minutes ago"
    pressed = reported["devices"][order.index(SWITCH)]["buttons"]
    assert {key["last_pressed"] for key in pressed} <= {
        "minutes ago",
        "hours ago",
        "days ago",
        None,
    }
    assert re.search(r"\d{4}-\d\d-\d\d", str(reported)) is None
    refrigerator = reported["devices"][order.index(REFRIGERATOR)]
    assert refrigerator["power_meter"]["energy"] == box.counter(REFRIGERATOR) / 1000
    export = reported["devices"][order.index(EXPORT)]["power_meter"]["energy"]
    assert export == float(f"{box.counter(EXPORT) / 1000:.3g}")
    mocked_reader = reported["devices"][order.index(IMPORT)]
    assert mocked_reader["rest_details"]["smart_meter"] == []
    assert list(reported["rejected_readings"].values()) == [1]
    (rejected,) = reported["rejected_readings"]
    assert rejected.startswith(f"device {order.index(IMPORT)}: ")
    counter = reported["counters"][f"device {order.index(IMPORT)}"]
    assert (list(counter["rejected"].values()), counter["gaps_to_repair"]) == ([1], 0)
    assert 0 <= counter["seconds_since_accepted"] <= 60
    assert f"device {order.index(WINDOW)}" not in reported["counters"]
    assert reported["seconds_between_polls"] == 60
    assert 0 <= reported["seconds_since_last_answer"] < 60


async def test_the_history_is_summed_up_without_the_names_of_its_statistics(
    time: Time,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    await set_up(hass, fritzbox_entry)
    energy = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{REFRIGERATOR}_energy")
    assert energy is not None
    start = int(START.timestamp()) // 3600 * 3600 - 10 * 3600
    changes = StatisticChanges(entry_id=fritzbox_entry.entry_id)
    changes.log(ChangeReason.BACKFILL, hours=3)
    changes.done.inserted.append((start, start + 2 * 3600))
    changes.done.replaced[start + 4 * 3600] = {"state": 1.0, "sum": 1.0}
    get_editor(hass).journal.by_statistic[energy] = changes
    reported: Any = await get_diagnostics_for_config_entry(hass, hass_client, fritzbox_entry)
    assert_no_secret(reported, secrets_of_the_box(box) | {energy})
    [about] = reported["history"]["statistics"]
    assert about == {
        "of": "energy",
        "changes": {"backfill": 1},
        "hours_inserted": 3,
        "rows_replaced": 1,
        "sum_adjustments": 0,
        "pending": False,
        "undone": False,
    }
    assert reported["history"]["seconds_since_last_run"] >= 0
    assert reported["history"]["seconds_until_next_run"] >= 0


async def test_device_reports_its_parts_only(
    time: Time,
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    await set_up(hass, fritzbox_entry)
    mocked_reader = device_of(hass, fritzbox_entry, IMPORT.removesuffix("-1"))
    reported: Any = await get_diagnostics_for_device(
        hass, hass_client, fritzbox_entry, mocked_reader
    )
    assert_no_secret(reported, secrets_of_the_box(box))
    assert [device["product_name"] for device in reported["devices"]] == [
        "FRITZ!Smart Energy 250"
    ] * 3
    switch = device_of(hass, fritzbox_entry, SWITCH)
    reported = await get_diagnostics_for_device(hass, hass_client, fritzbox_entry, switch)
    assert_no_secret(reported, secrets_of_the_box(box))
    assert len(reported["devices"][0]["buttons"]) == 4


async def test_device_that_is_the_box_reports_everything(
    time: Time,
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    await set_up(hass, fritzbox_entry)
    device = device_of(hass, fritzbox_entry, dr.format_mac(box.identity.serial))
    reported: Any = await get_diagnostics_for_device(hass, hass_client, fritzbox_entry, device)
    assert_no_secret(reported, secrets_of_the_box(box))
    assert len(reported["devices"]) == len(DEVICES)


async def test_box_that_is_gone_reports_what_it_was_and_what_happened(
    time: Time,
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    await set_up(hass, fritzbox_entry)
    secrets = secrets_of_the_box(box)
    await box.stop()
    await fritzbox_entry.runtime_data.coordinator.async_refresh()
    reported: Any = await get_diagnostics_for_config_entry(hass, hass_client, fritzbox_entry)
    assert_no_secret(reported, secrets)
    assert reported["last_update_success"] is False
    assert reported["last_exception"] == "UpdateFailed"
    assert len(reported["devices"]) == len(DEVICES)


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(status=404)])
async def test_box_that_cannot_be_set_up_reports_why(
    time: Time,
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    fault: Fault,
) -> None:
    await set_up(hass, fritzbox_entry)
    device = device_of(hass, fritzbox_entry, REFRIGERATOR)
    box.fault(fault)
    await hass.config_entries.async_reload(fritzbox_entry.entry_id)
    assert fritzbox_entry.state is ConfigEntryState.SETUP_RETRY
    reported: Any = await get_diagnostics_for_config_entry(hass, hass_client, fritzbox_entry)
    assert_no_secret(reported, secrets_of_the_box(box))
    assert reported["state"] == "setup_retry"
    # The oldest supported release forgets the reason of a refresh.
    assert reported["error"] == fritzbox_entry.error_reason_translation_key
    assert reported["entry"]["data"]["kind"] == "fritzbox"
    assert await get_diagnostics_for_device(hass, hass_client, fritzbox_entry, device) == reported
    box.clear_faults()


async def test_meter_reports_all_but_secrets(
    time: Time,
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
) -> None:
    await set_up(hass, meter_entry)
    number = meter_entry.runtime_data.coordinator.data[""].identity.number.number
    secrets = {
        number,
        number[-8:],
        reader.meter.number,
        reader.topic,
        reader.mac,
        reader.ip,
        reader.tele_topic("SENSOR"),
        str(meter_entry.unique_id),
    }
    reported: Any = await get_diagnostics_for_config_entry(hass, hass_client, meter_entry)
    assert_no_secret(reported, secrets)
    assert reported["available"] is True
    meter = reported["meters"]["1"]
    assert meter["registers"].keys() == {"energy_import", "energy_export", "power"}
    assert meter["registers"]["power"]["key"] == "Power"
    assert meter["registers"]["power"]["fresh"] is True
    assert (meter["has_number"], meter["manufacturer"]) == (True, "Iskraemeco")
    assert (meter["problems"], meter["unknown"], meter["findings"]) == ([], {}, {})
    counter = meter["registers"]["energy_import"]
    reading = meter_entry.runtime_data.coordinator.data[""].values["energy_import"]
    # The first reading waits for a second one.
    quarantined = {"quarantined": 1}
    # The value shows the unit, and not whose meter it is.
    assert counter["value"] == float(f"{reading:.3g}") != reading
    assert (counter["factor"], counter["rejected"], counter["gaps_to_repair"]) == (
        1.0,
        quarantined,
        0,
    )
    assert 0 <= counter["seconds_since_accepted"] < 60
    assert 0 <= meter["seconds_since_last_message"] < 60
    assert meter["waiting"] is None
    assert reported["reader"].keys() == {"version"}
    assert reported["replacements"] == []
    meter_entry.runtime_data.counters.judge("energy_import", 0.0, dt_util.utcnow())
    reported = await get_diagnostics_for_config_entry(hass, hass_client, meter_entry)
    assert reported["rejected_readings"]["energy_import: zero"] == 1
    assert reported["meters"]["1"]["registers"]["energy_import"]["rejected"] == {
        **quarantined,
        "zero": 1,
    }
    device = device_of(hass, meter_entry, str(meter_entry.unique_id))
    assert await get_diagnostics_for_device(hass, hass_client, meter_entry, device) == reported
    before, at = 31175.461, dt_util.utcnow() - timedelta(hours=2)
    meter_entry.runtime_data.coordinator.meters.replacements.records.append(
        ReplacementRecord(
            meter_index="",
            quantity=Quantity.ENERGY_IMPORT,
            verdict=Verdict.REPLACED,
            before=before,
            now=3.2024,
            at=at,
            gap=Gap(
                key="energy_import",
                start=at.timestamp() - 1800,
                end=at.timestamp(),
                before=before,
                after=3.2024,
                verdict=Verdict.REPLACED,
            ),
        )
    )
    reported = await get_diagnostics_for_config_entry(hass, hass_client, meter_entry)
    assert_no_secret(reported, {str(before), "3.2024"})
    meter_entry.runtime_data.coordinator.reports.async_ask("")
    client = await hass_client()
    answer = await client.get(f"/api/diagnostics/config_entry/{meter_entry.entry_id}")
    assert answer.status == HTTPStatus.OK
    # Home Assistant adds what it stores of our issues.
    whole = await answer.json()
    assert [issue["issue_id"] for issue in whole["issues"]] == [
        f"meter_replaced_{meter_entry.entry_id}"
    ]
    assert_no_secret(whole["issues"], {"31,175.461", "3.2024", meter_entry.title})
    [replacement] = reported["replacements"]
    assert replacement == {
        "at": "hours ago",
        "meter": "1",
        "quantity": "energy_import",
        "verdict": "replaced",
        "before": 31200.0,
        "now": 3.2,
        "seconds_without_reading": 1800,
        "answer": None,
    }
    await quiet(hass)


async def test_texts_of_a_meter_stay_out_of_its_diagnostics(
    time: Time,
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    mock_hass_config: None,
    mqtt_client_mock: Any,
) -> None:
    mocked_reader = MockedReader(time, hass, mqtt_client_mock)
    await mocked_reader.connect()
    mocked_reader.blocks["MT681"] |= {
        "owner": "Erika",
        "x1": NUMBER,
        "x2": 12.5,
        "x3": 9091387312345,
        "x4": [1],
        "x5": 90913873,
    }
    entry = mocked_reader.entry(prefix="MT681")
    await mocked_reader.set_up(entry)
    await mocked_reader.says("SENSOR", "{")
    await mocked_reader.lives(18 * MINUTE)
    reported: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert_no_secret(reported, {"Erika", NUMBER, PRINTED, "90913873", "tasmota_9282F4", UNIQUE_ID})
    meter = reported["meters"]["1"]
    assert meter["unknown"].keys() == {"owner", "x1", "x2", "x3", "x4", "x5"}
    assert meter["unknown"]["x2"] == "12.5"
    assert meter["unknown"]["x5"] == "90900000"
    assert meter["unknown"]["owner"] == REDACTED
    assert meter["problems"] == ["reader_frozen"]
    assert meter["registers"]["energy_import"]["fresh"] is False
    assert reported["unreadable_messages"] == 1
    assert reported["available"] is False
    await mocked_reader.disconnect()


async def test_prices_are_counted_and_not_shown(
    time: Time,
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    price = Price(since=LONG_AGO, price=0.3217, entity="sensor.market")
    hass.config_entries.async_update_entry(
        fritzbox_entry, options=priced(price, contract=Contract(start=LONG_AGO, instalment=87.6))
    )
    await set_up(hass, fritzbox_entry)
    found = await get_diagnostics_for_config_entry(hass, hass_client, fritzbox_entry)
    assert found["prices"] == [{"prices": 1, "windows": 0, "entities": 1, "has_contract": True}]
    shown = str(found)
    assert not [each for each in ("0.3217", "87.6", "market", IMPORT) if each in shown]
    fritzbox_entry.runtime_data.costs.figures["1"] = CostFigures(
        until=dt_util.utc_from_timestamp(0),
        today=Amount(amount=1.0, since=dt_util.utc_from_timestamp(0)),
        month=Amount(amount=1.0, since=dt_util.utc_from_timestamp(0)),
        waiting=3,
    )
    found = await get_diagnostics_for_config_entry(hass, hass_client, fritzbox_entry)
    assert found["costs"] == [{"until": "years ago", "waiting": 3}]
