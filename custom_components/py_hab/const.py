"""Names and numbers that several files share."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

DOMAIN: Final = "py_hab"

CONF_KIND: Final = "kind"
CONF_TOPIC: Final = "topic"
CONF_PREFIX: Final = "prefix"
"""Name of the meter's object in the reader's messages, as it was at set-up."""
CONF_COMMAND_TOPIC: Final = "command_topic"
CONF_ANSWER_TOPIC: Final = "answer_topic"
"""Told by heads whose prefixes have other names; elsewhere they follow from the topic."""
CONF_REGISTERS: Final = "registers"
"""What the user says that keys mean: key -> choice of `register_choice`."""
CONF_POWER_INTERVAL: Final = "power_interval"
"""Seconds."""
CONF_MAX_POWER: Final = "max_power"
"""kW."""

CONF_HISTORY: Final = "history"
"""Whether the history is completed and mended by itself."""
CONF_SHAPE: Final = "outage_shape"
"""How energy is spread over hours of which nobody knows more: an `OutageShape`."""

DEFAULT_POWER_INTERVAL: Final = 10.0
DEFAULT_SCAN_INTERVAL: Final = timedelta(seconds=60)
"""The box itself hears from a plug about every two minutes (AHA, chapter 3.2)."""
MIN_SCAN_INTERVAL: Final = timedelta(seconds=10)
MAX_SCAN_INTERVAL: Final = timedelta(hours=1)


class OutageShape(StrEnum):
    """How the energy of an outage is spread over its hours."""

    EVEN = "even"
    WEEK_BEFORE = "week_before"
    """In the shape of the same hours a week earlier."""


class EntryKind(StrEnum):
    """What a config entry stands for."""

    FRITZBOX = "fritzbox"
    METER = "meter"
