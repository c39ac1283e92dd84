"""What counts in a world: a meter with its reader and a broker, or a FRITZ!Box."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from http import HTTPStatus
import json
from pathlib import Path
from typing import Any, Final, NamedTuple, override
from zoneinfo import ZoneInfo

from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockMqttReasonCode,
    async_fire_mqtt_message,
)

from custom_components.py_hab.const import CONF_KIND, CONF_PREFIX, CONF_TOPIC, DOMAIN, EntryKind
from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_SCAN_INTERVAL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.core import callback
from homeassistant.helpers.device_registry import format_mac
from simulator.fritzbox import DEFAULT_PASSWORD, DEFAULT_USER, Fault, SimulatedFritzBox
from simulator.fritzbox_devices import EXPORT, IMPORT, REFRIGERATOR

from .broker import mocked_paho
from .home_assistant import ZONE, Computer
from .house import HOUR, House, Message, Meter, Reading, Script
from .server import SWAPPED_AFTER, YEARS, write_years_of_a_meter, write_years_of_a_plug
from .world import Party, World

SENSOR: Final = "tele/tasmota_9282F4/SENSOR"
LWT: Final = "tele/tasmota_9282F4/LWT"
STATE: Final = "tele/tasmota_9282F4/STATE"
COMMAND: Final = "cmnd/tasmota_9282F4/STATUS"
ANSWER: Final = "stat/tasmota_9282F4/STATUS10"
MAC: Final = "a4:cf:12:92:82:f4"
POLLED: Final = timedelta(minutes=5)
AWAKE: Final = 10
"""Seconds for which a reader in deep sleep is awake."""
SERVER_OFF: Final = timedelta(days=10)
"""So long before Home Assistant is set up, the old server of a plug was switched off."""
CAPACITY: Final = 1_000_000
"""kWh at which a display starts again at 0."""
DAYS: Final = 31
"""The box remembers as single ones, that of today included."""
MONTHS: Final = timedelta(days=23 * 30)
"""The box remembers as single ones, at least."""
BOX_SERIES: Final[Mapping[str, str]] = {
    "refrigerator": f"{REFRIGERATOR}_energy",
    "import": f"{IMPORT}_energy_import",
    "export": f"{EXPORT}_energy_export",
}


@dataclass(frozen=True, kw_only=True)
class Heard:
    """An honest reading that Home Assistant has received."""

    at: datetime
    """As Home Assistant's clock showed it."""
    counted: Mapping[str, float]
    """The truth at that moment in kWh, by series of the home."""


@dataclass(frozen=True, kw_only=True)
class Instant:
    """The moment of a message, and what an honest reader would say in it."""

    number: int
    now: datetime
    script: Script
    reading: Reading

    def says(self, script: Script | None = None, **changes: Any) -> dict[str, Any]:
        """Return a complete message whose reading differs by the changes."""
        return (script or self.script).message(self.now, replace(self.reading, **changes))


type Edit = Callable[[Instant], Iterable[Message]]
"""What a reader sends at an instant, and what else arrives then."""


@dataclass(frozen=True, eq=False)
class Words:
    """What a reader says for a while, and whether that is the truth."""

    edit: Edit
    honest: bool = True


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


