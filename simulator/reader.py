"""A Tasmota reader on the electricity meter: it reads the simulated home and reports it over MQTT."""

from argparse import ArgumentParser, Namespace
import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

from paho.mqtt.client import MQTTMessage

from .broker import HOST, MQTT_PORT
from .faults import TRANSFORMATIONS, Block, Fault, Telegram
from .home import Clock, Home
from .meter import HEAT_PUMP_METER_ID, SCRIPTS, Line, Meter, Script
from .mqtt import MqttConnection
from .tasmota import OFFLINE, ONLINE, PREFIXES, TasmotaDevice, compact

TELEGRAM_PERIOD: Final = 2.0
"""Seconds between two telegrams of the meter, each followed by the immediate messages."""


LEAVE_TIMEOUT: Final = 20.0
"""Seconds until a broker must have noticed that a connection is gone."""


@dataclass(eq=False)
class ReadMeter:
    """A meter with the part of the reader's script that reads it."""

    script: Script
    meter: Meter

    def block(self, at: datetime, wanted: Callable[[Line], bool]) -> Block:
        """Return what the wanted lines print."""
        return Block(
            self.script.prefix,
            tuple(
                (line, line.printed(self.meter, at)) for line in self.script.lines if wanted(line)
            ),
        )


class SimulatedReader(TasmotaDevice):
    """A reader with one meter, stepped by hand (`publish_sensor`) or automatically (`operate`).

    With `second`, another script, it also reads the meter of the heat pump.

    Lives in the event loop that `start` is called in; everything else is called from there too.
    """

    def __init__(
        self,
        home: Home,
        clock: Clock,
        *,
        host: str = HOST,
        port: int = MQTT_PORT,
        topic: str = "tasmota_9282F4",
        mac: str = "A4CF129282F4",
        name: str = "Tasmota",
        script: str = "bitshake",
        second: str | None = None,
        full_topic: str = "%prefix%/%topic%/",
        prefixes: tuple[str, str, str] = PREFIXES,
        offline: str = OFFLINE,
        tele_period: float = 10.0,
        mqtt5: bool = True,
        esp32: bool = False,
    ) -> None:
        """Build a reader for a script of `SCRIPTS`; `mac` without colons, in capitals."""
        super().__init__(
            home,
            clock,
            topic=topic,
            mac=mac,
            name=name,
            full_topic=full_topic,
            prefixes=prefixes,
            offline=offline,
        )
        self.tele_period = tele_period
        self.meters = [ReadMeter(SCRIPTS[script], Meter(home=home, since=home.installed))]
        if second is not None:
            heat_pump = Meter(
                home=home,
                since=home.installed,
                consumer="heat_pump",
                number=HEAT_PUMP_METER_ID,
                import_kwh=4210.5,
                export_kwh=0.0,
            )
            self.meters.append(ReadMeter(SCRIPTS[second], heat_pump))
        self._host = host
        self._port = port
        self._mqtt5 = mqtt5
        self._esp32 = esp32
        self._connection: MqttConnection | None = None
        self._faults: dict[Fault, int | None] = {}
        self._frozen = clock.now()
        self._messages = 0
        self.silent = False
        """Whether it stays connected but publishes no telemetry."""

    @property
    def script(self) -> Script:
        """The script that reads the first meter."""
        return self.meters[0].script

    @property
    def meter(self) -> Meter:
        """The first meter, that of the house."""
        return self.meters[0].meter

    # Life

    async def start(self) -> None:
        """Connect, and report everything a reader reports after its start.

        Raises:
            OSError: Nobody listens there.
            TimeoutError: The broker does not answer.
        """
        self._connection = MqttConnection(
            self._host,
            self._port,
            client_id=self.client_id,
            mqtt5=self._mqtt5,
            will=(self.tele_topic("LWT"), self.offline),
            connected=self._on_connect,
            received=self._on_message,
        )
        await self._connection.open()

    async def stop(self) -> None:
        """Lose power; return when the broker has reported that the reader is offline.

        A reader that came back at once would else be overtaken by the news of its own end.
        """
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if not connection.online.is_set():
            await connection.cut()
            return
        reported = asyncio.Event()

        def watch(message: MQTTMessage) -> None:
            if message.payload.decode() == self.offline:
                reported.set()

        watcher = MqttConnection(self._host, self._port, mqtt5=self._mqtt5, received=watch)
        try:
            async with asyncio.timeout(LEAVE_TIMEOUT):
                await watcher.open()
                await watcher.subscribe(self.tele_topic("LWT"))
                await connection.cut()
                await reported.wait()
        except ConnectionError:  # the broker has just gone: nobody to notify
            await connection.cut()
        finally:
            await watcher.close()

    async def reboot(
        self, fault: Fault | None = None, *, messages: int = 1, reason: str = "Power On"
    ) -> None:
        """Lose power and come back, with a fault in the first messages."""
        await self.stop()
        self.boot(reason)
        self._messages = 0
        if fault is not None:
            self.fault(fault, messages=messages)
        await self.start()

    async def operate(self) -> None:
        """Publish as time goes by, until cancelled."""
        pause = min(TELEGRAM_PERIOD, self.tele_period)
        waited = 0.0
        while True:
            await asyncio.sleep(pause)
            self.publish_immediate()
            waited += pause
            if waited >= self.tele_period:
                waited = 0.0
                self.publish_state()
                self.publish_sensor()

    async def wait_connected(self) -> None:
        """Return once the reader is connected (again)."""
        if self._connection is not None:
            await self._connection.online.wait()

    # Faults

    def fault(self, fault: Fault, *, messages: int | None = None) -> None:
        """Suffer from a fault, in so many messages with readings or until `heal`."""
        self._faults[fault] = messages
        if fault is Fault.FROZEN:
            self._frozen = self.clock.now()

    def heal(self) -> None:
        """Be free of all faults."""
        self._faults.clear()

    def swap_meter(self, number: str, *, import_kwh: float = 0.0, export_kwh: float = 0.0) -> None:
        """Put in another meter of the house, with its own number and readings."""
        self.meters[0].meter = Meter(
            home=self.home,
            number=number,
            since=self.clock.now(),
            import_kwh=import_kwh,
            export_kwh=export_kwh,
        )

    def load_script(self, name: str, *, prefix: str | None = None, index: int = 0) -> None:
        """Load another script: the same meter under other keys, and another prefix if given."""
        script = SCRIPTS[name]
        self.meters[index].script = script if prefix is None else replace(script, prefix=prefix)

    # What it publishes

    def publish_sensor(self) -> None:
        """Publish all readings."""
        if not self.silent:
            self._publish(self.tele_topic("SENSOR"), self._sensor().json())

    def publish_immediate(self) -> None:
        """Publish each line that the script flags, in a message of its own."""
        for each in self.meters:
            for line in each.script.lines:
                if line.immediate and not self.silent:
                    telegram = self._sensor(
                        lambda *other, this=(each, line): other == this, extra=""
                    )
                    self._publish(self.tele_topic("SENSOR"), telegram.json())

    def publish_state(self) -> None:
        """Publish how the reader itself is."""
        if not self.silent:
            self._publish(self.tele_topic("STATE"), compact(self.state()))

    def publish_info(self) -> None:
        """Publish what the reader is, as after each start."""
        for leaf, content in self.info().items():
            self._publish(self.tele_topic(leaf.upper()), compact({leaf: content}))

    def publish_discovery(self) -> None:
        """Publish the two retained discovery messages."""
        empty = Fault.EMPTY_DISCOVERY in self._faults
        readings = self._sensor(lambda *_: not empty, count=False).json()
        self._publish(f"{self.discovery_topic}/config", compact(self.config()), retain=True)
        self._publish(
            f"{self.discovery_topic}/sensors", f'{{"sn":{readings},"ver":1}}', retain=True
        )

    def remove_discovery(self) -> None:
        """Clear the retained discovery, as a device with SetOption19 does."""
        for leaf in ("config", "sensors"):
            self._publish(f"{self.discovery_topic}/{leaf}", "", retain=True)

    # Payloads

    def _sensor(
        self,
        wanted: Callable[[ReadMeter, Line], bool] = lambda *_: True,
        *,
        extra: str | None = None,
        count: bool = True,
    ) -> Telegram:
        """Return a message with readings, after all faults."""
        now = self.clock.now()
        read = self._frozen if Fault.FROZEN in self._faults else now
        temperature = f"{45 + self.home.outdoor_temperature(now) / 4:.1f}"
        board = f'"ESP32":{{"Temperature":{temperature}}},"TempUnit":"C"' if self._esp32 else ""
        telegram = Telegram(
            time=self.time,
            blocks=tuple(each.block(read, partial(wanted, each)) for each in self.meters),
            extra=board if extra is None else extra,
            number=self._messages,
            uptime=self.uptime,
        )
        for fault, left in list(self._faults.items()):
            if fault in TRANSFORMATIONS:
                telegram = TRANSFORMATIONS[fault](telegram)
            if count and left is not None:
                self._faults[fault] = left - 1
                if left <= 1:
                    del self._faults[fault]
        self._messages += count
        return telegram

    # MQTT

    def _publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        """Publish with QoS 0, as Tasmota does; lost while there is no connection."""
        if self._connection is not None:
            self._connection.publish(topic, payload, retain=retain)

    def _answer(self, number: int) -> None:
        """Answer a status command; 0 asks for everything in one message."""
        readings = f'"StatusSNS":{self._sensor().json()}'
        answers = {**self.status(), 8: readings, 10: readings}
        if number == 0:
            members = ",".join(answers[part] for part in (99, 1, 2, 5, 6, 10, 11))
            self._publish(self.stat_topic("STATUS0"), f"{{{members}}}")
        elif number in answers:
            leaf = "STATUS" if number == 99 else f"STATUS{number}"
            self._publish(self.stat_topic(leaf), f"{{{answers[number]}}}")

    def _on_connect(self) -> None:
        """Report everything a reader reports after connecting."""
        if self._connection is None:
            return
        self.connected()
        for topic in self.command_topics():
            self._connection.subscribe(topic)
        self._publish(self.tele_topic("LWT"), ONLINE, retain=True)
        self.publish_info()
        self.publish_discovery()
        self.publish_state()
        self.publish_sensor()

    def _on_message(self, message: MQTTMessage) -> None:
        """Obey a command."""
        command = message.topic.rpartition("/")[2].upper()
        payload = message.payload.decode(errors="replace").strip()
        if command.startswith("STATUS"):
            number = payload or command.removeprefix("STATUS") or "99"
            if number.isdecimal():
                self._answer(int(number))


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options of the reader."""
    parser.add_argument("--host", default=HOST, help="the MQTT broker (%(default)s)")
    parser.add_argument("--port", type=int, default=MQTT_PORT, help="its port (%(default)s)")
    parser.add_argument("--topic", default="tasmota_9282F4", help="%(default)s")
    parser.add_argument("--mac", default="A4CF129282F4", help="%(default)s")
    parser.add_argument("--name", default="Tasmota", help="the name in discovery (%(default)s)")
    parser.add_argument(
        "--script", choices=list(SCRIPTS), default="bitshake", help="vocabulary (%(default)s)"
    )
    parser.add_argument(
        "--second", choices=list(SCRIPTS), help="script for a second meter, the heat pump's"
    )
    parser.add_argument(
        "--tele-period", type=float, default=10.0, help="seconds between messages (%(default)s)"
    )
    parser.add_argument("--mqtt311", action="store_true", help="speak MQTT 3.1.1 in place of 5")
    parser.add_argument(
        "--fault", choices=[*Fault], action="append", default=[], help="suffer from a fault"
    )


async def run(args: Namespace, home: Home, clock: Clock) -> None:
    """Run a reader until cancelled."""
    reader = SimulatedReader(
        home,
        clock,
        host=args.host,
        port=args.port,
        topic=args.topic,
        mac=args.mac,
        name=args.name,
        script=args.script,
        second=args.second,
        tele_period=args.tele_period,
        mqtt5=not args.mqtt311,
    )
    for fault in args.fault:
        reader.fault(Fault(fault))
    await reader.start()
    print(f"Meter reader publishes {reader.tele_topic('SENSOR')}", flush=True)
    try:
        await reader.operate()
    finally:
        await reader.stop()
