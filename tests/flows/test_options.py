"""Preferences of a box and of a meter, changed while it works."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.sml.inference import KeyInference
from custom_components.py_hab.sml.registers import KeyMapping, Quantity
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import InvalidData
from simulator.broker import Broker
from simulator.fritzbox import SimulatedFritzBox
from tests.conftest import settled
from tests.support.dialogue import leave, prefer
from tests.support.scripted_reader import scripted
from tests.support.watching import meter_values, set_up, state_of

pytestmark = pytest.mark.usefixtures("little_time")

TOPIC = "house/meter"
USUAL: Mapping[str, Any] = {"power_interval": 10, "max_power": 43.5}


@pytest.mark.parametrize("kind", ["fritzbox", "meter"])
async def test_the_options_begin_with_what_can_be_changed(hass: HomeAssistant, kind: str) -> None:
    entry = MockConfigEntry(domain=DOMAIN, data={"kind": kind})
    entry.add_to_hass(hass)
    dialogue = await prefer(hass, entry, kind)
    assert dialogue.step == kind
    shown = await hass.config_entries.options.async_init(entry.entry_id)
    assert shown["menu_options"] == [kind, "prices", "energy", "history", "import_database"]


# The box


async def test_how_often_a_box_is_read_is_an_option(
    hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    assert fritzbox_entry.runtime_data.coordinator.update_interval == timedelta(minutes=1)
    dialogue = await prefer(hass, fritzbox_entry, "fritzbox")
    assert dialogue.step == "fritzbox"
    assert dialogue.suggested == {"scan_interval": 60}
    for out_of_range in (9, 3601):
        with pytest.raises(InvalidData):
            await dialogue.answer(scan_interval=out_of_range)
    await dialogue.answer(scan_interval=3600)
    await hass.async_block_till_done()
    assert fritzbox_entry.options == {"scan_interval": 3600}
    assert fritzbox_entry.runtime_data.coordinator.update_interval == timedelta(hours=1)
    again = await prefer(hass, fritzbox_entry, "fritzbox")
    assert again.suggested == {"scan_interval": 3600}
    await again.answer(scan_interval=10)
    await hass.async_block_till_done()
    assert fritzbox_entry.runtime_data.coordinator.update_interval == timedelta(seconds=10)
    await leave(hass, fritzbox_entry)


# The meter


def meter_of(hass: HomeAssistant, options: Mapping[str, Any] | None = None) -> MockConfigEntry:
    """Return an entry for a script that takes no commands."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Meter",
        data={"kind": "meter", "topic": TOPIC, "prefix": "m"},
        options=dict(options or {}),
    )
    entry.add_to_hass(hass)
    return entry


@asynccontextmanager
async def working(
    hass: HomeAssistant, broker: Broker, entry: MockConfigEntry, fields: Mapping[str, object]
) -> AsyncIterator[None]:
    """Let a reader publish the same all the time, and show it."""
    async with scripted(broker) as reader, reader.repeating(TOPIC, {"m": fields}):
        await set_up(hass, entry)
        yield
        await leave(hass, entry)


async def shows(hass: HomeAssistant, entry: MockConfigEntry, **expected: float) -> None:
    """Wait until a meter shows these values, and no others."""

    def are_shown() -> bool:
        return entry.state is ConfigEntryState.LOADED and meter_values(entry) == expected

    await settled(hass, are_shown, f"the values {expected}")


def limits(entry: MockConfigEntry) -> tuple[timedelta, float]:
    """Return how often the power of the first meter is written, and the greatest one in kW."""
    meter = entry.runtime_data.coordinator.data[""]
    return meter._shown._power_interval, meter.resolver._max_power


async def test_how_often_power_is_written_and_what_the_fuses_allow_are_options(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker, trusting: None
) -> None:
    entry = meter_of(hass)
    async with working(hass, broker, entry, {"E_in": 7, "Power": 300}):
        assert limits(entry) == (timedelta(seconds=10), 43.5)
        dialogue = await prefer(hass, entry, "meter")
        assert dialogue.step == "meter"
        assert dialogue.suggested == {
            **USUAL,
            "registers": {"E_in": "energy_import", "Power": "power"},
        }
        assert dialogue.placeholders["keys"] == ""
        assert not dialogue.page["registers"]["expanded"]
        for wrong in ({"power_interval": -1}, {"power_interval": 301}, {"max_power": 0}):
            with pytest.raises(InvalidData):
                await dialogue.answer(**{**USUAL, "registers": {}, **wrong})
        await dialogue.answer(
            power_interval=0, max_power=30, registers=dialogue.suggested["registers"]
        )
        assert entry.options == {"power_interval": 0, "max_power": 30, "registers": {}}
        await shows(hass, entry, energy_import=7, power=300)
        assert limits(entry) == (timedelta(seconds=0), 30)
        again = await prefer(hass, entry, "meter")
        assert again.suggested["power_interval"] == 0
        assert again.suggested["max_power"] == 30
        hass.config_entries.options.async_abort(again.flow_id)


