"""What counts in a world, and what Home Assistant has heard of it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)

from .home_assistant import Computer
from .house import House
from .world import Party, World


@dataclass(frozen=True, kw_only=True)
class Heard:
    """An honest reading that Home Assistant has received."""

    at: datetime
    """As Home Assistant's clock showed it."""
    counted: Mapping[str, float]
    """The truth at that moment in kWh, by series of the home."""


class Successor(NamedTuple):
    """A counter that continues from another reading; nobody reads it at this moment."""

    at: datetime
    series: Collection[str]
    has_unseen_opening: bool
    """Whether it starts from a reading that nobody has seen; else it starts at 0."""


class Source:
    """What counts."""

    period: timedelta
    """Between two readings."""
    series: Mapping[str, str]
    """By series of the home, the unique id of the entity that counts it."""

    def __init__(self, world: World, house: House, server_file: Path) -> None:
        """Count for a house."""
        self.world = world
        self.house = house
        self.server_file = server_file
        """Of the old server, if there was one."""

        self.counted: Callable[[str, datetime], float] = house.counted
        """The truth: kWh of a series since some moment in the past."""

        self.uncertain: Sequence[datetime] = ()
        """When the old server may have missed what its meter counted between two readings."""

        self.successors: list[Successor] = []
        """Counters that have replaced the first one, or restarted it."""

        self.known_since: datetime | None = None
        """Since when somebody else knows the total of each day in which nobody read."""

        self.months_since: datetime | None = None
        """The same for months."""

        self.unrecorded: list[tuple[datetime, datetime]] = []
        """From when to when what is read is in no statistics."""

        self.computer: Computer

    def entries(self) -> list[MockConfigEntry]:
        """Return what the user has set up."""
        raise NotImplementedError

    def configuration(self) -> dict[str, Any]:
        """Return what the user has written into configuration.yaml."""
        return {}

    def around(self) -> AbstractContextManager[Any]:
        """Return what must be there as long as the world lasts."""
        return nullcontext()

    @property
    def heard(self) -> Sequence[Heard]:
        """What Home Assistant has received, in order."""
        raise NotImplementedError

    async def started(self, away: Sequence[Party]) -> None:
        """Send what Home Assistant receives at its start."""

    async def changed(self, party: Party, away: Sequence[Party]) -> None:
        """Let somebody who is away now be away, or be back."""
        raise NotImplementedError

    async def speaks(self, away: Sequence[Party]) -> None:
        """Send what is measured, if it is sent without being asked."""
