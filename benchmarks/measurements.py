"""What questions for measurements cost: the actions beside SQLite asked directly, and the old design.

In one run: a recorder on the disk with a year of hourly statistics of 20 series, first with the
states of ten days, then with a year of states. `STATES=5000000 scripts/bench -k questions` takes
more states than a million.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import gc
from http.client import HTTPConnection
import json
from os import environ
from pathlib import Path
import sqlite3
from statistics import fmean, median, stdev
from threading import get_ident
import time as process_time
from time import perf_counter, thread_time
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from benchmarks.table import print_table
from custom_components.py_hab.api.series import RecordedSeries, recorded_series
from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.history.box import fetch as box_fetch
from custom_components.py_hab.history.planning.rows import HOUR
from homeassistant.components.recorder import Recorder
from homeassistant.const import CONF_SCAN_INTERVAL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import json_bytes
from homeassistant.setup import async_setup_component
from simulator.fritzbox import SimulatedFritzBox
from simulator.home import Home, ManualClock
from tests.support.legacy_files import write

SERIES: Final = 20
COUNTERS: Final = 2
"""Among them; the box reports the statistics of the others."""
YEAR: Final = 365 * 86400
EVERY: Final = 600
"""Seconds between two readings."""
KEPT: Final = 10 * 86400
"""As long as the recorder keeps states by default."""
STATES: Final = int(environ.get("STATES", "1051200"))
"""For the second half: a year of ten-minute readings, if nothing else is wanted."""
ROUNDS: Final = 15
IMPORTED: Final = 20 * 86400
"""That the file is long which is imported."""
ZONE: Final = ZoneInfo("Europe/Berlin")
MOST: Final = 0.005
"""Seconds that the event loop may be held."""

pytestmark = [pytest.mark.timeout(3600), pytest.mark.usefixtures("no_logs")]


# The world


@pytest.fixture
def persistent_database() -> bool:
    """Let the recorder write to the disk, as at home."""
    return True


@pytest.fixture
def clock() -> ManualClock:
    """The time of the box: now, as long as this runs."""
    return ManualClock(datetime.now(UTC))


@pytest.fixture
def home(clock: ManualClock) -> Home:
    """A home whose counters have counted for a hundred days."""
    return Home(installed=clock.now() - timedelta(days=100))


@pytest.fixture
def local_times(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let SQLite know the home's zone."""
    monkeypatch.setenv("TZ", str(ZONE))
    process_time.tzset()
    yield
    monkeypatch.undo()
    process_time.tzset()


@dataclass(frozen=True, kw_only=True)
class World:
    """Home Assistant with its database, and the same data as the old server has it."""

    hass: HomeAssistant
    entry: MockConfigEntry
    series: Sequence[RecordedSeries]
    recorder: sqlite3.Connection
    old: sqlite3.Connection
    indexed: sqlite3.Connection
    """As newer versions of the old server have it."""
    end: int

    @property
    def start(self) -> int:
        """When the year begins."""
        return self.end - YEAR