async def test_a_key_that_nobody_knows_gets_a_meaning_and_a_sensor(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker, trusting: None
) -> None:
    entry = meter_of(hass)
    fields = {"E_in": 7, "Größe +": 2.5, "word": "ok", "list": [1]}
    async with working(hass, broker, entry, fields):
        sensor = f"{entry.entry_id}_power_l1"
        assert state_of(hass, sensor) is None
        dialogue = await prefer(hass, entry, "meter")
        assert dialogue.placeholders["keys"] == (
            "Keys that py_hab does not know: `Größe +` (2.5), `word` (ok), `list`"
        )
        assert dialogue.page["registers"]["expanded"]
        assert [field["name"] for field in dialogue.page["registers"]["schema"]] == [
            "E_in: 7 kWh",
            "Größe +: 2.5",
            "word: ok",
            "list",
        ]
        await dialogue.accept(**{"Größe +": "power_l1_in_kw", "word": "no_measurement"})
        assert entry.options["registers"] == {
            "Größe +": "power_l1_in_kw",
            "word": "no_measurement",
        }
        await shows(hass, entry, energy_import=7, power_l1=2500)
        await settled(hass, lambda: state_of(hass, sensor) is not None, "the new sensor")
        again = await prefer(hass, entry, "meter")
        assert again.placeholders["keys"] == "Keys that py_hab does not know: `list`"
        assert again.suggested["registers"] == {
            "E_in": "energy_import",
            "Größe +": "power_l1_in_kw",
            "word": "no_measurement",
        }
        # Taken back, it is as unknown as before.
        await again.accept(without="Größe +")
        assert entry.options["registers"] == {"word": "no_measurement"}
        await shows(hass, entry, energy_import=7)


async def test_a_key_that_no_choice_describes_is_not_asked_for(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker, trusting: None
) -> None:
    entry = meter_of(hass)
    async with working(hass, broker, entry, {"E_in": 7, "Power": 300}):
        # A meter behind a transformer: its behaviour shows a factor that no form offers.
        entry.runtime_data.coordinator.data[""].resolver.mappings.inferred["Power"] = KeyMapping(
            Quantity.POWER, 0.5
        )
        dialogue = await prefer(hass, entry, "meter")
        assert dialogue.suggested["registers"] == {"E_in": "energy_import"}
        await dialogue.leave()


async def test_what_the_values_suggest_is_selected_and_used_when_it_is_submitted(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker, trusting: None
) -> None:
    entry = meter_of(hass)
    async with working(hass, broker, entry, {"E_in": 7, "foo": 300}):
        sensor = f"{entry.entry_id}_power"
        with patch.object(KeyInference, "suggestions", {"foo": KeyMapping(Quantity.POWER)}):
            dialogue = await prefer(hass, entry, "meter")
        assert dialogue.suggested["registers"] == {"E_in": "energy_import", "foo": "power"}
        unknown, suggested = dialogue.placeholders["keys"].split("\n\n")
        assert unknown == "Keys that py_hab does not know: `foo` (300)"
        assert suggested.startswith("The values suggest")
        await shows(hass, entry, energy_import=7)
        assert state_of(hass, sensor) is None
        await dialogue.accept()
        assert entry.options["registers"] == {"foo": "power"}
        await shows(hass, entry, energy_import=7, power=300)
        await settled(hass, lambda: state_of(hass, sensor) is not None, "the new sensor")


async def test_a_suggestion_for_a_known_key_is_seen_without_a_click(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker, trusting: None
) -> None:
    entry = meter_of(hass)
    unused = KeyMapping(Quantity.NO_MEASUREMENT)
    async with working(hass, broker, entry, {"E_in": 7, "Power": 7}):
        with patch.object(KeyInference, "suggestions", {"Power": unused}):
            dialogue = await prefer(hass, entry, "meter")
        assert dialogue.placeholders["keys"].startswith("The values suggest")
        assert dialogue.page["registers"]["expanded"]
        assert dialogue.suggested["registers"] == {
            "E_in": "energy_import",
            "Power": "no_measurement",
        }
        # The user knows better.
        await dialogue.accept(Power="power_in_kw")
        assert entry.options["registers"] == {"Power": "power_in_kw"}


@pytest.mark.parametrize("by_choice", [True, False], ids=["not used", "no choice"])
async def test_what_is_not_to_be_used_is_not_shown(
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    broker: Broker,
    trusting: None,
    by_choice: bool,
) -> None:
    entry = meter_of(hass)
    async with working(hass, broker, entry, {"E_in": 7, "Power": 300}):
        sensor = f"{entry.entry_id}_power"
        await shows(hass, entry, energy_import=7, power=300)
        dialogue = await prefer(hass, entry, "meter")
        if by_choice:
            await dialogue.accept(Power="no_measurement")
        else:
            await dialogue.accept(without="Power")
        assert entry.options["registers"] == {"Power": "no_measurement"}
        await shows(hass, entry, energy_import=7)
        await hass.async_block_till_done()
        assert state_of(hass, sensor) is None, "nobody wants an entity that never works again"
        again = await prefer(hass, entry, "meter")
        assert again.suggested["registers"]["Power"] == "no_measurement"
        await again.accept(Power="power")
        assert entry.options["registers"] == {}
        await shows(hass, entry, energy_import=7, power=300)


async def test_a_meter_that_does_not_work_has_options_all_the_same(hass: HomeAssistant) -> None:
    entry = meter_of(hass, {"power_interval": 5, "max_power": 30, "registers": {"Foo": "power"}})
    assert entry.state is ConfigEntryState.NOT_LOADED
    dialogue = await prefer(hass, entry, "meter")
    assert dialogue.suggested == {
        "power_interval": 5,
        "max_power": 30,
        "registers": {"Foo": "power"},
    }
    assert dialogue.placeholders["keys"] == ""
    await dialogue.accept(Foo="power_in_kw")
    assert entry.options == {
        "power_interval": 5,
        "max_power": 30,
        "registers": {"Foo": "power_in_kw"},
    }


async def test_a_meter_that_never_published_has_no_keys_to_ask_for(hass: HomeAssistant) -> None:
    entry = meter_of(hass)
    dialogue = await prefer(hass, entry, "meter")
    assert dialogue.page["registers"]["schema"] == []
    await dialogue.accept()
    assert entry.options == {**USUAL, "registers": {}}
