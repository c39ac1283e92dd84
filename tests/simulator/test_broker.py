"""The embedded broker: what every client may rely on, whichever broker it is."""

import asyncio
import signal
import subprocess
import sys

import pytest

from simulator.broker import HOST, Broker, BrokerError, Kind, available, free_port
from simulator.mqtt import MqttConnection

from .listening import PATIENCE, listening

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture(params=["rumqttd", "mosquitto"])
def broker_kind(request: pytest.FixtureRequest) -> Kind:
    kind: Kind = request.param
    if kind not in available():
        pytest.skip(f"{kind} is not installed")
    return kind


def port_of(broker: Broker, *, mqtt5: bool) -> int:
    return broker.port if mqtt5 else broker.port_v311


versions = pytest.mark.parametrize("mqtt5", [True, False], ids=["MQTT 5", "MQTT 3.1.1"])


@versions
async def test_a_message_reaches_those_who_asked_for_it(broker: Broker, mqtt5: bool) -> None:
    port = port_of(broker, mqtt5=mqtt5)
    async with (
        listening(HOST, port, "tele/+/SENSOR", mqtt5=mqtt5) as single,
        listening(HOST, port, "tele/#", mqtt5=mqtt5) as multi,
    ):
        for topic in ("stat/a/SENSOR", "tele/a/b/SENSOR", "tele/a/STATE", "tele/a/SENSOR"):
            single.connection.publish(topic, topic)
        assert (await single.next("#")).text == "tele/a/SENSOR"
        await multi.next("tele/a/SENSOR")
        assert [received.topic for received in multi.messages] == [
            "tele/a/b/SENSOR",
            "tele/a/STATE",
        ]


@versions
async def test_retained_messages_await_the_latecomer(broker: Broker, mqtt5: bool) -> None:
    port = port_of(broker, mqtt5=mqtt5)
    async with listening(HOST, port, "#", mqtt5=mqtt5) as early:
        early.connection.publish("home/lwt", "Offline", retain=True)
        early.connection.publish("home/lwt", "Online", retain=True)
        early.connection.publish("home/sensor", "1")
        early.connection.publish("home/removed", "1", retain=True)
        early.connection.publish("home/removed", "", retain=True)
        early.connection.publish("home/last", "end", retain=True)
        live = await early.next("home/last")
        assert not live.retain
        async with listening(HOST, port, "home/#", mqtt5=mqtt5) as late:
            assert (await late.next("home/last")).retain
            availability = await late.next("home/lwt")
            assert (availability.text, availability.retain) == ("Online", True)
            assert not late.messages


@versions
async def test_the_will_is_published_when_a_client_vanishes(broker: Broker, mqtt5: bool) -> None:
    port = port_of(broker, mqtt5=mqtt5)
    async with listening(HOST, port, "will/#", "end", mqtt5=mqtt5) as listener:
        polite = MqttConnection(HOST, port, mqtt5=mqtt5, will=("will/polite", "Offline"))
        await polite.open()
        await polite.close()
        vanishing = MqttConnection(HOST, port, mqtt5=mqtt5, will=("will/vanished", "Offline"))
        await vanishing.open()
        await vanishing.cut()
        assert (await listener.next("will/+")).topic == "will/vanished"
        async with listening(HOST, port, "will/#", mqtt5=mqtt5) as late:
            assert (await late.next("will/+")).retain


async def test_both_protocol_versions_hear_each_other(broker: Broker) -> None:
    async with (
        listening(HOST, broker.port, "to/5", mqtt5=True) as new,
        listening(HOST, broker.port_v311, "to/3", mqtt5=False) as old,
    ):
        new.connection.publish("to/3", "hello")
        old.connection.publish("to/5", "hi")
        assert (await old.next("to/3")).text == "hello"
        assert (await new.next("to/5")).text == "hi"


async def test_many_and_large_messages_arrive_in_order(broker: Broker) -> None:
    async with listening(HOST, broker.port, "many") as listener:
        for number in range(1000):
            listener.connection.publish("many", str(number))
        for number in range(1000):
            assert (await listener.next("many")).text == str(number)
        listener.connection.publish("many", "x" * 100_000)
        assert len((await listener.next("many")).text) == 100_000


async def test_a_restart_keeps_the_port_and_forgets_the_rest(broker: Broker) -> None:
    port = broker.port
    async with listening(HOST, port, "#") as listener:
        listener.connection.publish("kept", "1", retain=True)
        await listener.next("kept")
        await broker.stop()
        assert not broker.running
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(HOST, port)
        await broker.stop()
        await broker.start()
        await broker.start()
        assert broker.port == port
        async with asyncio.timeout(PATIENCE):
            await listener.connection.online.wait()
        await listener.connection.subscribe("#")
        listener.connection.publish("fresh", "2")
        assert (await listener.next("#")).text == "2"


async def test_nobody_else_can_connect(broker: Broker) -> None:
    addresses = run(_LISTENERS, str(broker.port), str(broker.port_v311))
    assert set(addresses.split()) == {"0100007F"}


_LISTENERS = """
import pathlib, sys
ports = {f"{int(port):04X}" for port in sys.argv[1:]}
for table in ("tcp", "tcp6"):
    for line in pathlib.Path("/proc/net", table).read_text().splitlines()[1:]:
        address, port = line.split()[1].split(":")
        if line.split()[3] == "0A" and port in ports:
            print(address)
"""

_OWNER = """
import asyncio, os, signal, sys
from simulator.broker import Broker

async def main():
    broker = Broker(kind=sys.argv[1])
    await broker.start()
    print(broker.port, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_it_ends_with_its_owner(broker: Broker) -> None:
    port = run(_OWNER, broker.kind, returns=-signal.SIGKILL)
    await refused(int(port))


def run(program: str, *arguments: str, returns: int = 0) -> str:
    """Run a Python program, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], check=False, capture_output=True, text=True
    )
    assert done.returncode == returns, done.stderr
    return done.stdout


async def refused(port: int) -> None:
    """Return when nobody listens on a port."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                _, writer = await asyncio.open_connection(HOST, port)
            except OSError:
                return
            writer.close()
            await asyncio.sleep(0.01)


async def test_a_port_in_use_is_an_error(broker: Broker) -> None:
    second = Broker(broker.port, kind=broker.kind)
    with pytest.raises(BrokerError):
        await second.start()
    assert not second.running


async def test_it_runs_from_the_command_line() -> None:
    port = free_port()
    command = [sys.executable, "-m", "simulator", "broker", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    first = await process.stdout.readline()
    assert first.decode() == f"MQTT broker (rumqttd) on {HOST}:{port}\n"
    async with listening(HOST, port, "a") as listener:
        listener.connection.publish("a", "1")
        await listener.next("a")
    process.terminate()
    assert await process.wait() == 0
    await refused(port)
