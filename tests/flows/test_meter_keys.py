"""What a user sees of the keys of a reader, and may correct, when a meter is set up or changed."""

from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.sml.inference import KeyInference
from custom_components.py_hab.sml.registers import KeyMapping, Quantity
from homeassistant.core import HomeAssistant
from simulator.broker import Broker
from tests.conftest import settled
from tests.support.dialogue import change, leave
from tests.support.meter_dialogue import (
    is_open,
    leave_meter,
    meanings,
    meter_dialogue,
    publishing,
    readings,
    shown,
    values,
)

pytestmark = pytest.mark.usefixtures("little_time", "trusting")


async def test_what_is_wrong_is_corrected(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker
) -> None:
    fields = {"E_in": 5, "E_out": 7, "Power": 300, "U": 230.5}
    async with publishing(broker, {"m": fields}):
        dialogue = await meter_dialogue(hass)
        assert meanings(dialogue).keys() == {"E_in", "E_out", "Power"}
        assert dialogue.page["registers"]["schema"][3]["name"] == "U: 230.5"
        await dialogue.accept(
            without="Power", E_in="energy_export", E_out="energy_import", U="voltage_l1"
        )
        assert dialogue.entry.options == {
            "registers": {
                "E_in": "energy_export",
                "E_out": "energy_import",
                "U": "voltage_l1",
                "Power": "no_measurement",
            }
        }
        await readings(hass, dialogue.entry, energy_export=5, energy_import=7, voltage_l1=230.5)
        assert "power" not in shown(dialogue.entry)
        await leave(hass, dialogue.entry)


async def test_a_reader_whose_keys_nobody_knows_is_set_up_by_its_user(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker
) -> None:
    content = {"room": {"warmth": 21.5}, "Gerät": {"Wert A": 1234.5, "Größe+": 0.3, "note": "ok"}}
    async with publishing(broker, content):
        dialogue = await meter_dialogue(hass)
        assert values(dialogue) == [
            "| - | 21.5 | `room` `warmth` |",
            "| - | 1,234.5 | `Gerät` `Wert A` |",
            "| - | 0.3 | `Gerät` `Größe+` |",
            "| - | ok | `Gerät` `note` |",
        ]
        assert meanings(dialogue) == {}
        assert is_open(dialogue)
        await dialogue.accept()
        assert dialogue.errors == {"base": "no_register"}
        await dialogue.accept(warmth="voltage_l1")
        assert dialogue.errors == {"base": "no_register"}
        assert meanings(dialogue) == {"warmth": "voltage_l1"}
        await dialogue.accept(
            without="warmth", **{"Wert A": "energy_import", "Größe+": "power_in_kw"}
        )
        entry = dialogue.entry
        assert entry.data["prefix"] == "Gerät"
        assert entry.options == {"registers": {"Wert A": "energy_import", "Größe+": "power_in_kw"}}
        await readings(hass, entry, energy_import=1234.5, power=300)
        # The room is no meter.
        assert list(entry.runtime_data.coordinator.data) == [""]
        await leave(hass, entry)


async def test_without_a_register_there_is_no_meter(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker
) -> None:
    async with publishing(broker, {"m": {"E_in": 5}}):
        dialogue = await meter_dialogue(hass)
        assert not is_open(dialogue)
        await dialogue.accept(without="E_in")
        assert dialogue.errors == {"base": "no_register"}
        assert meanings(dialogue) == {}
        assert is_open(dialogue)
        await dialogue.accept(E_in="no_measurement")
        assert dialogue.errors == {"base": "no_register"}
        await dialogue.accept(E_in="energy_import_in_wh")
        await leave_meter(hass, dialogue.entry, energy_import=0.005)


async def test_a_doubt_that_the_user_has_settled_is_none(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker
) -> None:
    async with publishing(broker, {"m": {"Total": 5, "Power": 300}}):
        dialogue = await meter_dialogue(hass)
        assert meanings(dialogue) == {"Total": "energy_import", "Power": "power"}
        await dialogue.accept()
        assert dialogue.entry.options == {"registers": {"Total": "energy_import"}}
        await leave_meter(hass, dialogue.entry, energy_import=5)


