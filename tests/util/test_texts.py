"""Numbers as the home writes them."""

import pytest

from custom_components.py_hab.util.texts import local_number
from homeassistant.core import HomeAssistant


@pytest.mark.parametrize(
    ("language", "value", "spec", "written"),
    [
        ("en", 14277.994, ",.2f", "14,277.99"),
        ("de", 14277.994, ",.2f", "14.277,99"),
        ("de", 17332, ",.0f", "17.332"),
        ("de", 31051.487, ",.10g", "31.051,487"),
        ("de", -0.5, ",.2f", "-0,50"),
        ("fr", 31051.487, ",.10g", "31,051.487"),
    ],
)
async def test_separators_are_those_of_the_language(
    hass: HomeAssistant, language: str, value: float, spec: str, written: str
) -> None:
    hass.config.language = language
    assert local_number(value, spec, language=language) == written
