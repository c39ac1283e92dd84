"""Constants of more than one module."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

DOMAIN: Final = "py_hab"

CONF_KIND: Final = "kind"
CONF_TOPIC: Final = "topic"
CONF_PREFIX: Final = "prefix"
"""Name of the JSON object of the first meter in the reader's messages, at set-up."""
CONF_COMMAND_TOPIC: Final = "command_topic"
"""Topic for the command STATUS; None or missing if `sml.topics` derives it from the topic."""
CONF_ANSWER_TOPIC: Final = "answer_topic"
"""Start of the topics of answers; None or missing if `sml.topics` derives it from the topic."""
CONF_REGISTERS: Final = "registers"
"""Key mappings that the user has assigned: key -> one of `sml.key_mapping.CHOICES`."""
CONF_POWER_INTERVAL: Final = "power_interval"
"""Seconds."""
CONF_MAX_POWER: Final = "max_power"
"""kW."""

CONF_HISTORY: Final = "history"
"""Whether the history is maintained automatically."""
CONF_POWER_HISTORY: Final = "power_history"
"""Whether the mean power of hours before set-up is written."""
CONF_SHAPE: Final = "outage_shape"
"""How the energy of an outage is spread over its hours: an `OutageShape`."""

DEFAULT_POWER_INTERVAL: Final = 10.0
"""Seconds, as in the options of an entry."""
DEFAULT_SCAN_INTERVAL: Final = timedelta(seconds=60)
"""A plug reports to the box about every two minutes (AHA, chapter 3.2)."""
MIN_SCAN_INTERVAL: Final = timedelta(seconds=10)
MAX_SCAN_INTERVAL: Final = timedelta(hours=1)


UNKNOWN_KIND: Final = "unknown_kind"
"""Reason to abort a dialog of an entry whose kind is missing or unknown."""


class OutageShape(StrEnum):
    """How the energy of an outage is spread over its hours."""

    EVEN = "even"
    """In proportion to known hours of that season, weekday and hour; the same energy in each hour
    where nothing is known."""
    WEEK_BEFORE = "week_before"
    """In proportion to the same hours one week earlier."""


class EntryKind(StrEnum):
    """What a config entry represents."""

    FRITZBOX = "fritzbox"
    METER = "meter"
