"""What a meter that reports everything once a second costs: py_hab beside core's MQTT sensors."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
import gc
from pathlib import Path
from sqlite3 import connect as open_database
from statistics import median
import sys
from time import perf_counter, process_time, thread_time
from typing import Any, Final
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_recorder_block_till_done,
)

from benchmarks.meter import (
    CORE,
    DAY,
    Block,
    Clock,
    House,
    Receive,
    add_meter,
    connect,
    core_sensors,
    is_settled,
    packed,
    reported,
    settle,
    state_of,
    topic_of,
)
from benchmarks.table import print_table
from custom_components.py_hab.const import CONF_POWER_INTERVAL
from custom_components.py_hab.meter.coordinator import MeterCoordinator
from homeassistant.components import mqtt
from homeassistant.components.mqtt import ReceiveMessage
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

ROUNDS: Final = 7
ROUND: Final = 1_000
"""Messages."""
HOLDS: Final = 100_000
"""Messages; a day and some more, so that learning has all that it ever keeps."""
BEGINNING: Final = 60
"""Messages after which everything is there."""
MEMORY: Final = (100_000, 325_000, 550_000, 775_000, 1_000_000)
"""Messages after which everything is counted."""
FLOOD: Final = 1_000
"""Messages in a second."""
FLOOD_SECONDS: Final = 90

pytestmark = [pytest.mark.timeout(3600), pytest.mark.usefixtures("no_logs")]


@pytest.fixture
def hass_config() -> dict[str, Any]:
    """What the user has written for core's sensors."""
    return core_sensors()


@pytest.fixture
def persistent_database() -> bool:
    """Let the recorder write to the disk, as at home."""
    return True