@pytest.fixture
async def world(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    local_times: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> AsyncIterator[World]:
    """A year of a home; some of its counters have nothing of it."""
    monkeypatch.setattr(box_fetch, "PAUSE", timedelta(0))
    hass.loop.set_debug(False)
    await hass.config.async_set_time_zone(str(ZONE))
    # The box lives in the same event loop: it shall be asked for nothing else.
    hass.config_entries.async_update_entry(fritzbox_entry, options={CONF_SCAN_INTERVAL: 3600})
    hass.config.allowlist_external_dirs = {str(tmp_path)}
    assert await async_setup_component(hass, "http", {})
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    await async_wait_recording_done(hass)
    ours = [each for each in recorded_series(hass, fritzbox_entry) if each.unit]
    counters = [each for each in ours if each.cumulative][:COUNTERS]
    series = [*counters, *[each for each in ours if not each.cumulative]][:SERIES]
    assert len(series) == SERIES
    path = recorder_mock.db_url.removeprefix("sqlite:///")
    with (
        closing(sqlite3.connect(path, timeout=60, check_same_thread=False)) as recorder,
        closing(sqlite3.connect(tmp_path / "old.db", check_same_thread=False)) as old,
        closing(sqlite3.connect(tmp_path / "indexed.db", check_same_thread=False)) as indexed,
    ):
        world = World(
            hass=hass,
            entry=fritzbox_entry,
            series=series,
            recorder=recorder,
            old=old,
            indexed=indexed,
            end=int(clock_hour()),
        )
        await hass.async_add_executor_job(fill, world)
        yield world
    await hass.config_entries.async_unload(fritzbox_entry.entry_id)


def clock_hour() -> float:
    """Return when the hour began that is running."""
    now = process_time.time()
    return now - now % HOUR


READINGS: Final = (
    "CREATE TEMP TABLE IF NOT EXISTS readings (at INTEGER, amount REAL)",
    "DELETE FROM temp.readings",
    (
        "INSERT INTO temp.readings"
        " WITH RECURSIVE steps(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM steps WHERE n + 1 < :count)"
        " SELECT :start + n * :every, CASE WHEN :is_sum"
        " THEN round(1000 + (:start - :zero + n * :every) / 15000.0 + (n * 7 + :seed) % 11 / 600.0, 3)"
        " ELSE round((n * 7919 + :seed * 101) % 2503 / 10.0, 1) END FROM steps"
    ),
)
"""A counter that always rises, or values with one digit that differ from each other."""
FILL_STATES: Final = (
    "INSERT INTO states (metadata_id, state, last_updated_ts) SELECT (SELECT metadata_id"
    " FROM states_meta WHERE entity_id = :entity_id), CAST(amount AS TEXT), at + 3.25 FROM readings"
)
FILL_META: Final = (
    "INSERT INTO statistics_meta (statistic_id, source, unit_of_measurement, unit_class, has_sum,"
    " mean_type) VALUES (:entity_id, 'recorder', :unit, :unit_class, :is_sum, 1 - :is_sum)"
)
FILL_HOURS: Final = (
    "INSERT INTO statistics (created_ts, metadata_id, start_ts, mean, min, max, state, sum)"
    " SELECT at, (SELECT id FROM statistics_meta WHERE statistic_id = :entity_id),"
    " at - at % 3600, CASE WHEN :is_sum THEN NULL ELSE avg(amount) END,"
    " CASE WHEN :is_sum THEN NULL ELSE min(amount) END,"
    " CASE WHEN :is_sum THEN NULL ELSE max(amount) END,"
    " CASE WHEN :is_sum THEN max(amount) END, CASE WHEN :is_sum THEN max(amount) - 1000 END"
    " FROM readings GROUP BY at - at % 3600"
)
FILL_OLD: Final = (
    "INSERT INTO measurement_data SELECT lower(hex(randomblob(16))), :device, '', :entity,"
    " :sub_entity, strftime('%Y-%m-%dT%H:%M:%S', at, 'unixepoch', 'localtime'), amount"
    " FROM readings"
)
UNIT_CLASSES: Final = {"kWh": "energy", "W": "power", "V": "voltage", "°C": "temperature"}


def fields(world: World, number: int, series: RecordedSeries, **more: float) -> dict[str, Any]:
    """Return what the statements want to know of a series."""
    return {
        "seed": number,
        "entity_id": series.entity_id,
        "device": series.device,
        "entity": series.entity,
        "sub_entity": series.sub_entity,
        "unit": series.unit,
        "unit_class": UNIT_CLASSES.get(series.unit),
        "is_sum": int(series.cumulative),
        "zero": world.start,
        "start": world.start,
        "every": EVERY,
        "count": YEAR // EVERY,
        **more,
    }


def add(connection: sqlite3.Connection, about: dict[str, Any], *statements: str) -> None:
    """Write the readings of a series."""
    for statement in (*READINGS, *statements):
        connection.execute(statement, about)


def fill(world: World) -> None:
    """Write the year."""
    recorder = world.recorder
    described = [
        (item.device, item.sub_entity, item.device_name, item.unit, int(item.cumulative))
        for item in recorded_series(world.hass, world.entry)
    ]
    for connection, index in ((world.old, False), (world.indexed, True)):
        [(_, _, path)] = connection.execute("PRAGMA database_list").fetchall()
        write(Path(path), (), described=described, index=index, statistics=False)
    for number, series in enumerate(world.series):
        about = fields(world, number, series)
        add(recorder, about, FILL_META, FILL_HOURS)
        for connection in (world.old, world.indexed):
            add(connection, about, FILL_OLD)
    for connection in (world.old, world.indexed):
        connection.commit()
    recorder.commit()
    fill_states(world, world.end - KEPT, world.end, EVERY)


def fill_states(world: World, start: int, end: int, every: float) -> None:
    """Write states of all series."""
    for number, series in enumerate(world.series):
        about = fields(
            world, number, series, start=start, every=every, count=int((end - start) / every)
        )
        add(world.recorder, about, FILL_STATES)
        # The recorder waits for its turn.
        world.recorder.commit()


# SQLite itself

STATES_BY_INDEX: Final = (
    "SELECT last_updated_ts, CAST(state AS REAL) FROM states WHERE metadata_id = (SELECT"
    " metadata_id FROM states_meta WHERE entity_id = ?) ORDER BY last_updated_ts DESC LIMIT ?"
)
HOURS_BY_INDEX: Final = (
    "SELECT start_ts + 3600, coalesce(mean, state) FROM statistics WHERE metadata_id = (SELECT id"
    " FROM statistics_meta WHERE statistic_id = ?) AND start_ts + 3600 <= ? ORDER BY start_ts DESC"
    " LIMIT ?"
)
PROFILE_BY_INDEX: Final = (
    "WITH hours(at, value) AS (SELECT start_ts, coalesce(mean, 1000 * (sum - lag(sum, 1, 0)"
    " OVER (ORDER BY start_ts))) FROM statistics WHERE metadata_id ="
    " (SELECT id FROM statistics_meta WHERE statistic_id = :entity_id)),"
    " keyed(key, value) AS (SELECT strftime(:format, at, 'unixepoch', 'localtime'), value"
    " FROM hours), ranked AS (SELECT key, value, row_number() OVER (PARTITION BY key ORDER BY"
    " value) AS place, count(*) OVER (PARTITION BY key) AS n FROM keyed)"
    " SELECT key, count(*), sum(value), avg(value),"
    " avg(CASE WHEN place IN ((n + 1) / 2, n / 2 + 1) THEN value END),"
    " sqrt(max(avg(value * value) - avg(value) * avg(value), 0)), min(value), max(value)"
    " FROM ranked GROUP BY key"
)
FORMATS: Final = {"hour": "%H", "weekday": "%w", "month": "%m"}
NAMES: Final = ("key", "count", "sum", "avg", "median", "stddev", "min", "max")


def rows_by_index(world: World, entity_id: str, limit: int) -> list[tuple[float, float]]:
    """Return time and amount, newest first: states, then hours."""
    rows = world.recorder.execute(STATES_BY_INDEX, (entity_id, limit)).fetchall()
    if len(rows) < limit:
        lacking = limit - len(rows)
        rows += world.recorder.execute(HOURS_BY_INDEX, (entity_id, rows[-1][0], lacking))
    return rows


def bare(world: World, entity_id: str, limit: int) -> bytes:
    """Answer with pairs of numbers."""
    return json_bytes(rows_by_index(world, entity_id, limit))


def same(world: World, entity_id: str, limit: int) -> bytes:
    """Answer with the fields of the action."""
    return json_bytes(
        {
            "measurements": [
                {
                    "entity_id": entity_id,
                    "time": datetime.fromtimestamp(at, ZONE).isoformat(),
                    "amount": amount,
                    "hourly": False,
                }
                for at, amount in rows_by_index(world, entity_id, limit)
            ]
        }
    )


def profile_by_index(world: World, entity_id: str, name: str) -> bytes:
    """Answer with a profile."""
    rows = world.recorder.execute(
        PROFILE_BY_INDEX, {"entity_id": entity_id, "format": FORMATS[name]}
    )
    return json_bytes([dict(zip(NAMES, row, strict=True)) for row in rows])


def devices_by_key(world: World) -> bytes:
    """Answer with what the old server reports of its series."""
    cursor = world.indexed.execute("SELECT * FROM device_data ORDER BY device")
    names = [column[0] for column in cursor.description]
    return json_bytes([dict(zip(names, row, strict=True)) for row in cursor])


# The old design

OLD_GROUP: Final = (
    "SELECT amount FROM measurement_data WHERE device = ? AND sub_entity = ? AND time LIKE ?"
)
OLD_STEPS: Final = (
    "SELECT power FROM (SELECT time, 1000 * (amount - lag(amount) OVER (ORDER BY time)) /"
    " ((julianday(time) - julianday(lag(time) OVER (ORDER BY time))) * 24) AS power"
    " FROM measurement_data WHERE device = ? AND sub_entity = ?) WHERE power IS NOT NULL"
    " AND time LIKE ?"
)
OLD_KEYS: Final = {
    "hour": [f"%T{hour:02}:%" for hour in range(24)],
    "month": [f"%-{month:02}-%T%" for month in range(1, 13)],
}


def old_profile(connection: sqlite3.Connection, series: RecordedSeries, name: str) -> bytes:
    """Look at all rows for each hour or month."""
    statement = OLD_STEPS if series.cumulative else OLD_GROUP
    groups = []
    for key in OLD_KEYS[name]:
        rows = connection.execute(statement, (series.device, series.sub_entity, key))
        values = [row[0] for row in rows]
        numbers = len(values), sum(values), fmean(values), median(values), stdev(values)
        groups.append([key, *numbers, min(values), max(values)])
    return json_bytes(groups)


# Questions


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question: asked of py_hab, and of SQLite in several ways."""

    name: str
    ask: Callable[[], Awaitable[object]]
    others: Sequence[Callable[[], bytes]]


async def medians(hass: HomeAssistant, question: Question, rounds: int) -> list[float]:
    """Return the median ms of all; they take turns, so that all see the same machine.

    SQLite is asked in this thread, py_hab in its own threads.
    """
    times: list[list[float]] = [[] for _ in range(1 + len(question.others))]
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        await hass.async_block_till_done()
        start = perf_counter()
        json_bytes(await question.ask())
        times[0].append(perf_counter() - start)
        for other, taken in zip(question.others, times[1:], strict=True):
            start = perf_counter()
            other()
            taken.append(perf_counter() - start)
    gc.unfreeze()
    return [median(taken) * 1000 for taken in times]


def asked(hass: HomeAssistant, action: str, **data: Any) -> Callable[[], Coroutine[Any, Any, Any]]:
    """Return a question for an action."""

    async def ask() -> Any:
        return await hass.services.async_call(
            DOMAIN, action, data, blocking=True, return_response=True
        )

    return ask


def measurements(world: World, series: RecordedSeries, limit: int) -> Question:
    """Return the question for the newest readings."""
    entity_id = series.entity_id
    return Question(
        name=f"{limit:,}",
        ask=asked(world.hass, "get_measurements", entity_id=entity_id, limit=limit),
        others=[
            lambda: same(world, entity_id, limit),
            lambda: bare(world, entity_id, limit),
        ],
    )


def statistics(world: World, series: RecordedSeries, name: str) -> Question:
    """Return the question for a profile."""
    entity_id = series.entity_id
    return Question(
        name=f"`{name}` of {'a counter' if series.cumulative else 'a measurement'}",
        ask=asked(world.hass, "get_profile", entity_id=entity_id, name=name),
        others=[lambda: profile_by_index(world, entity_id, name)],
    )


async def answers_agree(world: World) -> None:
    """Both sides report the same."""
    for series in (world.series[0], world.series[-1]):
        for limit in (200, 5000, 50_000):
            question = measurements(world, series, limit)
            reported: Any = await question.ask()
            mine = [(item["time"], item["amount"]) for item in reported["measurements"]]
            theirs = json.loads(question.others[0]())["measurements"]
            assert mine == [(item["time"], item["amount"]) for item in theirs]
        for name in FORMATS:
            question = statistics(world, series, name)
            reported = await question.ask()
            groups = [[group[name] for name in NAMES[1:]] for group in reported["statistics"]]
            theirs = json.loads(question.others[0]())
            if name == "weekday":
                theirs = [*theirs[1:], theirs[0]]
            for one, other in zip(groups, theirs, strict=True):
                assert one == pytest.approx([other[name] for name in NAMES[1:]], rel=1e-4, abs=1e-3)


async def test_questions(world: World) -> None:
    """Ask everything, of a home that keeps ten days of states, then of one that keeps all."""
    hass = world.hass
    counter, other = world.series[0], world.series[-1]
    rows = []
    count = SERIES * KEPT // EVERY
    nothing = asked(hass, "get_jobs")
    [floor] = await medians(hass, Question(name="", ask=nothing, others=()), ROUNDS * 4)

    async def newest(limit: int) -> None:
        question = measurements(world, other, limit)
        ours, equal, pairs = await medians(hass, question, ROUNDS if limit > 1000 else ROUNDS * 8)
        readings = len(json.loads(bare(world, other.entity_id, limit)))
        rows.append(
            [
                f"{count:,}",
                question.name,
                f"{readings:,}",
                *(f"{value:.2f}" for value in (ours, equal, pairs)),
                *(f"{ours / value:.1f}" for value in (equal, pairs)),
            ]
        )

    await answers_agree(world)
    for limit in (200, 50_000):
        await newest(limit)
    end = world.end - KEPT
    await hass.async_add_executor_job(
        fill_states, world, world.start, end, (end - world.start) * SERIES / (STATES - count)
    )
    count = STATES
    await answers_agree(world)
    for limit in (200, 50_000):
        await newest(limit)
    print_table(
        f"`get_measurements`, median ms with JSON; an action without an answer takes {floor:.2f}",
        "states, limit, readings, py_hab, SQLite same fields, SQLite pairs, py_hab / same fields,"
        " py_hab / pairs",
        rows,
    )
    rows = []
    for series in (counter, other):
        for name in FORMATS:
            question = statistics(world, series, name)
            ours, direct = await medians(hass, question, ROUNDS)
            scans = []
            for connection in (world.indexed, world.old) if name in OLD_KEYS else ():
                start = perf_counter()
                old_profile(connection, series, name)
                scans.append((perf_counter() - start) * 1000)
            rows.append(
                [
                    question.name,
                    *(f"{value:.1f}" for value in (ours, direct)),
                    *(f"{value:,.0f}" for value in scans or ()),
                    *([] if scans else ["", ""]),
                    f"{ours / direct:.1f}",
                    *(f"{value / ours:,.0f}" for value in scans),
                    *([] if scans else ["", ""]),
                ]
            )
    print_table(
        "`get_profile` over a year, median ms with JSON; the old design looks at each of"
        f" {SERIES * YEAR // EVERY:,} rows for each key",
        "profile, py_hab, SQLite, old with index, old without, py_hab / SQLite,"
        " old with index / py_hab, old without / py_hab",
        rows,
    )
    question = Question(
        name="", ask=asked(hass, "get_devices"), others=[lambda: devices_by_key(world)]
    )
    ours, direct = await medians(hass, question, ROUNDS * 8)
    print_table(
        "`get_devices`, median ms with JSON",
        "series, py_hab, SQLite, py_hab / SQLite",
        [
            [
                str(len(recorded_series(hass))),
                f"{ours:.2f}",
                f"{direct:.2f}",
                f"{ours / direct:.1f}",
            ]
        ],
    )


# The event loop


@dataclass
class Holds:
    """How long the callbacks of the event loop have held it: CPU seconds of the thread."""

    times: list[float] = field(default_factory=list)
    collecting: list[float] = field(default_factory=list)
    """What of each was the collection of garbage, of whatever thread."""
    longest: tuple[float, str] = (0.0, "")

    def row(self, name: str) -> list[str]:
        """Return the cells of a table."""
        times = sorted(self.times)
        own = [
            taken - collecting
            for taken, collecting in zip(self.times, self.collecting, strict=True)
        ]
        return [
            name,
            f"{len(times):,}",
            f"{times[int(len(times) * 0.99)] * 1000:.2f}",
            f"{times[-1] * 1000:.2f}",
            str(sum(taken > MOST for taken in times)),
            f"{max(own) * 1000:.2f}",
            str(sum(taken > MOST for taken in own)),
            self.longest[1],
        ]


def kind_of(handle: asyncio.Handle) -> str:
    """Return what a callback belongs to: the coroutine of a task, or a function."""
    target = getattr(handle, "_callback", None)
    task = getattr(target, "__self__", None)
    if isinstance(task, asyncio.Task):
        target = task.get_coro()
    return str(getattr(target, "__qualname__", type(target).__name__))


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch, *but: str) -> Iterator[Holds]:
    """Time each callback of the event loop; those of other programs that live in it do not count."""
    holds = Holds()
    run = vars(asyncio.Handle)["_run"]
    collecting_since = collected = 0.0
    here = get_ident()

    def note(phase: str, _info: dict[str, int]) -> None:
        nonlocal collecting_since, collected
        if get_ident() == here:
            if phase == "start":
                collecting_since = thread_time()
            else:
                collected += thread_time() - collecting_since

    def timed(handle: asyncio.Handle) -> None:
        before = collected
        start = thread_time()
        run(handle)
        taken = thread_time() - start
        kind = kind_of(handle)
        if not any(name in kind for name in but):
            holds.times.append(taken)
            holds.collecting.append(collected - before)
            own = taken - collected + before
            holds.longest = max(holds.longest, (own, kind))

    gc.collect()
    gc.freeze()
    gc.callbacks.append(note)
    with monkeypatch.context() as patched:
        patched.setattr(asyncio.Handle, "_run", timed)
        yield holds
    gc.callbacks.remove(note)
    gc.unfreeze()


def fetch(port: int, token: str, path: str) -> int:
    """Ask the JSON endpoint, from another thread; return the bytes of its answer."""
    connection = HTTPConnection("127.0.0.1", port)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    with closing(connection):
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return len(body)


async def test_event_loop_is_held(
    world: World,
    hass_client: ClientSessionGenerator,
    hass_access_token: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Ask all the time: alone, while a file is imported, and while the device statistics are written."""
    hass = world.hass
    end = world.end - KEPT
    await hass.async_add_executor_job(fill_states, world, world.start, end, EVERY)
    file = tmp_path / "datenbank.db"
    await hass.async_add_executor_job(write_file, world, file)
    client = await hass_client()
    port = client.server.port
    assert port is not None
    counter, other = world.series[0], world.series[-1]
    actions = [
        *(measurements(world, other, limit).ask for limit in (200, 50_000)),
        *(statistics(world, counter, name).ask for name in FORMATS),
        asked(hass, "get_devices"),
        asked(hass, "get_measurements", device=other.device, limit=1000, offset=5000),
    ]
    device = quote(other.device)
    paths = [
        "/api/py_hab/devices?limit=1000",
        f"/api/py_hab/mesurement/{device}?limit=50000",
        f"/api/py_hab/mesurement/{device}/{other.sub_entity}?limit=200",
        f"/api/py_hab/statistics/{device}/{other.sub_entity}/Hour",
    ]

    async def ask(times: int) -> None:
        """Ask everything, so many times."""
        for _ in range(times):
            for action in actions:
                await action()
            for path in paths:
                await hass.async_add_executor_job(fetch, port, hass_access_token, path)

    async def meanwhile(work: Callable[[], Coroutine[Any, Any, Any]]) -> tuple[Any, int]:
        """Work while everything is asked; return what came of it, and the seconds."""
        working = asyncio.create_task(work(), name="works")
        start = perf_counter()
        while not working.done():
            await ask(1)
        return await working, round(perf_counter() - start)

    rows = []
    await ask(1)
    with watched(monkeypatch) as holds:
        await ask(10)
    rows.append(holds.row("all questions ten times"))
    with watched(monkeypatch) as holds:
        done, seconds = await meanwhile(asked(hass, "import_database", path=str(file)))
    written = sum(item["rows"] for item in done["series"])
    rows.append(holds.row(f"while {written:,} hours of a file are written ({seconds} s)"))
    with watched(monkeypatch, "RequestHandler") as holds:
        done, seconds = await meanwhile(asked(hass, "backfill"))
    written = sum(item["rows"] for item in done["entities"])
    rows.append(holds.row(f"while {written:,} hours of the box are written ({seconds} s)"))
    print_table(
        "How long the event loop is held: ms of CPU of its callbacks",
        "when, callbacks, p99, max, over 5 ms, max without garbage collection, over 5 ms without,"
        " the longest",
        rows,
    )


def write_file(world: World, path: Path) -> None:
    """Write a file of the old server that ends where the statistics begin."""
    described = [
        (item.device, item.sub_entity, item.device_name, item.unit, int(item.cumulative))
        for item in world.series
    ]
    write(path, (), described=described, statistics=False)
    with closing(sqlite3.connect(path)) as connection:
        for number, series in enumerate(world.series):
            start = world.start - IMPORTED
            about = fields(world, number, series, start=start, count=IMPORTED // EVERY)
            add(connection, about, FILL_OLD)
        connection.commit()
