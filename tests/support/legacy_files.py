"""Database files of the py_hab server, with the truth beside them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
import random
import sqlite3
from typing import Any, Final
import uuid
from zoneinfo import ZoneInfo

from custom_components.py_hab.history.files.legacy_file import inspect_file
from custom_components.py_hab.history.files.legacy_readings import HourlySeries, read_hours
from custom_components.py_hab.history.planning.rows import SumRow

BERLIN: Final = ZoneInfo("Europe/Berlin")
EVERY: Final = 600
"""Seconds between two readings."""
METER: Final = "0a014c475a0003403b49"
PLUG: Final = "11657 0142361"
START: Final = 1_738_404_003
"""2025-02-01T10:00:03Z; the first reading of `day`."""
THERMOSTAT: Final = "09995 0123456"
WINDOW: Final = "13077 0012345-1"

type Row = tuple[str | None, str | None, str | None, Any, Any]
"""device, entity, sub_entity, time, amount; in the order in which they are written."""
type Described = tuple[str, str, str, str, object]
"""device, sub_entity, device_name, unit, cumulative."""

DESCRIBED: Final[tuple[Described, ...]] = (
    (METER, "E_in", "MT681", "kWh", 1),
    (METER, "Power", "MT681", "W", 0),
    (PLUG, "Energy", "Washing machine", "kWh", 1),
    (THERMOSTAT, "Temperature", "Bath", "°C", 0),
    (THERMOSTAT, "Battery", "Bath", "%", 0),
    (WINDOW, "State", "Kitchen", "", 0),
)


def at(text: str) -> int:
    """Return the unix time of an ISO text in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def local(moment: float, zone: ZoneInfo = BERLIN) -> str:
    """Return a time as the server writes it."""
    return datetime.fromtimestamp(moment, zone).strftime("%Y-%m-%dT%H:%M:%S")


def write(
    path: Path,
    rows: Iterable[Row],
    *,
    described: Sequence[Described] | None = DESCRIBED,
    index: bool = True,
    statistics: bool = True,
    affinity: bool = True,
) -> Path:
    """Write a database file; `affinity`: with the column types of the server."""
    ids = random.Random(1)
    text, number = ("VARCHAR", "FLOAT") if affinity else ("", "")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(
            f"CREATE TABLE measurement_data (id VARCHAR NOT NULL, device {text}, topic VARCHAR,"
            f" entity {text}, sub_entity {text}, time {text}, amount {number}, PRIMARY KEY (id))"
        )
        if index:
            connection.execute("CREATE INDEX idx_01 ON measurement_data (device, sub_entity, time)")
        if described is not None:
            connection.execute(
                "CREATE TABLE device_data (device VARCHAR NOT NULL, sub_entity VARCHAR NOT NULL,"
                " device_name VARCHAR, product_name VARCHAR, manufacturer VARCHAR,"
                " firmware_version VARCHAR, unit VARCHAR, cumulative BOOLEAN,"
                " PRIMARY KEY (device, sub_entity))"
            )
            connection.executemany(
                "INSERT INTO device_data VALUES (?, ?, ?, 'P', 'AVM', '07.57', ?, ?)", described
            )
        if statistics:
            connection.execute(
                "CREATE TABLE statistics_data (device VARCHAR, sub_entity VARCHAR, name VARCHAR,"
                " sub_key VARCHAR, unit VARCHAR, sum_amount FLOAT, count INTEGER)"
            )
            connection.execute(
                "INSERT INTO statistics_data VALUES (?, 'E_in', 'Hour', '00', 'Wh', 1, 1)", (METER,)
            )
        connection.executemany(
            "INSERT INTO measurement_data VALUES (?, ?, 'tele/x/SENSOR', ?, ?, ?, ?)",
            (
                (uuid.UUID(int=ids.getrandbits(128)).hex, device, entity, sub_entity, time, amount)
                for device, entity, sub_entity, time, amount in rows
            ),
        )
        connection.commit()
    return path


def thinned(rows: Sequence[Row]) -> list[Row]:
    """Delete the middle ones of equal readings, as the server does."""
    return [
        row
        for index, row in enumerate(rows)
        if not 0 < index < len(rows) - 1 or not rows[index - 1][4] == row[4] == rows[index + 1][4]
    ]


