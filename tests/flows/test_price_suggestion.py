"""What the form of a new price suggests."""

from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from tests.support.dialogue import prefer
from tests.support.priced import EXPORT_KEY

from .test_prices import SINCE, measured, price_form, saved

__all__ = ["measured"]


async def test_feed_in_has_a_tariff_and_no_contract(
    hass: HomeAssistant, measured: MockConfigEntry
) -> None:
    dialogue = await price_form(hass, measured, EXPORT_KEY)
    assert "price" not in dialogue.suggested
    await dialogue.answer(since=SINCE, price=8.2)
    assert dialogue.placeholders["report"] == "What the last year costs is not known yet."
    await saved(dialogue, hass)
    dialogue = await prefer(hass, measured, "prices")
    await dialogue.answer(counter=EXPORT_KEY)
    values = [option["value"] for option in dialogue.field("what").config["options"]]
    assert values == ["new", "0"]
