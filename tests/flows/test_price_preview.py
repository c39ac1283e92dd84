"""What the preview says of the last year."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.history.statistics import gateway
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from tests.support.living import recorded
from tests.support.priced import MARKET

from .test_prices import SINCE, measured, price_form

__all__ = ["measured"]


async def test_hours_that_wait_for_their_price_are_named(
    hass: HomeAssistant, measured: MockConfigEntry
) -> None:
    hass.states.async_set(MARKET, "0.1", {"unit_of_measurement": "EUR/kWh"})
    await recorded(hass)
    dialogue = await price_form(hass, measured)
    await dialogue.answer(since=SINCE, entity=MARKET)
    assert "wait for a price" in dialogue.placeholders["report"]


async def test_a_database_that_refuses_leaves_the_year_unknown(
    hass: HomeAssistant, measured: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: Any) -> Any:
        raise HomeAssistantError(translation_domain="py_hab", translation_key="database_refused")

    monkeypatch.setattr(gateway, "async_ask", refused)
    dialogue = await price_form(hass, measured)
    await dialogue.answer(since=SINCE, price=30.0)
    assert dialogue.placeholders["report"] == "What the last year costs is not known yet."
