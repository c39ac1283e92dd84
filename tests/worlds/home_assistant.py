"""A computer that runs Home Assistant again and again: on one database, and one `.storage`."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_test_home_assistant,
)

from homeassistant import bootstrap, loader
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.tasks import (
    CompileMissingStatisticsTask,
    SynchronizeTask,
)
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.util.async_ import get_scheduled_timer_handles
from tests.support.home_assistant import UNREAD_EVENTS

ZONE: Final = "Europe/Berlin"
SHORT_TERM: Final = timedelta(minutes=5)
"""Of a row of short-term statistics."""
COMPILED: Final = timedelta(seconds=10)
"""After the end of a period Home Assistant compiles it."""
IDLE_STEP: Final = timedelta(hours=6)
HOME: Final = (50.0, 10.0)
"""Latitude and longitude of the simulated home."""

type RecorderMaker = Callable[..., AbstractAsyncContextManager[Recorder]]


class Offset(NamedTuple):
    """By how much a clock is wrong, and since when."""

    since: datetime
    ahead: timedelta


class Clock:
    """The time of the process, which stands still unless it is moved."""

    def __init__(self, frozen: FrozenDateTimeFactory) -> None:
        """Show the right time."""
        self._frozen = frozen
        self._offsets = [Offset(datetime.min.replace(tzinfo=UTC), timedelta())]

    @property
    def ahead(self) -> timedelta:
        """By how much the clock is wrong. Timers run on, whatever it shows."""
        return self._offsets[-1].ahead

    @property
    def now(self) -> datetime:
        """The true time."""
        return self.shown - self.ahead

    @property
    def shown(self) -> datetime:
        """The time that Home Assistant sees."""
        return datetime.now(UTC)

    def move_to(self, moment: datetime) -> None:
        """Let it be a true moment."""
        self._frozen.move_to(moment + self.ahead)

    def jump(self, by: timedelta) -> None:
        """Show another time from now on."""
        now = self.now
        self._offsets.append(Offset(now, self.ahead + by))
        self.move_to(now)

    def showing(self, start: datetime, end: datetime) -> Sequence[tuple[datetime, datetime]]:
        """Return from when to when the clock showed the time between two moments."""
        ends = [*(offset.since for offset in self._offsets[1:]), datetime.max.replace(tzinfo=UTC)]
        times = [
            (max(start - offset.ahead, offset.since), min(end - offset.ahead, until))
            for offset, until in zip(self._offsets, ends, strict=True)
        ]
        return [(begin, stop) for begin, stop in times if begin < stop]


class Computer:
    """Runs one Home Assistant at a time. Time passes only when it is moved."""

    def __init__(
        self,
        clock: Clock,
        recorder: RecorderMaker,
        storage: dict[str, Any],
        folder: Path,
        entries: Sequence[MockConfigEntry],
        configuration: dict[str, Any],
        *,
        keep_days: int,
        recorded: Sequence[str],
    ) -> None:
        """Prepare a computer that is off; `entries` are what its user has set up, in order."""
        self.clock = clock
        self._recorder = recorder
        self._recorder_config = {
            "commit_interval": int(SHORT_TERM.total_seconds()),
            "purge_keep_days": keep_days,
            "include": {"entity_globs": list(recorded)},
            "exclude": {"event_types": UNREAD_EVENTS},
        }
        self._storage = storage
        self.folder = folder
        """From which Home Assistant may read."""

        self._entries = list(entries)
        self.configuration = configuration
        """What the user has written into configuration.yaml; a start reads it."""
        self.is_locked = False
        """Whether the database is locked."""

        self._hass: HomeAssistant | None = None
        self._run = AsyncExitStack()

    @property
    def hass(self) -> HomeAssistant:
        """The Home Assistant that runs."""
        assert self._hass is not None
        return self._hass

    @property
    def entry(self) -> MockConfigEntry:
        """The entry of py_hab: the last one."""
        return self._entries[-1]

    @property
    def is_on(self) -> bool:
        """Whether Home Assistant runs."""
        return self._hass is not None

    # Life

    async def start(self) -> None:
        """Start Home Assistant as its own program does: recorder, entries, all the rest."""
        loop = asyncio.get_running_loop()
        hass = await self._run.enter_async_context(
            async_test_home_assistant(
                loop,
                load_registries=False,
                config_dir=str(self.folder),
                initial_state=CoreState.not_running,
            )
        )
        self._hass = hass
        hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
        self._run.enter_context(
            patch(
                "homeassistant.config.load_yaml_config_file",
                side_effect=lambda *_: deepcopy(self.configuration),
            )
        )
        assert await bootstrap.async_load_base_functionality(hass)
        await hass.config.async_set_time_zone(ZONE)
        hass.config.latitude, hass.config.longitude = HOME
        hass.config.allowlist_external_dirs = {str(self.folder)}
        await self._run.enter_async_context(self._recorder(hass, self._recorder_config))
        self._entries = [_as_stored(entry) for entry in self._entries]
        for entry in self._entries:
            entry.add_to_hass(hass)
        for entry in self._entries:
            assert await hass.config_entries.async_setup(entry.entry_id), entry.reason
        await hass.async_start()
        await self.settled()
        await self.recorded()

    async def stop(self, *, power_cut: bool = False) -> None:
        """Stop Home Assistant in order, or have its files as they were when the power went."""
        files = deepcopy(self._storage)
        await self.hass.async_stop(force=True)
        # The process ends here. In this one its timers would go on.
        for timer in get_scheduled_timer_handles(self.hass.loop):
            timer.cancel()
        await self._run.aclose()
        if power_cut:
            self._storage.clear()
            self._storage.update(files)
        self._hass = None

    async def remove_entry(self) -> None:
        """Remove the entry of py_hab."""
        await self.hass.config_entries.async_remove(self.entry.entry_id)
        await self.settled()

    async def add_entry(self) -> None:
        """Add the same entry again."""
        self._entries[-1] = _as_stored(self.entry)
        self.entry.add_to_hass(self.hass)
        assert await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.settled()

    # Time

    async def move_to(self, moment: datetime) -> None:
        """Let it be later, and let everything happen that is due by then."""
        self.clock.move_to(moment)
        if self._hass is not None:
            async_fire_time_changed(self._hass, self.clock.shown)
            await self.settled()

    async def pass_seconds(self, count: int) -> None:
        """Let some seconds pass one by one: subscriptions are sent a little later."""
        for _ in range(count):
            await self.move_to(self.clock.now + timedelta(seconds=1))

    async def idle_until(self, moment: datetime) -> None:
        """Let time pass in which no state changes: compile in a row what is to be compiled."""
        while self.clock.now < moment:
            await self.move_to(min(self.clock.now + IDLE_STEP, moment))
            if self._hass is not None:
                # As the five-minute timer would have done all along.
                get_instance(self._hass).queue_task(CompileMissingStatisticsTask())
                await self.recorded()

    async def settled(self) -> None:
        """Wait until all that goes on has come to rest, polls and work on the history included."""
        await self.hass.async_block_till_done()
        while tasks := [task for task in self.entry._background_tasks if not task.done()]:
            await asyncio.wait(tasks)
            await self.hass.async_block_till_done()

    async def recorded(self) -> None:
        """Wait until the recorder has done all its tasks; while it is locked it does none."""
        await self.hass.async_block_till_done()
        if self.is_locked:
            return
        done = self.hass.loop.create_future()
        get_instance(self.hass).queue_task(SynchronizeTask(done))
        await done

    async def call(self, action: str, **data: Any) -> dict[str, Any]:
        """Call an action of py_hab for its entry."""
        answer = await self.hass.services.async_call(
            "py_hab",
            action,
            {"config_entry_id": self.entry.entry_id, **data},
            blocking=True,
            return_response=True,
        )
        assert answer is not None
        return dict(answer)


def _as_stored(entry: MockConfigEntry) -> MockConfigEntry:
    """Return an entry as a new Home Assistant finds it."""
    return MockConfigEntry(
        domain=entry.domain,
        title=entry.title,
        unique_id=entry.unique_id,
        entry_id=entry.entry_id,
        version=entry.version,
        minor_version=entry.minor_version,
        data=dict(entry.data),
        options=dict(entry.options),
    )
