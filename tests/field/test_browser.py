"""What a new user sees in the browser: names, states, tables, menus, and what stays undisturbed."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from simulator.broker import Broker
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import BATH, DEVICES
from simulator.reader import SimulatedReader
from tests.support.dialogue import Dialogue, add, change, leave, prefer
from tests.support.mocked_reader import UNIQUE_ID, MockedReader, devices
from tests.support.passing_time import Time
from tests.support.scripted_reader import scripted
from tests.support.watching import set_up, state_of

pytestmark = pytest.mark.usefixtures("little_time")

PACKAGE: Final = Path(__file__).parents[2] / "custom_components" / DOMAIN
CAPTURES: Final = Path(__file__).parents[1] / "fixtures" / "tasmota"
TOPIC: Final = "tele/tasmota_9282F4/SENSOR"


def texts(language: str) -> Mapping[str, Any]:
    """Return the texts of a language."""
    found: Mapping[str, Any] = json.loads(
        (PACKAGE / "translations" / f"{language}.json").read_text(encoding="utf-8")
    )
    return found


def entity(hass: HomeAssistant, platform: str, unique_id: str) -> er.RegistryEntry:
    """Return an entity, also a disabled one."""
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(platform, DOMAIN, unique_id)
    assert entity_id is not None
    found = registry.async_get(entity_id)
    assert found is not None
    return found


def rows(dialogue: Dialogue) -> list[list[str]]:
    """Return the cells of the table of values."""
    lines = dialogue.placeholders["values"].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


async def confirm_page(hass: HomeAssistant, broker: Broker, fields: Mapping[str, Any]) -> Dialogue:
    """Add a meter that publishes these fields, as far as the page that shows them."""
    async with scripted(broker) as reader, reader.repeating("house/meter", {"m": fields}):
        dialogue = await add(hass, "tasmota")
        await dialogue.answer(topic="house/meter")
    assert dialogue.step == "tasmota_confirm"
    return dialogue


# The box


async def test_a_weak_battery_counts_once(
    time: Time, hass: HomeAssistant, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    assert state_of(hass, f"{BATH}_battery") is not None
    beside = entity(hass, "binary_sensor", f"{BATH}_battery_low")
    assert beside.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    assert beside.original_name == "Battery state"


async def test_a_battery_without_a_percentage_has_a_state(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    box.override(BATH, battery="")
    await set_up(hass, fritzbox_entry)
    assert state_of(hass, f"{BATH}_battery_low", "binary_sensor") == "off"


async def test_an_open_window_that_is_only_inferred_is_no_window_contact(
    time: Time, hass: HomeAssistant, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    assert entity(hass, "binary_sensor", f"{BATH}_window_open").original_device_class is None
    states = texts("en")["entity"]["binary_sensor"]["window_open"]["state"]
    assert states == {"on": "Detected", "off": "Clear"}


@pytest.mark.parametrize("ains", [{device.ain for device in DEVICES}])
@pytest.mark.parametrize(("language", "group"), [("en", "Group"), ("de", "Gruppe")])
async def test_makers_and_groups_have_names(
    time: Time, hass: HomeAssistant, fritzbox_entry: MockConfigEntry, language: str, group: str
) -> None:
    hass.config.language = language
    await set_up(hass, fritzbox_entry)
    found = {
        device.name: (device.manufacturer, device.model)
        for device in dr.async_entries_for_config_entry(dr.async_get(hass), fritzbox_entry.entry_id)
        if isinstance(device, dr.DeviceEntry)
    }
    assert found["Alle Steckdosen"] == ("FRITZ!", group)
    assert found["Leselampe"][0] == "IKEA"
    assert found["Rauchmelder"] == (None, "HAN-FUN")


@pytest.mark.parametrize(
    ("language", "reading", "whole"),
    [
        ("en", "Reading status", {"on": "Yes", "off": "No"}),
        ("de", "Ablesestatus", {"on": "Ja", "off": "Nein"}),
    ],
)
def test_the_state_of_a_reading_is_not_called_a_reading(
    language: str, reading: str, whole: Mapping[str, str]
) -> None:
    entities = texts(language)["entity"]
    assert entities["sensor"]["smart_meter"]["name"] == reading
    assert entities["binary_sensor"]["reduced_resolution"]["state"] == whole


async def test_powers_have_one_decimal(
    time: Time, hass: HomeAssistant, fritzbox_entry: MockConfigEntry, mocked_reader: MockedReader
) -> None:
    await set_up(hass, fritzbox_entry)
    meter = mocked_reader.entry(prefix="MT681")
    await mocked_reader.set_up(meter)
    registry = er.async_get(hass)
    powers = [
        item
        for entry in (meter, fritzbox_entry)
        for item in er.async_entries_for_config_entry(registry, entry.entry_id)
        if item.unit_of_measurement == "W" and not item.disabled
    ]
    assert len(powers) > 2
    assert {item.options["sensor"]["suggested_display_precision"] for item in powers} == {1}


# The meter


async def test_the_values_are_a_table_with_units(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker
) -> None:
    fields = {"Meter_id": "0a0149534b00056b3c51", "P": 377, "E_out": 2381.47, "E_in": 31152.372}
    dialogue = await confirm_page(hass, broker, fields)
    assert rows(dialogue) == [
        ["Energy import", "31,152.372 kWh", "`E_in`"],
        ["Energy export", "2,381.47 kWh", "`E_out`"],
        ["Power", "377 W", "`P`"],
        ["Meter number", "1ISK0090913873", "`Meter_id`"],
    ]
    fields_of_form = [field["name"] for field in dialogue.page["registers"]["schema"]]
    assert fields_of_form == [
        "E_in: 31,152.372 kWh",
        "E_out: 2,381.47 kWh",
        "P: 377 W",
        "Meter_id: 1ISK0090913873",
    ]


async def test_the_table_speaks_german(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker
) -> None:
    hass.config.language = "de"
    dialogue = await confirm_page(hass, broker, {"E_in": 31152.372, "Power": 1.5})
    assert rows(dialogue) == [
        ["Netzbezug", "31.152,372 kWh", "`E_in`"],
        ["Leistung", "1,5 W", "`Power`"],
    ]


@pytest.mark.parametrize(
    ("fields", "is_open"), [({"E_in": 7, "Power": 3}, False), ({"E_in": 7, "foo": 3}, True)]
)
async def test_an_unknown_key_opens_the_section(
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    broker: Broker,
    fields: Mapping[str, Any],
    is_open: bool,
) -> None:
    dialogue = await confirm_page(hass, broker, fields)
    assert dialogue.page["registers"]["expanded"] is is_open


async def test_the_list_of_meanings_begins_with_the_usual(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker
) -> None:
    dialogue = await confirm_page(hass, broker, {"E_in": 7})
    options = dialogue.page["registers"]["schema"][0]["selector"]["select"]["options"]
    assert options[:3] == ["energy_import", "energy_export", "power"]
    assert options[-1] == "no_measurement"


@pytest.mark.parametrize(
    ("capture", "warns"),
    [("sensor-pin-locked", True), ("sensor-inf-off", True), ("sensor-docs", False)],
)
async def test_a_locked_meter_is_set_up_with_a_warning(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker, capture: str, warns: bool
) -> None:
    fields = json.loads((CAPTURES / f"{capture}.json").read_text())["MT681"]
    dialogue = await confirm_page(hass, broker, fields)
    assert ("PIN" in dialogue.placeholders["warning"]) is warns


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Electricity meter"), ("de", "Stromzähler")]
)
async def test_a_meter_is_called_a_meter(
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    language: str,
    title: str,
) -> None:
    hass.config.language = language
    dialogue = await add(hass, "tasmota")
    await dialogue.answer(topic=TOPIC)
    await dialogue.accept()
    await hass.async_block_till_done()
    device = devices(hass, dialogue.entry)[UNIQUE_ID]
    assert (device.name, device.model) == (title, "MT681")
    await leave(hass, dialogue.entry)


async def test_a_replaced_counter_is_not_unknown_on_each_page(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry(prefix="MT681")
    await mocked_reader.set_up(entry)
    event = entity(hass, "event", f"{UNIQUE_ID}_counter_replaced")
    assert event.disabled_by is er.RegistryEntryDisabler.INTEGRATION


# Dialogs


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("word", ["fritz", "strom", "meter", "tasmota", "py_hab"])
def test_the_integration_is_found_by_what_it_is_for(language: str, word: str) -> None:
    manifest = json.loads((PACKAGE / "manifest.json").read_text(encoding="utf-8"))
    assert word in texts(language)["title"].lower()
    # The list of integrations shows this one.
    assert word in manifest["name"].lower()


@pytest.mark.parametrize("language", ["en", "de"])
def test_menus_describe_their_options_and_reports_end_with_a_button_that_says_so(
    language: str,
) -> None:
    found = texts(language)
    repair = found["issues"]["meter_replaced"]["fix_flow"]["step"]
    menus = [
        step
        for steps in (found["config"]["step"], found["options"]["step"], repair)
        for step in steps.values()
        if "menu_options" in step
    ]
    assert len(menus) == 4
    for menu in menus:
        assert menu["menu_option_descriptions"].keys() == menu["menu_options"].keys()
    for report in ("history_done", "history_undo_done", "import_done"):
        assert found["options"]["step"][report]["submit"] in {"Finish", "Fertig"}


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_wait_says_how_long_it_can_be(language: str) -> None:
    assert "15" in texts(language)["config"]["step"]["tasmota"]["description"]


def reloads(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which each entry is added that is to be reloaded."""
    found: list[str] = []
    monkeypatch.setattr(hass.config_entries, "async_schedule_reload", found.append)
    return found


