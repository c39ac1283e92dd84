"""The parameters that actions and JSON endpoints share: time range and page."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import voluptuous as vol

from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from .readings import MAX_READINGS, Span

ATTR_START: Final = "start"
ATTR_END: Final = "end"
ATTR_LIMIT: Final = "limit"
ATTR_OFFSET: Final = "offset"
ATTR_ORIGIN: Final = "origin"
"""Whether readings say where they come from; also the key of the answer."""
ATTR_INCLUDE_SPREAD: Final = "include_spread"
"""Whether a profile contains hours whose energy was spread within a longer total."""

DEFAULT_LIMIT: Final = 200
MAX_OFFSET: Final = 10_000_000


END_BEFORE_START: Final = "end_before_start"
"""Key of the error about a time range."""


def whole_number(low: int, high: int) -> Callable[[Any], int]:
    """Return a validator for whole numbers from `low` to `high`, given as a number or as text."""

    def validate(value: Any) -> int:
        # Python refuses to convert texts with thousands of digits.
        is_digits = isinstance(value, str) and value.isascii() and value.isdecimal()
        if is_digits and len(value) < 20:
            value = int(value)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        # This also excludes infinity and NaN.
        if not is_number or not low <= value <= high or value != int(value):
            raise vol.Invalid(f"must be a whole number from {low} to {high}")
        return int(value)

    return validate


def point_in_time(value: Any) -> datetime:
    """Validate a time, and return it in UTC. Without an offset it is in the zone of the home."""
    found = value if isinstance(value, datetime) else None
    if isinstance(value, str):
        # In a URL, a plus sign that is not encoded means a blank.
        spellings = (value, "+".join(value.rsplit(" ", 1)))
        found = next(filter(None, map(_parsed, spellings)), None)
    if found is None:
        raise vol.Invalid("must be a time such as 2026-03-20T18:00:00")
    try:
        return dt_util.as_utc(found)
    except OverflowError:
        # The time is within a day of the first or the last one that datetime can represent.
        return found.replace(tzinfo=UTC)


def _parsed(text: str) -> datetime | None:
    try:
        return dt_util.parse_datetime(text)
    except ValueError:
        return None


TIME_RANGE: Final = {
    vol.Optional(ATTR_START): point_in_time,
    vol.Optional(ATTR_END): point_in_time,
}
ORIGIN: Final = {vol.Optional(ATTR_ORIGIN, default=False): cv.boolean}
INCLUDE_SPREAD: Final = {vol.Optional(ATTR_INCLUDE_SPREAD, default=False): cv.boolean}
PAGE: Final = {
    vol.Optional(ATTR_LIMIT): whole_number(1, MAX_READINGS),
    vol.Optional(ATTR_OFFSET): whole_number(0, MAX_OFFSET),
}


def span_of(data: Mapping[str, Any], *, default_limit: int = DEFAULT_LIMIT) -> Span:
    """Return the time range and page of validated parameters.

    Raises ServiceValidationError if the end is before the start.
    """
    start, end = data.get(ATTR_START), data.get(ATTR_END)
    if start is not None and end is not None and end < start:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key=END_BEFORE_START)
    return Span(
        start=start,
        end=end,
        limit=data.get(ATTR_LIMIT, default_limit),
        offset=data.get(ATTR_OFFSET, 0),
    )
