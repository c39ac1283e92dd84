"""A long world as Home Assistant lives through it, with a meter or a FRITZ!Box in it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from http import HTTPStatus
import json
from typing import Any, Final, override
from unittest.mock import patch

from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_mqtt_message,
)

from custom_components.py_hab.const import (
    CONF_HISTORY,
    CONF_KIND,
    CONF_PREFIX,
    CONF_TOPIC,
    DOMAIN,
    EntryKind,
)
from custom_components.py_hab.history.statistics.transaction import StatisticTables
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_SCAN_INTERVAL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import format_mac
from homeassistant.util import dt as dt_util
from simulator.fritzbox import DEFAULT_PASSWORD, DEFAULT_USER, Fault, SimulatedFritzBox
from simulator.fritzbox_devices import EXPORT, IMPORT, REFRIGERATOR

from .broker import mocked_paho
from .home_assistant import COMPILED, LOOKED_AFTER, SHORT_TERM, Computer
from .house import House, Meter
from .server import SWAPPED_AFTER, YEARS, full_hour, write_years_of_a_meter, write_years_of_a_plug
from .worlds import Act, Away, Phase, World

SENSOR: Final = "tele/tasmota_9282F4/SENSOR"
LWT: Final = "tele/tasmota_9282F4/LWT"
COMMAND: Final = "cmnd/tasmota_9282F4/STATUS"
ANSWER: Final = "stat/tasmota_9282F4/STATUS10"
PREFIX: Final = "MT681"
MAC: Final = "a4:cf:12:92:82:f4"
POLLED: Final = SHORT_TERM
NOTICED: Final = 2 * POLLED
"""After this, it is known that a source is away."""
METER_SERIES: Final[Mapping[str, str]] = {
    "import": f"{MAC}_energy_import",
    "export": f"{MAC}_energy_export",
}
"""By series of the home, the unique id of the entity that counts it."""
SERVER_OFF: Final = timedelta(days=10)
"""So long before Home Assistant has come, the old server has gone."""
DAYS: Final = 31
"""The box remembers as single ones, that of today included."""
BOX_SERIES: Final[Mapping[str, str]] = {
    "refrigerator": f"{REFRIGERATOR}_energy",
    "import": f"{IMPORT}_energy_import",
    "export": f"{EXPORT}_energy_export",
}


@dataclass(frozen=True, kw_only=True)
class Hour:
    """An hourly row as dashboards see it, in kWh."""

    start: datetime
    change: float
    state: float
    sum: float


type Books = Mapping[str, Sequence[Hour]]
"""By series of the home."""


def meter_entries(world: World) -> list[MockConfigEntry]:
    """Return what the user of a meter has set up."""
    return [
        MockConfigEntry(
            domain="mqtt",
            version=2,
            minor_version=1,
            entry_id="broker",
            data={"broker": "broker", "port": 1883, "protocol": "5"},
            options={"discovery": False, "birth_message": {}},
        ),
        MockConfigEntry(
            domain=DOMAIN,
            title="MT681",
            unique_id=MAC,
            entry_id="meter",
            data={CONF_KIND: EntryKind.METER.value, CONF_TOPIC: SENSOR, CONF_PREFIX: PREFIX},
            options={CONF_HISTORY: world.is_mended},
        ),
    ]


def box_entries(box: SimulatedFritzBox) -> list[MockConfigEntry]:
    """Return what the user of a box has set up."""
    return [
        MockConfigEntry(
            domain=DOMAIN,
            title="FRITZ!Box",
            unique_id=format_mac(box.identity.serial),
            entry_id="box",
            data={
                CONF_KIND: EntryKind.FRITZBOX.value,
                CONF_HOST: box.url,
                CONF_USERNAME: DEFAULT_USER,
                CONF_PASSWORD: DEFAULT_PASSWORD,
                CONF_VERIFY_SSL: True,
            },
            options={CONF_SCAN_INTERVAL: POLLED.total_seconds()},
        )
    ]


class Life:
    """A home, and the computer in it, from its set-up to the end."""

    series: Mapping[str, str]

    def __init__(self, world: World, house: House, computer: Computer) -> None:
        """Prepare; nothing runs yet."""
        self.world = world
        self.house = house
        self.computer = computer
        self.server_file: Final = computer.folder / "server.sqlite"
        """Of the old server, if there was one."""

        self.away: frozenset[Away] = frozenset({Away.HOME_ASSISTANT})
        self.counted: Callable[[str, datetime], float] = house.counted
        """The truth: kWh of a series since some moment in the past."""

        self.uncertain: Sequence[datetime] = ()
        """When the old server may have missed what its meter counted between two readings."""

        self.known_since: datetime | None = None
        """Since when somebody else knows what was counted while nobody read it."""

    async def live(self) -> Books:
        """Live through the world, and return what has been booked."""
        with self._around():
            for happening in self.world.script:
                match happening:
                    case Phase():
                        await self._phase(happening)
                    case Act():
                        await happening.act(self)
            books = await self.books()
            await self.computer.stop()
        return books

    @property
    def heard(self) -> Sequence[datetime]:
        """When the source was read."""
        raise NotImplementedError

    async def books(self) -> Books:
        """Return the hourly statistics."""
        hass = self.computer.hass
        await self.computer.recorded()
        registry = er.async_get(hass)
        ids = {
            series: registry.async_get_entity_id("sensor", DOMAIN, unique_id)
            for series, unique_id in self.series.items()
        }
        found = await get_instance(hass).async_add_executor_job(
            statistics_during_period,
            hass,
            datetime(2000, 1, 1, tzinfo=UTC),
            None,
            {entity_id for entity_id in ids.values() if entity_id},
            "hour",
            None,
            {"change", "sum", "state"},
        )
        return {
            series: [
                Hour(
                    start=dt_util.utc_from_timestamp(row["start"]),
                    change=row.get("change") or 0.0,
                    state=row.get("state") or 0.0,
                    sum=row.get("sum") or 0.0,
                )
                for row in found.get(entity_id or "", [])
            ]
            for series, entity_id in ids.items()
        }

    # What is done

    async def backfill(self) -> dict[str, Any]:
        """Complete the history now."""
        return await self.computer.call("backfill", config_entry_id=self.computer.entry.entry_id)

    async def backfill_while_compiling(self) -> None:
        """Complete it just when Home Assistant compiles an hour."""
        work = asyncio.create_task(self.backfill())
        now = self.computer.now
        hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        await self.computer.move_to(hour + COMPILED)
        await self.computer.recorded()
        await work

    async def backfill_interrupted(self) -> None:
        """Have the power cut while it is being completed."""
        written = asyncio.Event()
        loop = self.computer.hass.loop
        perform = StatisticTables.perform

        def write(tables: StatisticTables, *arguments: Any) -> None:
            perform(tables, *arguments)
            loop.call_soon_threadsafe(written.set)

        with patch.object(StatisticTables, "perform", write):
            work = asyncio.create_task(self.backfill())
            await written.wait()
            await self.computer.stop(power_cut=True)
            self.away = frozenset({Away.HOME_ASSISTANT})
            work.cancel()
            await asyncio.wait([work])

    async def undo(self) -> None:
        """Take everything back."""
        await self.computer.call("undo_history", config_entry_id=self.computer.entry.entry_id)

    async def import_years(self) -> None:
        """Import what the old server has recorded."""
        await self.computer.call(
            "import_database",
            path=str(self.server_file),
            config_entry_id=self.computer.entry.entry_id,
        )

    # Phases

    async def _phase(self, phase: Phase) -> None:
        end = self.computer.now + phase.duration
        await self._come_and_go(phase)
        if not self.computer.is_on:
            await self.computer.move_to(end)
        elif self.away:
            await self._live_until(min(self.computer.now + NOTICED, end))
            await self.computer.idle_until(end)
        else:
            await self._live_until(end)

    async def _come_and_go(self, phase: Phase) -> None:
        """Let whoever comes or goes do so, sources before Home Assistant."""
        before, self.away = self.away, phase.away
        for source in (Away.READER, Away.BOX):
            if (source in before) != (source in self.away):
                await self._source_changed(source in self.away)
        off = Away.HOME_ASSISTANT in self.away
        if off and self.computer.is_on:
            await self.computer.stop(power_cut=phase.power_cut)
        elif not off and not self.computer.is_on:
            await self.computer.start()
            await self._home_assistant_started()

    async def _live_until(self, end: datetime) -> None:
        for moment in self._moments(end):
            await self.computer.move_to(moment)
            if moment.second == COMPILED.seconds:
                await self.computer.recorded()
            if not self.away:
                await self._tell()
        await self.computer.move_to(end)

    def _moments(self, end: datetime) -> Sequence[datetime]:
        """Return when to look at the home, up to a moment."""
        now = self.computer.now
        period = now - timedelta(seconds=now.timestamp() % SHORT_TERM.total_seconds())
        moments = []
        while period < end:
            moments += [period + COMPILED, period + LOOKED_AFTER]
            period += SHORT_TERM
        return [moment for moment in moments if now < moment <= end]

    # What sources differ in

    def _around(self) -> AbstractContextManager[Any]:
        """Return what must be there as long as the world lasts."""
        raise NotImplementedError

    async def _source_changed(self, away: bool) -> None:
        """Let the source of the readings go or come back."""
        raise NotImplementedError

    async def _home_assistant_started(self) -> None:
        """Tell Home Assistant what it is told at its start."""

    async def _tell(self) -> None:
        """Let the source tell what it measures, if it tells by itself."""
        raise NotImplementedError


class MeterLife(Life):
    """A life with a meter, its reader and a broker."""

    series = METER_SERIES

    def __init__(self, world: World, house: House, computer: Computer) -> None:
        """Hang a meter on the wall."""
        super().__init__(world, house, computer)
        self.meter = Meter()
        self._heard: list[datetime] = []
        if world.has_server:
            off = full_hour(world.start)
            self.meter, self.counted = write_years_of_a_meter(
                self.server_file, house, self.meter, off
            )
            self.uncertain = (off - YEARS, off - YEARS + SWAPPED_AFTER)

    @property
    @override
    def heard(self) -> Sequence[datetime]:
        return self._heard

    def swap(self) -> None:
        """Hang up another meter; nobody has told Home Assistant."""
        self.meter = self.meter.replaced(
            self.house,
            self.computer.now,
            number="0a0149534b0005512f07",
            imported=12.0,
            exported=0.5,
        )

    @override
    def _around(self) -> AbstractContextManager[Any]:
        return mocked_paho(self._published)

    @override
    async def _source_changed(self, away: bool) -> None:
        self._deliver(LWT, "Offline" if away else "Online")
        if self.computer.is_on:
            await self.computer.settled()

    @override
    async def _home_assistant_started(self) -> None:
        # Subscriptions are sent a little later than they are asked for.
        for _ in range(2):
            await self.computer.move_to(self.computer.now + timedelta(seconds=1))
        self._deliver(LWT, "Offline" if Away.READER in self.away else "Online", retain=True)
        await self.computer.settled()

    @override
    async def _tell(self) -> None:
        self._deliver(SENSOR, json.dumps(self._message()))
        self._heard.append(self.computer.now)
        await self.computer.settled()

    def _message(self) -> dict[str, Any]:
        now = self.computer.now
        imported, exported = self.meter.shows(self.house, now)
        return {
            "Time": now.strftime("%Y-%m-%dT%H:%M:%S"),
            PREFIX: {
                "E_in": imported,
                "E_out": exported,
                "Power": round(self.house.home.grid_power(now)),
                "Meter_id": self.meter.number,
            },
        }

    @callback
    def _published(self, topic: str, payload: str) -> None:
        """Answer STATUS 10 as the head does: with what it says anyway."""
        if topic == COMMAND and payload == "10" and not self.away:
            self._heard.append(self.computer.now)
            self._deliver(ANSWER, json.dumps({"StatusSNS": self._message()}))

    def _deliver(self, topic: str, payload: str, *, retain: bool = False) -> None:
        if self.computer.is_on:
            async_fire_mqtt_message(self.computer.hass, topic, payload, retain=retain)


class BoxLife(Life):
    """A life with a FRITZ!Box."""

    def __init__(
        self, world: World, house: House, computer: Computer, box: SimulatedFritzBox
    ) -> None:
        """Stand a box beside it."""
        super().__init__(world, house, computer)
        self.box = box
        self.series = {
            series: unique_id
            for series, unique_id in BOX_SERIES.items()
            if unique_id.startswith(world.ains)
        }
        days = world.start.astimezone(house.home.zone).date() - timedelta(days=DAYS - 1)
        self.known_since = datetime.combine(days, time(), tzinfo=house.home.zone).astimezone(UTC)
        if world.has_server:
            off = world.start - SERVER_OFF
            write_years_of_a_plug(self.server_file, house, off)
            self.uncertain = (off - YEARS,)

    @override
    def _around(self) -> AbstractContextManager[Any]:
        return patch("custom_components.py_hab.history.box.fetch.PAUSE", timedelta(0))

    @property
    @override
    def heard(self) -> Sequence[datetime]:
        return [
            request.at
            for request in self.box.requests
            if request.switchcmd == "getdevicelistinfos" and request.status == HTTPStatus.OK
        ]

    def reset_plug(self) -> None:
        """Clear the statistics of a plug, as its user can: the counter starts again at 0."""
        self.box.reset_statistics(REFRIGERATOR)
        self.known_since = self.computer.now

    def reboot(self, *periods: str, zeros: bool = False) -> None:
        """Reboot the box: of these periods (REST) it has forgotten what was before, or says 0."""
        self.box.reboot(timedelta(minutes=3))
        self.box.fault(Fault(edit=partial(_forgetful, periods, zeros, self.computer.now)))
        if "month" in periods:
            self.known_since = self.computer.now

    @override
    async def _source_changed(self, away: bool) -> None:
        if away:
            self.box.fault(Fault(drop=True))
        else:
            self.box.clear_faults()

    @override
    async def _tell(self) -> None:
        """Wait to be asked."""


def _forgetful(periods: Sequence[str], zeros: bool, reboot: datetime, text: str) -> str:
    """Take out of an answer of the REST API what a box remembers of the time before a reboot."""
    if not text.startswith("{"):
        return text
    answer = json.loads(text)
    for series in answer.get("statistics", {}).get("energies", []):
        if series["period"] in periods and "values" in series:
            known = _steps_since(reboot, series["interval"])
            values = series["values"]
            series["values"] = values[:known] + [0] * (len(values[known:]) if zeros else 0)
    return json.dumps(answer)


def _steps_since(moment: datetime, step: int) -> int:
    """Return how many steps have begun since a moment; in Berlin's winter."""
    hour = 3600
    now, before = ((at.timestamp() + hour) // step for at in (datetime.now(UTC), moment))
    return int(now - before)
