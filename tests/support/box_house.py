"""A house with a FRITZ!Box in it, whose time passes while a real recorder works."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.counters.gap import Gap
from custom_components.py_hab.entry import MaintenanceResult
from custom_components.py_hab.history.planning.rows import HOUR
from custom_components.py_hab.history.scheduler import HistoryScheduler
from homeassistant.const import CONF_SCAN_INTERVAL
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import DEVICES, IMPORT
from simulator.home import Home, ManualClock
from tests.support.passing_time import Time

from .living import recorded

SHORT_TERM: Final = timedelta(minutes=5)


@asynccontextmanager
async def small_box(home: Home, clock: ManualClock, *ains: str) -> AsyncIterator[SimulatedFritzBox]:
    """A running box with these devices only."""
    devices = [device for device in DEVICES if device.ain in ains]
    box = SimulatedFritzBox(home, clock, iterations=(1000, 1000), devices=devices)
    await box.start()
    yield box
    await box.stop()


@dataclass
class House:
    """Home Assistant with a box, and time."""

    time: Time
    hass: HomeAssistant
    box: SimulatedFritzBox
    entry: MockConfigEntry
    asked: list[str]
    """The devices that the box was asked of what it remembers."""
    tells: list[Callable[[], Awaitable[None]]]
    """What happens when it is asked, first one first; then it answers."""

    async def start(self, **options: Any) -> None:
        """Set the box up."""
        self.hass.config_entries.async_update_entry(
            self.entry, options={CONF_SCAN_INTERVAL: 60, **options}
        )
        assert await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.hass.async_block_till_done()

    async def lives(self, duration: timedelta, step: timedelta = SHORT_TERM) -> None:
        """Let time pass, and the recorder work."""
        while duration > timedelta():
            await self.time.passes(self.hass, step, step=step)
            await recorded(self.hass)
            duration -= step

    async def to_the_hour(self, minutes: int = 0) -> None:
        """Let time pass until so many minutes after the next full hour, and a little."""
        now = dt_util.utcnow()
        left = timedelta(seconds=HOUR - now.timestamp() % HOUR, minutes=minutes)
        await self.lives(left)

    @property
    def scheduler(self) -> HistoryScheduler:
        """Who looks after the history."""
        found: HistoryScheduler = self.entry.runtime_data.history
        return found

    def last_run(self) -> MaintenanceResult | None:
        """When the whole history was last looked after, and what came of it."""
        return self.scheduler.last_run

    @property
    def gaps(self) -> list[Gap]:
        """What is to be mended."""
        found: list[Gap] = self.entry.runtime_data.counters.gaps
        return found

    def counted(self, ain: str = IMPORT) -> float:
        """What a device really has counted, in kWh."""
        return self.box.counter(ain) / 1000

    async def act(self, action: str, **data: Any) -> dict[str, dict[str, Any]]:
        """Call an action; return what it answers, by entity."""
        answer: Any = await self.hass.services.async_call(
            DOMAIN, action, data, blocking=True, return_response=True
        )
        return {item["entity_id"]: item for item in answer["entities"]}
