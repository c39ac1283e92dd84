"""Measures the time and the memory to convert a legacy file to hourly rows.

For comparison: only fetching the same columns, and creating the objects that the py_hab server
itself creates of its rows. `python -m benchmarks.legacy_import 10000000` takes another number of rows than a million.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
import gc
from itertools import islice
from pathlib import Path
import random
import re
import sqlite3
from statistics import median
import subprocess
import sys
from tempfile import TemporaryDirectory
from time import process_time
from typing import Final

from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from benchmarks.table import print_table
from custom_components.py_hab.history.files.legacy_file import LegacySeries, inspect_file
from custom_components.py_hab.history.files.legacy_readings import read_hours
from tests.support.legacy_files import BERLIN, EVERY, METER, Described, Row, at, local, write

ROUNDS: Final = 3
PLUGS: Final = [f"11657 01423{number:02}" for number in range(4)]
THERMOSTATS: Final = [f"09995 01234{number:02}" for number in range(5)]
SERIES: Final = [
    (METER, "MT681", "E_in", "kWh"),
    (METER, "MT681", "Power", "W"),
    *(
        (plug, "Switch", sub_entity, unit)
        for plug in PLUGS
        for sub_entity, unit in (
            ("Temperature", "°C"),
            ("Energy", "kWh"),
            ("Voltage", "V"),
            ("Power", "W"),
        )
    ),
    *((thermostat, "HKR", "Temperature", "°C") for thermostat in THERMOSTATS),
]
DESCRIBED: Final[list[Described]] = [
    (device, sub_entity, entity, unit, unit == "kWh") for device, entity, sub_entity, unit in SERIES
]
VALUES: Final = {"W": (0.0, 2500.0), "V": (225.0, 235.0), "°C": (18.0, 23.0)}


def readings() -> Iterator[Row]:
    """Yield what the py_hab server writes: all series every ten minutes, no value like the one before."""
    chance = random.Random(5)
    counters = [1000.0] * len(SERIES)
    now = at("2016-01-01T00:00:03")
    while True:
        now += EVERY + chance.randrange(2)
        time = local(now)
        for number, (device, entity, sub_entity, unit) in enumerate(SERIES):
            if unit == "kWh":
                counters[number] = round(counters[number] + chance.randrange(1, 400) / 1000, 3)
                amount = counters[number]
            else:
                amount = round(chance.uniform(*VALUES[unit]), 1)
            yield device, entity, sub_entity, time, amount


class Base(DeclarativeBase):
    """What SQLAlchemy wants."""


class Measurement(Base):
    """A row as the py_hab server stores it."""

    __tablename__ = "measurement_data"

    id: Mapped[str] = mapped_column(primary_key=True)
    device: Mapped[str]
    topic: Mapped[str]
    entity: Mapped[str]
    sub_entity: Mapped[str]
    time: Mapped[str]
    amount: Mapped[float]


def bare(path: Path) -> None:
    """Fetch what is needed of each row, and keep nothing."""
    with closing(sqlite3.connect(path)) as connection:
        for _ in connection.execute(
            "SELECT device, sub_entity, time, amount FROM measurement_data NOT INDEXED"
        ):
            pass


def objects(path: Path) -> None:
    """Create objects of all rows as the py_hab server does: one series after the other, by time."""
    engine = create_engine(f"sqlite:///{path}")
    for device, _, sub_entity, _ in SERIES:
        with Session(engine) as session:
            wanted = select(Measurement).where(
                Measurement.device == device, Measurement.sub_entity == sub_entity
            )
            session.scalars(wanted.order_by(Measurement.time)).all()
    engine.dispose()


def look(path: Path) -> list[LegacySeries]:
    """List the series of the file."""
    return inspect_file(path, BERLIN)


def read(path: Path, wanted: Sequence[LegacySeries]) -> None:
    """Convert series to hourly rows."""
    for series in read_hours(path, BERLIN, wanted):
        assert not series.rejected


def medians(runs: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Return the median CPU seconds of each; they take turns, so that all see the same machine."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for run, taken in zip(runs, times, strict=True):
            gc.collect()
            start = process_time()
            run()
            taken.append(process_time() - start)
    return [median(taken) for taken in times]


def peak(path: Path | None) -> float:
    """Return the MiB of a process that has read a file, or only what it takes to read one."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.legacy_import",
        "peak",
        *([str(path)] if path else []),
    ]
    return float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def main(count: int) -> None:
    """Measure and print."""
    with TemporaryDirectory() as folder:
        rows = []
        for index in (False, True):
            path = Path(folder) / f"index_{index}.db"
            write(path, islice(readings(), count), described=DESCRIBED, index=index)
            runs: list[Callable[[], object]] = [partial(run, path) for run in (bare, look, objects)]
            runs.append(partial(read, path, look(path)))
            select_, inspect_, orm, ours = medians(runs, ROUNDS if count <= 1_000_000 else 1)
            rows.append(
                [
                    "with index" if index else "without",
                    *(f"{seconds:.2f}" for seconds in (select_, inspect_, ours, orm)),
                    f"{count / ours:,.0f}",
                    f"{ours / select_:.1f}",
                    f"{orm / ours:.1f}",
                    f"{peak(path) - peak(None):.0f}",
                ]
            )
            path.unlink()
    print_table(
        f"Legacy file, {count:,} rows to hourly rows; CPU seconds",
        "file, SELECT, py_hab inspects, py_hab reads, SQLAlchemy objects, rows / s,"
        " py_hab / SELECT, SQLAlchemy / py_hab, MiB of memory",
        rows,
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["peak", *paths]:
            for name in paths:
                read(Path(name), look(Path(name)))
            # Unlike ru_maxrss it does not start with what the parent had.
            status = Path("/proc/self/status").read_text(encoding="ascii")
            print(int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024)
        case given:
            main(int(given[0]) if given else 1_000_000)
