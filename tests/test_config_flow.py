"""The steps that a FRITZ!Box and a meter share."""

from custom_components.py_hab.const import DOMAIN
from homeassistant.core import HomeAssistant

from .support.dialogue import Dialogue


async def test_the_menu_offers_both_kinds_of_sources(hass: HomeAssistant) -> None:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": "user"})
    assert Dialogue(hass, result, options=False).menu == ["fritzbox", "tasmota"]