async def test_two_meters_of_one_reader_are_set_up_together(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker
) -> None:
    content = {"house": {"E_in": 5, "Power": 300}, "heat": {"E_in": 7, "Power": 40, "": 1}}
    async with publishing(broker, content):
        dialogue = await meter_dialogue(hass)
        assert values(dialogue) == [
            "| Energy import | 5 kWh | `house` `E_in` |",
            "| Energy import | 7 kWh | `heat` `E_in` |",
            "| Power | 300 W | `house` `Power` |",
            "| Power | 40 W | `heat` `Power` |",
        ]
        assert [field["name"] for field in dialogue.page["registers"]["schema"]] == [
            "E_in: 5 kWh, 7 kWh",
            "Power: 300 W, 40 W",
        ]
        await dialogue.accept()
        entry = dialogue.entry
        assert entry.data["prefix"] == "house"
        await settled(hass, lambda: shown(entry, "2").get("energy_import") == 7, "the second meter")
        await leave_meter(hass, entry, energy_import=5, power=300)


async def test_a_reader_with_nothing_but_a_nameless_value_is_no_meter(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker
) -> None:
    async with publishing(broker, {"m": {"": 5}}):
        dialogue = await meter_dialogue(hass)
        assert dialogue.page["registers"]["schema"] == []
        await dialogue.accept()
        assert dialogue.errors == {"base": "no_register"}
        hass.config_entries.flow.async_abort(dialogue.flow_id)


async def test_a_long_text_is_shown_in_part(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker
) -> None:
    async with publishing(broker, {"m": {"E_in": 5, "text": "x" * 100}}):
        dialogue = await meter_dialogue(hass)
        assert values(dialogue)[1] == f"| - | {'x' * 40} | `text` |"
        hass.config_entries.flow.async_abort(dialogue.flow_id)


# Changing


async def test_changing_a_reader_keeps_what_the_user_prefers(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker
) -> None:
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Meter",
        data={"kind": "meter", "topic": "old", "prefix": "m"},
        options={
            "power_interval": 0,
            "max_power": 30,
            "registers": {
                "Foo": "power",
                "E_in": "energy_import_in_wh",
                "U": "voltage_l1",
                "later": "current_l1",
            },
        },
    )
    entry.add_to_hass(hass)
    async with publishing(broker, {"n": {"E_in": 5000, "Foo": 300, "U": 230.5}}):
        dialogue = await change(hass, entry)
        await dialogue.answer(topic="house/meter")
        assert meanings(dialogue) == {
            "Foo": "power",
            "E_in": "energy_import_in_wh",
            "U": "voltage_l1",
            "later": "current_l1",
        }
        await dialogue.accept(without="U")
        assert dialogue.end == "reconfigure_successful"
        assert entry.data == {"kind": "meter", "topic": "house/meter", "prefix": "n"}
        assert entry.options == {
            "power_interval": 0,
            "max_power": 30,
            "registers": {
                "Foo": "power",
                "E_in": "energy_import_in_wh",
                "later": "current_l1",
            },
        }
        await leave_meter(hass, entry, energy_import=5, power=300)


@pytest.mark.parametrize(
    ("topic", "suggested"),
    [("house/meter", {"foo": "power"}), ("house/other", {})],
    ids=["same reader", "another"],
)
async def test_what_the_values_of_a_running_meter_suggest_is_selected(
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    broker: Broker,
    topic: str,
    suggested: dict[str, str],
) -> None:
    entry = MockConfigEntry(
        domain=DOMAIN, title="Meter", data={"kind": "meter", "topic": "house/meter", "prefix": "m"}
    )
    entry.add_to_hass(hass)
    content = {"m": {"E_in": 5000, "foo": 300}}
    async with publishing(broker, content), publishing(broker, content, topic="house/other"):
        assert await hass.config_entries.async_setup(entry.entry_id)
        await readings(hass, entry, energy_import=5000)
        with patch.object(KeyInference, "suggestions", {"foo": KeyMapping(Quantity.POWER)}):
            dialogue = await change(hass, entry)
            await dialogue.answer(topic=topic)
        assert meanings(dialogue) == {"E_in": "energy_import", **suggested}
        assert is_open(dialogue), "foo is unknown"
        await dialogue.accept()
        assert dialogue.end == "reconfigure_successful"
        assert entry.options == {"registers": suggested}
        await leave_meter(hass, entry, energy_import=5000)