class MeterSource(Source):
    """A meter, its reader and a broker."""

    def __init__(self, world: World, house: House, server_file: Path) -> None:
        """Mount a meter on the wall."""
        super().__init__(world, house, server_file)
        self.period = world.spacing
        kinds = ("import", "export") if world.script.exported else ("import",)
        self.series = {kind: f"{MAC}_energy_{kind}" for kind in kinds}
        self.meter: Meter = world.meter
        self.words: list[Words] = [Words(lambda instant: [instant.says()])]
        """What the reader says; the last one applies."""

        self.client: Any = None
        """The mocked paho client."""

        self._heard: list[Heard] = []
        self._away: Sequence[Party] = ()
        self._is_asleep = world.sleeps
        if world.has_server:
            off = world.start.replace(minute=0)
            self.meter, self.counted = write_years_of_a_meter(server_file, house, self.meter, off)
            self.uncertain = (off - YEARS, off - YEARS + SWAPPED_AFTER)

    @override
    def entries(self) -> list[MockConfigEntry]:
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
                data={
                    CONF_KIND: EntryKind.METER.value,
                    CONF_TOPIC: SENSOR,
                    CONF_PREFIX: self.world.script.prefix,
                },
                options=dict(self.world.options),
            ),
        ]

    @override
    def configuration(self) -> dict[str, Any]:
        """Return the configuration of core's sensors that users copy from each other."""
        world, script = self.world, self.world.script
        sensors = []
        if world.core_beside:
            sensors = [
                _core_sensor(f"core {name}", f"{{{{ value_json.{script.prefix}.{key} }}}}")
                for name, key in (
                    ("energy_import", script.imported),
                    ("energy_export", script.exported),
                    ("power", script.power),
                )
            ]
        if world.predecessor is not None:
            sensors.append(_core_sensor("MT681 energy import", world.predecessor))
        return {"mqtt": {"sensor": sensors}} if sensors else {}

    @property
    @override
    def heard(self) -> Sequence[Heard]:
        return self._heard

    def displayed(self, series: str) -> float:
        """Return what the display shows now, in kWh."""
        reading = self.meter.shows(self.house, self.computer.clock.now)
        shown = {"import": reading.imported, "export": reading.exported}[series]
        return shown / 1000 % CAPACITY

    def swap(self, successor: Meter) -> None:
        """Mount another meter; nobody informs Home Assistant."""
        now = self.computer.clock.now
        self.meter = self.meter.replaced(self.house, now, successor)
        self.successors.append(Successor(now, self.series, has_unseen_opening=True))

    @override
    @contextmanager
    def around(self) -> Iterator[None]:
        with mocked_paho(self.published) as self.client:
            yield

    @override
    async def started(self, away: Sequence[Party]) -> None:
        self._away = away
        await self.computer.pass_seconds(2)
        self._deliver(LWT, self._last_will, retain=True)
        if (kept := self.world.retained) is not None:
            message = self.world.script.message(self.world.start, kept)
            self._deliver(SENSOR, message, retain=True)
        await self.computer.settled()

    @override
    async def changed(self, party: Party, away: Sequence[Party]) -> None:
        self._away = away
        gone = party in away
        if party is Party.READER:
            self._deliver(LWT, self._last_will)
        elif self.computer.is_on:
            code = MockMqttReasonCode()
            if gone:
                self.client.on_disconnect(self.client, None, None, code)
            else:
                self.client.on_connect(self.client, None, None, code)
                await self.started(away)
        if self.computer.is_on:
            await self.computer.settled()

    @property
    def _last_will(self) -> str:
        if Party.READER in self._away:
            return "Offline"
        return "DeepSleep" if self._is_asleep else "Online"

    @override
    async def speaks(self, away: Sequence[Party]) -> None:
        self._away = away
        if self.world.sleeps:
            await self._wakes()
            return
        for message in self._says():
            self._deliver(SENSOR, message)
        await self.computer.settled()

    async def _wakes(self) -> None:
        """Start, publish once, and sleep again."""
        self._is_asleep = False
        self._deliver(LWT, self._last_will)
        self._deliver(STATE, {"UptimeSec": 12})
        for message in self._says():
            self._deliver(SENSOR, message)
        await self.computer.pass_seconds(AWAKE)
        self._is_asleep = True
        self._deliver(LWT, self._last_will)
        await self.computer.settled()

    def _says(self) -> Sequence[Message]:
        """Return the messages of this moment, and note what Home Assistant hears in them."""
        if self._away or self._is_asleep:
            return []
        now = self.computer.clock.now
        words = self.words[-1]
        if words.honest:
            counted = {series: self.counted(series, now) for series in self.series}
            self._heard.append(Heard(at=self.computer.clock.shown, counted=counted))
        return list(
            words.edit(
                Instant(
                    number=int((now - self.world.start) / self.world.spacing),
                    now=now,
                    script=self.world.script,
                    reading=self.meter.shows(self.house, now),
                )
            )
        )

    @callback
    def published(self, topic: str, payload: str) -> None:
        """Answer STATUS 10 as the reader does: with what it publishes anyway."""
        if topic == COMMAND and payload == "10":
            said = [message for message in self._says() if not isinstance(message, str)]
            if said:
                self._deliver(ANSWER, {"StatusSNS": said[len(said) // 2]})

    def _deliver(self, topic: str, message: Message, *, retain: bool = False) -> None:
        """Let the broker send a message, if there are both a broker and a recipient."""
        if self.computer.is_on and Party.BROKER not in self._away:
            text = message if isinstance(message, str) else json.dumps(message)
            async_fire_mqtt_message(self.computer.hass, topic, text, retain=retain)


def _core_sensor(name: str, template: str) -> dict[str, Any]:
    """Return the configuration of a sensor for energy, or for power."""
    is_energy = "energy" in name
    return {
        "name": name,
        "state_topic": SENSOR,
        "value_template": template,
        "device_class": "energy" if is_energy else "power",
        "state_class": "total_increasing" if is_energy else "measurement",
        "unit_of_measurement": "kWh" if is_energy else "W",
    }


class BoxSource(Source):
    """A FRITZ!Box."""

    def __init__(
        self, world: World, house: House, server_file: Path, box: SimulatedFritzBox
    ) -> None:
        """Have a box count."""
        super().__init__(world, house, server_file)
        self.box = box
        self.period = POLLED
        self.series = {
            series: unique_id
            for series, unique_id in BOX_SERIES.items()
            if unique_id.startswith(world.ains)
        }
        zone = ZoneInfo(ZONE)
        days = world.start.astimezone(zone).date() - timedelta(days=DAYS - 1)
        self.known_since = datetime.combine(days, time(), tzinfo=zone).astimezone(UTC)
        self.months_since = world.start - MONTHS
        if world.has_server:
            off = world.start - SERVER_OFF
            write_years_of_a_plug(server_file, house, off)
            self.uncertain = (off - YEARS,)

    @override
    def entries(self) -> list[MockConfigEntry]:
        return [
            MockConfigEntry(
                domain=DOMAIN,
                title="FRITZ!Box",
                unique_id=format_mac(self.box.identity.serial),
                entry_id="box",
                data={
                    CONF_KIND: EntryKind.FRITZBOX.value,
                    CONF_HOST: self.box.url,
                    CONF_USERNAME: DEFAULT_USER,
                    CONF_PASSWORD: DEFAULT_PASSWORD,
                    CONF_VERIFY_SSL: True,
                },
                options={CONF_SCAN_INTERVAL: POLLED.total_seconds(), **self.world.options},
            )
        ]

    @property
    @override
    def heard(self) -> Sequence[Heard]:
        return [
            Heard(
                at=request.at,
                counted={series: self.counted(series, request.at) for series in self.series},
            )
            for request in self.box.requests
            if request.switchcmd == "getdevicelistinfos" and request.status == HTTPStatus.OK
        ]

    def reset_plug(self) -> None:
        """Clear the statistics of a plug, as its user can: the counter starts again at 0."""
        self.box.reset_statistics(REFRIGERATOR)
        self.known_since = self.months_since = self.computer.clock.now
        self.successors.append(
            Successor(self.known_since, ("refrigerator",), has_unseen_opening=False)
        )

    def reboot(self, *periods: str, zeros: bool = False) -> None:
        """Reboot the box: of these periods (REST) it has forgotten what was before, or says 0."""
        now = self.computer.clock.now
        self.box.reboot(timedelta(minutes=3))
        self.box.fault(Fault(edit=partial(_forgetful, periods, zeros, now)))
        if "month" in periods:
            self.known_since = now
        if "year" in periods:
            self.months_since = now

    @override
    async def changed(self, party: Party, away: Sequence[Party]) -> None:
        if party in away:
            self.box.fault(Fault(drop=True))
        else:
            self.box.clear_faults()


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
    now, before = (
        (at.timestamp() + HOUR.total_seconds()) // step for at in (datetime.now(UTC), moment)
    )
    return int(now - before)
