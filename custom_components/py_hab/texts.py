"""Numbers as the home writes them: Home Assistant translates texts, not what stands in them."""

from typing import Final

from homeassistant.core import HomeAssistant

_SEPARATORS: Final = {"de": str.maketrans(",.", ".,")}
"""By language, where they are not those of English."""


def local_number(hass: HomeAssistant, value: float, spec: str) -> str:
    """Return a number in the home's language, such as 14.277,99 for the spec `,.2f` in German."""
    return format(value, spec).translate(_SEPARATORS.get(hass.config.language, {}))