@pytest.mark.parametrize("page", ["fritzbox", "history"])
async def test_a_page_of_a_box_that_is_closed_unchanged_reloads_nothing(
    time: Time,
    hass: HomeAssistant,
    fritzbox_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    page: str,
) -> None:
    await set_up(hass, fritzbox_entry)
    found = reloads(hass, monkeypatch)
    dialogue = await prefer(hass, fritzbox_entry, page)
    if page == "history":
        await dialogue.choose("history_settings")
    await dialogue.answer(**dialogue.suggested)
    assert found == []
    dialogue = await prefer(hass, fritzbox_entry, "fritzbox")
    await dialogue.answer(scan_interval=30)
    assert found == [fritzbox_entry.entry_id]


async def test_a_page_of_a_meter_that_is_closed_unchanged_reloads_nothing(
    time: Time,
    hass: HomeAssistant,
    mocked_reader: MockedReader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = mocked_reader.entry(prefix="MT681")
    await mocked_reader.set_up(entry)
    found = reloads(hass, monkeypatch)
    dialogue = await prefer(hass, entry, "meter")
    names = [field["name"] for field in dialogue.page["registers"]["schema"]]
    assert names[:3] == ["E_in: 15,119.035 kWh", "E_out: 2,381.47 kWh", "Power: 200 W"]
    await dialogue.accept()
    assert found == []


async def test_the_form_of_a_box_names_it(
    hass: HomeAssistant, fritzbox_entry: MockConfigEntry
) -> None:
    dialogue = await add(hass, "fritzbox")
    assert dialogue.placeholders["title"] == "FRITZ!Box"
    hass.config_entries.async_update_entry(fritzbox_entry, title="FRITZ!Box in the attic")
    assert (await change(hass, fritzbox_entry)).placeholders["title"] == "FRITZ!Box in the attic"
