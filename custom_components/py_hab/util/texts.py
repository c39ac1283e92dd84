"""Numbers in translated texts: Home Assistant does not localize placeholders."""

from typing import Final

_SEPARATORS: Final = {"de": str.maketrans(",.", ".,")}
"""Replaces the separators of English, by language."""


def local_number(value: float, spec: str, *, language: str) -> str:
    """Return a number in the format of a language: 14.277,99 in German for the spec `,.2f`."""
    return format(value, spec).translate(_SEPARATORS.get(language, {}))
