"""Where the value of an hour comes from.

The journal notes it for each hour that we have written, as ranges: two years of a counter are a few
of them.
"""

from enum import StrEnum


class Origin(StrEnum):
    """Where the value of an hour comes from."""

    MEASURED = "measured"
    """Home Assistant has compiled it from states."""
    REPORTED = "reported"
    """The box has reported it for this hour, or for parts of it."""
    SPREAD = "spread"
    """It is a share of a total that is known for a longer time."""
    IMPORTED = "imported"
    """It was imported from a file, or another integration has written it."""


type OriginRanges = dict[Origin, list[tuple[int, int]]]
"""The first and last hour of each range of hours, by origin. Hours of ours in none of them are SPREAD:
that is also what is assumed of hours that an earlier version has written."""
