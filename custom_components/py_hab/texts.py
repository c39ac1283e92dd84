"""Texts and numbers for people: Home Assistant translates texts, not what stands in them."""

from typing import Final

_SEPARATORS: Final = {"de": str.maketrans(",.", ".,")}
"""By language, where they are not those of English."""


def local_number(value: float, spec: str, *, language: str) -> str:
    """Return a number as a language writes it: 14.277,99 for the spec `,.2f` in German."""
    return format(value, spec).translate(_SEPARATORS.get(language, {}))