@dataclass(kw_only=True)
class Years:
    """A home over years, read by the server every ten minutes."""

    start: int
    end: int
    zone: ZoneInfo = BERLIN
    outages: Sequence[tuple[int, int]] = ()
    """When the server did not run."""
    swap: int | None = None
    """When the meter is replaced by one that shows 12.5 kWh."""
    plug_in_wh: tuple[int, int] = (0, 0)
    """From when to when the plug's energy is stored in Wh."""
    garbage: float = 0.0
    """Share of a counter's readings that are garbage."""
    disorder: float = 0.0
    """Share of rows written later than the next one."""
    _random: random.Random = field(default_factory=lambda: random.Random(7))

    consumed: dict[int, float] = field(default_factory=dict)
    """Truth: kWh drawn since the first reading until the end of each hour, by its start."""
    washed: dict[int, float] = field(default_factory=dict)
    """The same for the plug."""
    warmth: dict[int, list[float]] = field(default_factory=dict)
    """Truth: °C at each reading, by hour."""

    def rows(self) -> list[Row]:
        """Live through the years."""
        columns: list[list[Row]] = [[], [], [], [], []]
        watts = plug_watts = 0
        imported = washed = 0
        shown_from = 4_321_000
        before = self.start
        for now in range(self.start, self.end + 1, EVERY):
            elapsed = now - before
            # In Ws; power is constant between two readings.
            end = before - before % 3600 + 3600
            if end <= now:
                self.consumed[end - 3600] = (imported + watts * (end - before)) / 3.6e6
                self.washed[end - 3600] = (washed + plug_watts * (end - before)) / 3.6e6
            imported += watts * elapsed
            washed += plug_watts * elapsed
            before = now
            second = now % 86400
            watts = 6 * self._random.randrange(20, 700)
            plug_watts = 1800 if 36000 <= second < 43200 and now % 3 == 0 else 0
            celsius = 19.0 + (now // 3600 % 12) / 2
            self.warmth.setdefault(now - now % 3600, []).append(celsius)
            if any(start <= now < end for start, end in self.outages):
                continue
            if self.swap is not None and now >= self.swap and shown_from == 4_321_000:
                shown_from = 12_500 - imported // 3600
            time = local(now, self.zone)
            wh = self.plug_in_wh[0] <= now < self.plug_in_wh[1]
            values = (
                (METER, "MT681", "E_in", round((shown_from + imported / 3600) / 1000, 4)),
                (METER, "MT681", "Power", float(watts)),
                (PLUG, "Switch W", "Energy", (200_000 + washed // 3600) / (1 if wh else 1000)),
                (THERMOSTAT, "HKR Bath", "Temperature", celsius),
                (THERMOSTAT, "HKR Bath", "Battery", 80.0),
            )
            for column, (device, entity, sub_entity, amount) in zip(columns, values, strict=True):
                stored = amount
                if sub_entity in ("E_in", "Energy") and self._random.random() < self.garbage:
                    stored = self._random.choice((0.0, 9e9, -5.0, amount / 3))
                column.append((device, entity, sub_entity, time, stored))
        return self._written(columns)

    def _written(self, columns: Sequence[Sequence[Row]]) -> list[Row]:
        """Return what is left of the rows, in the order in which they are written."""
        kept = {id(row) for column in columns for row in thinned(column)}
        rows = [row for rows in zip(*columns, strict=True) for row in rows if id(row) in kept]
        for index in range(len(rows) - 1):
            if self._random.random() < self.disorder:
                rows[index], rows[index + 1] = rows[index + 1], rows[index]
        return rows


def hours(path: Path) -> dict[tuple[str, str], HourlySeries]:
    """Return all that a file gives, by series."""
    return {each.series.key: each for each in read_hours(path, BERLIN, inspect_file(path, BERLIN))}


def sums(series: HourlySeries) -> dict[int, float]:
    """Return the sum at the end of each hour, by the start of the hour."""
    return {row.start: row.sum for row in series.rows if isinstance(row, SumRow)}


def day(amounts: list[Any], sub_entity: str = "E_in", device: str | None = METER) -> list[Row]:
    """Return readings of one series, every ten minutes."""
    return [
        (device, "X", sub_entity, local(START + EVERY * index), amount)
        for index, amount in enumerate(amounts)
    ]


@contextmanager
def unchanged(folder: Path) -> Iterator[None]:
    """Fail if anything in a folder changes."""

    def look() -> dict[str, tuple[bytes, int]]:
        return {
            path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()
        }

    before = look()
    yield
    assert look() == before


def in_wal(path: Path) -> Path:
    """Let a database write ahead."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    return path
