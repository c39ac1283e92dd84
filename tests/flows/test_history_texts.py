"""Words and numbers in the language of the home."""

from datetime import UTC, datetime

import pytest

from custom_components.py_hab.entry import Progress
from custom_components.py_hab.flows.history_texts import async_history_texts
from custom_components.py_hab.flows.price_texts import async_price_texts
from homeassistant.core import HomeAssistant


@pytest.mark.parametrize(
    ("language", "number", "energy"),
    [("en", "1,234.5", "1,234.50 kWh"), ("de", "1.234,5", "1.234,50 kWh")],
)
async def test_numbers_and_days_are_those_of_the_language(
    hass: HomeAssistant, language: str, number: str, energy: str
) -> None:
    hass.config.language = language
    texts = await async_history_texts(hass)
    assert texts.number(1234.5, 1) == number
    assert (texts.energy(1234.5), texts.energy(None)) == (energy, "-")
    assert "2026" in texts.date(datetime(2026, 1, 2, tzinfo=UTC))
    assert texts.progress(Progress(part=0.0)) == {"name": "…", "hours": "0"}


async def test_a_statistic_without_an_entity_is_named_by_its_id(hass: HomeAssistant) -> None:
    texts = await async_history_texts(hass)
    assert texts.name("py_hab:gone") == "py_hab:gone"
    hass.states.async_set("sensor.meter", "1", {"friendly_name": "Meter"})
    assert texts.name("sensor.meter") == "Meter"
    assert texts.text("change_reason", "unknown reason") == "unknown reason"


@pytest.mark.parametrize(
    ("language", "one", "many"),
    [("en", "1 hour", "1,200 hours"), ("de", "1 Stunde", "1.200 Stunden")],
)
async def test_one_thing_is_singular(
    hass: HomeAssistant, language: str, one: str, many: str
) -> None:
    hass.config.language = language
    for texts in (await async_history_texts(hass), await async_price_texts(hass)):
        assert [texts.counted("hours", 1), texts.counted("hours", 1200)] == [one, many]
    history = await async_history_texts(hass)
    words = {"en": ("statistic", "reading"), "de": ("Statistik", "Messwert")}[language]
    shown = [history.counted(key, 1) for key in ("statistics", "readings")]
    assert shown == [f"1 {word}" for word in words]