@pytest.fixture
async def clock(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The simulated time."""
    return Clock(hass, monkeypatch)


@pytest.fixture
async def receive(
    hass: HomeAssistant,
    mock_hass_config: None,
    clock: Clock,
    mqtt_client_mock: Any,
) -> AsyncIterator[Receive]:
    """What Home Assistant's MQTT client does with a message."""

    async def forget(_store: Store[Any], _data: object) -> None:
        """Keep what is saved neither on the disk nor, as a mock would, in memory."""

    with patch.object(Store, "_async_write_data", forget):
        receive = await connect(hass, mqtt_client_mock)
        await settle(hass, clock)
        yield receive


# CPU per message


@dataclass
class Listener:
    """Someone who hears every message, and how long that has taken in this round."""

    name: str
    topic: str
    spent: float = 0.0


async def test_cpu_per_message(hass: HomeAssistant, clock: Clock, receive: Receive) -> None:
    """Report the same to all, one after the other, each second another one first."""

    @callback
    def do_nothing(_message: ReceiveMessage) -> None:
        """Hear a message."""

    await mqtt.async_subscribe(hass, topic_of("nobody"), do_nothing)
    ours = await add_meter(hass, clock, "ours")
    every = await add_meter(hass, clock, "every", **{CONF_POWER_INTERVAL: 0.0})
    listeners = [
        Listener("a subscriber that does nothing", topic_of("nobody")),
        Listener("core mqtt, three template sensors", CORE),
        Listener("py_hab", topic_of("ours")),
        Listener("py_hab, `power_interval: 0`", topic_of("every")),
    ]
    house = House()

    async def hear(count: int, *, spacing: int = 1) -> list[float]:
        """Return the microseconds a message of each listener."""
        for listener in listeners:
            listener.spent = 0.0
        for number in range(count):
            await clock.passes(spacing)
            house.goes_on(spacing)
            payload = reported(clock, house.with_number())
            for turn in range(len(listeners)):
                listener = listeners[(number + turn) % len(listeners)]
                message = packed(listener.topic, payload)
                start = process_time()
                receive(None, None, message)
                listener.spent += process_time() - start
        return [listener.spent / count * 1e6 for listener in listeners]

    async def rounds() -> Iterator[list[str]]:
        """Yield the cells of each listener."""
        measured = [await hear(ROUND) for _ in range(ROUNDS)]
        return (
            [
                f"{median(times):.0f}",
                f"{median(one / core[1] for one, core in zip(times, measured, strict=True)):.2f}",
            ]
            for times in zip(*measured, strict=True)
        )

    await hear(3)
    await settle(hass, clock)
    # The first readings of all are confirmed, the units and whatever else is soon learned.
    await hear(3600)
    assert not is_settled(ours)
    learning = await rounds()
    while clock.second < DAY * 5 // 6:
        await hear(100, spacing=10)
    await hear(1000)
    assert is_settled(ours)
    assert is_settled(every)
    settled = await rounds()
    assert hass.states.get("sensor.core_e_in")
    print_table(
        f"CPU from a received message to the written states, median of {ROUNDS} rounds of"
        f" {ROUND:,} messages at 1 Hz",
        "who, µs while learning, of core's, µs when learned, of core's",
        [
            [listener.name, *first, *then]
            for listener, first, then in zip(listeners, learning, settled, strict=True)
        ],
    )


# Rows and bytes


@dataclass(frozen=True)
class Written:
    """What a day has added to the database."""

    rows: dict[str, int]
    """By entity."""
    size: int
    """Bytes."""


def look_into(database: Path) -> Written:
    """Count rows and used pages."""
    with open_database(database) as connection:
        rows = connection.execute(
            "SELECT states_meta.entity_id, COUNT(*) FROM states JOIN states_meta USING (metadata_id)"
            " WHERE states_meta.entity_id LIKE 'sensor.%' GROUP BY 1 ORDER BY 1"
        )
        counted = dict(rows.fetchall())
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
    return Written(counted, (pages - free) * size)


@pytest.fixture(scope="module")
def day_rows() -> Iterator[list[list[str]]]:
    """The rows of the table, which is printed when the last one has had its day."""
    rows: list[list[str]] = []
    yield rows
    print_table(
        "What a day at 1 Hz adds to the database",
        "who, rows of power, of import, of export, rows together, MiB, CPU s with recorder",
        rows,
    )


@pytest.mark.parametrize(
    "who", ["core mqtt", "py_hab", "py_hab, `power_interval: 0`"], ids=lambda who: who
)
async def test_rows_of_a_day(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    clock: Clock,
    receive: Receive,
    who: str,
    day_rows: list[list[str]],
) -> None:
    """Let one of them alone with a recorder for a day."""
    database = Path(recorder_mock.db_url.removeprefix("sqlite:///"))
    topic = CORE
    if who != "core mqtt":
        options = {CONF_POWER_INTERVAL: 0.0} if "power_interval" in who else {}
        await add_meter(hass, clock, "ours", **options)
        topic = topic_of("ours")
    house = House()

    async def hear(count: int) -> None:
        for number in range(count):
            await clock.passes()
            house.goes_on()
            receive(None, None, packed(topic, reported(clock, house.with_number())))
            if number % 600 == 0:
                # Or the recorder's queue would overflow.
                await async_recorder_block_till_done(hass)

    await hear(60)
    await settle(hass, clock)
    await async_recorder_block_till_done(hass)
    before = await hass.async_add_executor_job(look_into, database)
    started = process_time()
    await hear(DAY)
    spent = process_time() - started
    await clock.passes(5)
    await async_recorder_block_till_done(hass)
    after = await hass.async_add_executor_job(look_into, database)
    # Those of core exist in any case, and are silent while it is not their turn.
    added = {
        name: count - before.rows.get(name, 0)
        for name, count in after.rows.items()
        if count > before.rows.get(name, 0)
    }

    def rows_of(*endings: str) -> int:
        [found] = [count for name, count in added.items() if name.endswith(endings)]
        return found

    by_register = [
        rows_of("power"),
        rows_of("core_e_in", "import"),
        rows_of("core_e_out", "export"),
    ]
    day_rows.append(
        [
            who,
            *(f"{count:,}" for count in by_register),
            f"{sum(added.values()):,}",
            f"{(after.size - before.size) / 2**20:.2f}",
            f"{spent:.1f}",
        ]
    )


# The event loop


@pytest.fixture(scope="module")
def hold_rows() -> Iterator[list[list[str]]]:
    """The rows of the table, which is printed when the last kind of message was measured."""
    rows: list[list[str]] = []
    yield rows
    print_table(
        f"How long one message holds the event loop: ms of CPU, {HOLDS:,} messages at 1 Hz",
        "message, the first, mean, p50, p99, p99.9, max, over 1 ms, minute timer p50,"
        " minute timer max",
        rows,
    )


def share(times: list[float], part: float) -> str:
    """Return the time below which a part of all lies."""
    return f"{times[min(int(part * len(times)), len(times) - 1)] * 1000:.3f}"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("3 keys", House.three_keys),
        ("12 keys", House.twelve_keys),
        ("3 keys and 60 unknown", House.unknown_keys),
        ("1 key and 60 unknown", House.hardly_known_keys),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_event_loop_is_held(
    hass: HomeAssistant,
    clock: Clock,
    receive: Receive,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    says: Callable[[House], Block],
    hold_rows: list[list[str]],
) -> None:
    """Time every single message, and the look that is taken once a minute."""
    looks: list[float] = []
    look_after = vars(MeterCoordinator)["_async_look_after"]

    @callback
    def timed(self: MeterCoordinator, now: object) -> None:
        start = thread_time()
        look_after(self, now)
        looks.append(thread_time() - start)

    monkeypatch.setattr(MeterCoordinator, "_async_look_after", timed)
    await add_meter(hass, clock, "ours")
    house = House()
    times: list[float] = []
    topic = topic_of("ours")
    # Home Assistant's many objects are not what is measured.
    gc.collect()
    gc.freeze()
    for _ in range(HOLDS):
        await clock.passes()
        house.goes_on()
        message = packed(topic, reported(clock, says(house)))
        start = thread_time()
        receive(None, None, message)
        times.append(thread_time() - start)
    gc.unfreeze()
    # With the first readings that are accepted come the entities.
    first, times = max(times[:BEGINNING]), sorted(times[BEGINNING:])
    looks.sort()
    hold_rows.append(
        [
            name,
            f"{first * 1000:.3f}",
            f"{sum(times) / len(times) * 1000:.3f}",
            *(share(times, part) for part in (0.5, 0.99, 0.999, 1)),
            f"{sum(item > 0.001 for item in times):,}",
            share(looks, 0.5),
            share(looks, 1),
        ]
    )


async def test_flood(hass: HomeAssistant, clock: Clock, receive: Receive) -> None:
    """Let a thousand messages come in each second, while much power flows."""
    entry = await add_meter(hass, clock, "ours")
    rows = []
    house = House()
    topic = topic_of("ours")

    async def hear(seconds: int, at_once: int) -> None:
        for _ in range(seconds):
            await clock.passes()
            house.power = 20_000
            house.goes_on()
            for _ in range(at_once):
                receive(None, None, packed(topic, reported(clock, house.three_keys())))

    def look(name: str) -> None:
        shown = state_of(hass, entry, "energy_import")
        rows.append([name, f"{house.imported:.3f}", f"{shown:.3f}"])

    await hear(10, 1)
    await settle(hass, clock)
    look("before")
    started = perf_counter()
    await hear(FLOOD_SECONDS, FLOOD)
    elapsed = perf_counter() - started
    look("at the end of the flood")
    reported_at_the_end = house.imported
    house.power = 0
    for _ in range(60):
        await clock.passes()
        house.goes_on()
        house.power = 0
        receive(None, None, packed(topic, reported(clock, house.three_keys())))
    look("a minute later, at 1 Hz")
    print_table(
        f"A flood: {FLOOD:,} messages a second for {FLOOD_SECONDS} s of the home's time"
        f" ({elapsed:.0f} s of this machine's)",
        "when, meter shows kWh, state shows kWh",
        rows,
    )
    assert state_of(hass, entry, "energy_import") >= reported_at_the_end


# A million messages


def resident() -> int:
    """Return the bytes of memory in use."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


def timers(loop: asyncio.AbstractEventLoop) -> int:
    """Return how many are set."""
    return sum(not handle.cancelled() for handle in vars(loop)["_scheduled"])


async def test_million_messages(hass: HomeAssistant, clock: Clock, receive: Receive) -> None:
    """Go on for twelve days; now and then a message is broken, or the counters read zero."""
    entry: MockConfigEntry = await add_meter(hass, clock, "ours")
    house = House()
    topic = topic_of("ours")
    rows = []
    for number in range(1, MEMORY[-1] + 1):
        await clock.passes()
        house.goes_on()
        payload = reported(clock, house.with_number())
        if number % 977 == 0:
            payload = payload[:40]
        elif number % 1009 == 0:
            payload = reported(clock, {"E_in": 0, "E_out": 0, "Power": 0, "Meter_id": ""})
        receive(None, None, packed(topic, payload))
        if number in MEMORY:
            await hass.async_block_till_done()
            gc.collect()
            rows.append(
                [
                    f"{number:,}",
                    f"{sys.getallocatedblocks():,}",
                    f"{resident() / 2**20:.1f}",
                    str(len(asyncio.all_tasks())),
                    str(timers(hass.loop)),
                ]
            )
    assert state_of(hass, entry, "energy_import") <= house.imported
    print_table(
        "A million messages at 1 Hz",
        "messages, objects of Python, resident MiB, tasks, timers",
        rows,
    )
