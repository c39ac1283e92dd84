"""The steps that a FRITZ!Box and a meter share."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from homeassistant.core import HomeAssistant

from .support.dialogue import Dialogue, add, change
from .support.mocked_reader import MockedReader
from .support.patience import brisk


async def test_the_menu_offers_both_kinds_of_sources(hass: HomeAssistant) -> None:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": "user"})
    assert Dialogue(hass, result, options=False).menu == ["fritzbox", "tasmota"]


@pytest.mark.parametrize(("choice", "step"), [("fritzbox", "fritzbox"), ("tasmota", "tasmota")])
async def test_each_choice_of_the_menu_leads_to_its_form(
    hass: HomeAssistant, mocked_reader: MockedReader, choice: str, step: str
) -> None:
    with brisk():
        assert (await add(hass, choice)).step == step


async def test_an_entry_is_changed_in_the_form_of_its_kind(
    hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    box = MockConfigEntry(domain=DOMAIN, data={"kind": "fritzbox", "host": "192.0.2.1"})
    box.add_to_hass(hass)
    with brisk():
        assert (await change(hass, box)).step == "fritzbox"
        assert (await change(hass, mocked_reader.entry())).step == "tasmota"
