"""An MQTT broker for the demo and the tests, on this machine only.

Either `rumqttd`, which the package `iotcore` brings along, or an installed `mosquitto`.
Both run in a child process that ends when its standard input closes: at `stop`, and
also when our own process dies in whatever way.

Where rumqttd differs from mosquitto: it acknowledges the end of several subscriptions in
one message once for each topic, and not at all for a topic that was not subscribed to.
Home Assistant logs an error or a warning then, and goes on.
"""

from argparse import ArgumentParser, Namespace
import asyncio
from pathlib import Path
import shutil
import socket
import subprocess
import sys
from tempfile import mkdtemp
from typing import Final, Literal, Self

from .home import Clock, Home

type Kind = Literal["rumqttd", "mosquitto"]

HOST: Final = "127.0.0.1"
START_TIMEOUT: Final = 20.0
STOP_TIMEOUT: Final = 5.0
POLL: Final = 0.01
"""Seconds."""

MQTT_PORT: Final = 1883

_RUMQTTD_CHILD: Final = """
import logging, os, sys, threading
from iotcore import IotCoreBroker

def end_with_parent():
    while os.read(0, 1):
        pass
    os._exit(0)

logging.disable()
threading.Thread(target=end_with_parent, daemon=True).start()
IotCoreBroker(config_path=sys.argv[1]).run_forever()
"""

_MOSQUITTO_CHILD: Final = """
import os, subprocess, sys, threading

broker = subprocess.Popen(["mosquitto", "-c", sys.argv[1]], stdin=subprocess.DEVNULL)

def end_with_parent():
    while os.read(0, 1):
        pass
    broker.kill()

threading.Thread(target=end_with_parent, daemon=True).start()
sys.exit(broker.wait())
"""

# rumqttd speaks one protocol version on a port, so 3.1.1 has a port of its own.
_RUMQTTD_CONFIG: Final = """
id = 0

[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 10000
max_segment_size = 104857600
max_segment_count = 10
"""

_RUMQTTD_LISTENER: Final = """
[{version}.1]
name = "{version}"
listen = "{host}:{port}"
next_connection_delay_ms = 1

[{version}.1.connections]
connection_timeout_ms = 60000
max_payload_size = 1048576
max_inflight_count = 100
dynamic_filters = true
"""

_MOSQUITTO_CONFIG: Final = """
listener {port} {host}
allow_anonymous true
max_queued_messages 0
log_type error
"""


class BrokerError(Exception):
    """The broker did not start."""


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def available() -> list[Kind]:
    """Return which brokers can be run here, the best tested first."""
    return ["rumqttd", "mosquitto"] if shutil.which("mosquitto") else ["rumqttd"]


class Broker:
    """A broker without accounts that listens on 127.0.0.1.

    Started and stopped as often as one likes, always on the same ports; it forgets
    retained messages and sessions when it stops.
    """

    def __init__(self, port: int = 0, *, kind: Kind = "rumqttd") -> None:
        """Prepare a broker for a port, or for any free one."""
        self.kind = kind
        self.host = HOST
        self.port = port or free_port()
        """Where MQTT 5 is spoken."""

        self.port_v311 = self.port if kind == "mosquitto" else free_port()
        """Where MQTT 3.1.1 is spoken."""

        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None

    @property
    def running(self) -> bool:
        """Return whether the broker runs."""
        return self._process is not None and self._process.poll() is None

    async def start(self) -> None:
        """Start the broker and return as soon as it accepts connections.

        Raises:
            BrokerError: A port is taken, it ended at once, or accepts none for 20 seconds.
        """
        if self.running:
            return
        for port in {self.port, self.port_v311}:
            if await _answers(self.host, port):
                raise BrokerError(f"port {port} is taken")
        self._spawn()
        try:
            async with asyncio.timeout(START_TIMEOUT):
                for port in {self.port, self.port_v311}:
                    await self._accepting(port)
        except TimeoutError:
            await self.stop()
            raise BrokerError(f"{self.kind} accepts no connections on port {self.port}") from None
        except BrokerError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the broker at once, as a power cut would."""
        self._end()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    async def __aenter__(self) -> Self:
        """Start the broker."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop the broker."""
        await self.stop()

    def _spawn(self) -> None:
        """Start the child process."""
        self._folder = Path(mkdtemp(prefix="broker-"))
        config = self._folder / "broker.toml"
        config.write_text(self._config())
        child = _RUMQTTD_CHILD if self.kind == "rumqttd" else _MOSQUITTO_CHILD
        self._process = subprocess.Popen(
            [sys.executable, "-c", child, str(config)], stdin=subprocess.PIPE
        )

    def _end(self) -> None:
        """End the child process: a matter of milliseconds."""
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.stdin:
            process.stdin.close()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _config(self) -> str:
        """Return the configuration file of the chosen broker."""
        if self.kind == "mosquitto":
            return _MOSQUITTO_CONFIG.format(host=self.host, port=self.port)
        ports = {"v4": self.port_v311, "v5": self.port}
        return _RUMQTTD_CONFIG + "".join(
            _RUMQTTD_LISTENER.format(version=version, host=self.host, port=port)
            for version, port in ports.items()
        )

    async def _accepting(self, port: int) -> None:
        """Return once our own broker accepts connections on a port."""
        while not await _answers(self.host, port):
            if not self.running:
                raise BrokerError(f"{self.kind} ended while it started on port {port}")
            await asyncio.sleep(POLL)


async def _answers(host: str, port: int) -> bool:
    """Return whether somebody accepts connections on a port."""
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options of the broker."""
    parser.add_argument("--port", type=int, default=MQTT_PORT, help="port for MQTT 5 (%(default)s)")
    parser.add_argument(
        "--kind", choices=["rumqttd", "mosquitto"], default="rumqttd", help="which one to run"
    )


async def run(args: Namespace, home: Home, clock: Clock) -> None:
    """Run the broker until cancelled."""
    del home, clock
    async with Broker(args.port, kind=args.kind) as broker:
        print(f"MQTT broker ({broker.kind}) on {broker.host}:{broker.port}", flush=True)
        print(f"MQTT 3.1.1 on {broker.host}:{broker.port_v311}", flush=True)
        await asyncio.Event().wait()
