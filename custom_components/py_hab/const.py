"""Names and numbers that several files share."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

DOMAIN: Final = "py_hab"

CONF_KIND: Final = "kind"
CONF_TOPIC: Final = "topic"
CONF_PREFIX: Final = "prefix"
"""Name of the meter's object in the reader's messages, as it was at set-up."""

DEFAULT_SCAN_INTERVAL: Final = timedelta(seconds=60)
"""The box itself hears from a plug about every two minutes (AHA, chapter 3.2)."""
MIN_SCAN_INTERVAL: Final = timedelta(seconds=10)
MAX_SCAN_INTERVAL: Final = timedelta(hours=1)


class EntryKind(StrEnum):
    """What a config entry stands for."""

    FRITZBOX = "fritzbox"
    METER = "meter"
