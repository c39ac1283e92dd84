"""A house with a FRITZ!Box in it, whose time passes while a real recorder works."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.counters.gap import Gap
from custom_components.py_hab.entry import MaintenanceResult
from custom_components.py_hab.history.box.reconstruct import EnergyHistory
from custom_components.py_hab.history.planning.rows import HOUR
from custom_components.py_hab.history.scheduler import HistoryScheduler
from homeassistant.const import CONF_SCAN_INTERVAL
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from simulator.fritzbox import Fault, SimulatedFritzBox
from simulator.fritzbox_devices import IMPORT
from tests.support.first_run import was_never_set_up
from tests.support.passing_time import Time

from .living import recorded, rows

SHORT_TERM: Final = timedelta(minutes=5)
METER: Final = "sensor.stromzahler_energy_import"
FRIDGE: Final = "sensor.kuhlschrank_energy"
NOTHING: Final = EnergyHistory(readings={}, discarded=())
DROP: Final = Fault(drop=True)


@dataclass
class House:
    """Home Assistant with a box, and time."""

    time: Time
    hass: HomeAssistant
    box: SimulatedFritzBox
    entry: MockConfigEntry
    asked: list[str]
    """The devices whose statistics the box was asked for."""
    on_request: list[Callable[[], Awaitable[None]]]
    """What happens at each request, in order, before it answers."""

    async def start(self, **options: Any) -> None:
        """Set up the box, whose history was completed a day ago."""
        self.hass.config_entries.async_update_entry(
            self.entry, options={CONF_SCAN_INTERVAL: 60, **options}
        )
        assert await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.hass.async_block_till_done()

    async def start_new(self, **options: Any) -> None:
        """Set up the box for the first time."""
        await was_never_set_up(self.hass)
        await self.start(**options)

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
        """The scheduler of the history."""
        found: HistoryScheduler = self.entry.runtime_data.history
        return found

    def last_run(self) -> MaintenanceResult | None:
        """The last maintenance of the whole history since the house was set up."""
        found = self.scheduler.last_run
        return found if found and found.result else None

    @property
    def gaps(self) -> list[Gap]:
        """The gaps that are not repaired yet."""
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


def refuses(*errors: Exception) -> list[Callable[[], Awaitable[None]]]:
    """What a box does that answers nothing but errors."""

    def refusing(error: Exception) -> Callable[[], Awaitable[None]]:
        async def refuse() -> None:
            raise error

        return refuse

    return [refusing(error) for error in errors]


async def answers() -> None:
    """What a box does that answers."""


async def outage(house: House, hours: int) -> Gap:
    """Let the box be away for some hours from half past on; return the gap of the meter."""
    await house.to_the_hour(30)
    house.box.fault(DROP)
    await house.lives(timedelta(hours=hours))
    house.box.clear_faults()
    # The first reading is confirmed by the next one.
    await house.lives(timedelta(minutes=2), timedelta(minutes=1))
    (gap,) = (gap for gap in house.gaps if gap.key == IMPORT)
    return gap


async def hourly(house: House, entity_id: str = METER) -> dict[int, float]:
    """Return the kWh of each hour of a statistic."""
    return {int(row["start"]): row["change"] or 0.0 for row in await rows(house.hass, entity_id)}
