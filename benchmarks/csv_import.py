"""Measures the time and the memory to convert a table of readings (CSV) to hours.

For comparison: only splitting the same rows with Python's csv module. The memory of a file that is
four times as large shows that it does not grow with the file.
`python -m benchmarks.csv_import 4000000` takes another number of rows than a million.
"""

from collections.abc import Iterator
import csv
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
import re
import subprocess
import sys
from tempfile import TemporaryDirectory
from typing import Final
from zoneinfo import ZoneInfo

from benchmarks.legacy_import import medians
from benchmarks.table import print_table
from custom_components.py_hab.history.files.csv_reader import read_series, survey
from custom_components.py_hab.history.files.recognition import recognize
from custom_components.py_hab.history.files.table import read_sample

BERLIN: Final = ZoneInfo("Europe/Berlin")
ROUNDS: Final = 3
EVERY: Final = timedelta(seconds=60)
START: Final = datetime(2016, 1, 1, tzinfo=UTC)


def readings() -> Iterator[str]:
    """Yield readings of every minute, as a German portal writes them."""
    total, moment = 12_000_000, START
    while True:
        local = moment.astimezone(BERLIN)
        yield f"{local:%d.%m.%Y;%H:%M:%S};{total // 1000},{total % 1000:03};W"
        total += 3 + moment.minute % 7
        moment += EVERY


def intervals() -> Iterator[str]:
    """Yield the energy of every minute with an offset, as a device writes it."""
    moment = START
    while True:
        yield f"{moment:%Y-%m-%dT%H:%M:%S}+00:00;0.0{1 + moment.minute % 7};kWh"
        moment += EVERY


KINDS: Final = {
    "readings": ("Datum;Uhrzeit;Zählerstand (kWh);Status", readings),
    "intervals": ("from;consumption (kWh);unit", intervals),
}


def write(path: Path, kind: str, count: int) -> None:
    """Write a table."""
    header, rows = KINDS[kind]
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{header}\n")
        file.writelines(f"{row}\n" for row in islice(rows(), count))


def bare(path: Path) -> None:
    """Split the rows, and keep nothing."""
    with path.open(encoding="utf-8", newline="") as file:
        for _ in csv.reader(file, delimiter=";"):
            pass


def look(path: Path) -> None:
    """List the series of the file."""
    survey(path, recognize(read_sample(path), BERLIN), BERLIN)


def read(path: Path) -> None:
    """Convert the series of the file, from recognizing them on."""
    form = recognize(read_sample(path), BERLIN)
    (hours,) = read_series(path, form, BERLIN, survey(path, form, BERLIN))
    assert not hours.rejected, hours.rejected


def peak(path: Path | None) -> float:
    """Return the MiB of a process that has read a file, or only what it takes to read one."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.csv_import",
        "peak",
        *([str(path)] if path else []),
    ]
    return float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def main(count: int) -> None:
    """Measure and print."""
    with TemporaryDirectory() as folder:
        rows = []
        for kind in KINDS:
            path = Path(folder).resolve() / f"{kind}.csv"
            write(path, kind, count)
            runs = [partial(run, path) for run in (bare, look, read)]
            split, counted, ours = medians(runs, ROUNDS if count <= 1_000_000 else 1)
            memory = peak(path)
            size = path.stat().st_size / 2**20
            write(path, kind, 4 * count)
            rows.append(
                [
                    kind,
                    f"{size:.0f}",
                    *(f"{seconds:.2f}" for seconds in (split, counted, ours)),
                    f"{counted / split:.1f}",
                    f"{ours / split:.1f}",
                    f"{memory - peak(None):.0f}",
                    f"{peak(path) - peak(None):.0f}",
                ]
            )
            path.unlink()
    print_table(
        f"Table (CSV), {count:,} rows; CPU seconds",
        "values, MiB, csv.reader, py_hab counts, py_hab counts and reads, counts / csv.reader,"
        " py_hab / csv.reader, MiB of memory, MiB of memory for four times as many rows",
        rows,
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["peak", *paths]:
            for name in paths:
                read(Path(name))
            # Unlike ru_maxrss it does not start with what the parent had.
            status = Path("/proc/self/status").read_text(encoding="ascii")
            print(int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024)
        case given:
            main(int(given[0]) if given else 1_000_000)
