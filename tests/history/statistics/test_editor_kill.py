"""A process that is killed while it changes statistics leaves what was before or after a change."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
import json
import os
from pathlib import Path
import random
import select
import signal
import sqlite3
import subprocess
import sys
from typing import Any, Final

from hypothesis import settings
import pytest

from custom_components.py_hab.history.planning.rows import HOUR
from tests.support.killed import DATABASE

KILLS: Final = 200
FIRST: Final = 1_700_002_800
HOURS: Final = 1000
"""Imported before those of Home Assistant."""
LIVE: Final = 200
"""Of Home Assistant."""

type Rows = dict[int, tuple[float, float]]
"""State and sum by start."""


def after(rows: Rows, change: Any, before_all: Rows) -> Rows:
    """Return what a change makes of rows."""
    match change:
        case ["write", written]:
            return dict(sorted((rows | {row[0]: (row[1], row[2]) for row in written}).items()))
        case ["adjust", start, amount]:
            return {
                hour: (state, total + amount if hour >= start else total)
                for hour, (state, total) in rows.items()
            }
    return before_all


def some_change(chance: random.Random) -> Any:
    """Return an import of all or some hours, an adjustment, or an undo."""
    if chance.random() < 0.2:
        return ["undo"]
    if chance.random() < 0.3:
        return [
            "adjust",
            FIRST + HOUR * chance.randrange(HOURS + LIVE),
            chance.uniform(-99.0, 99.0),
        ]
    first, count, offset = (chance.randrange(HOURS) for _ in range(3))
    count = HOURS - first if chance.random() < 0.5 else min(count, HOURS - first + 20)
    return [
        "write",
        [
            [FIRST + HOUR * hour, 0.1 * hour, 0.137 * (hour + offset)]
            for hour in range(first, first + count)
        ],
    ]


class Killed:
    """Processes in one folder, one after the other."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout is not None
        assert process.stdin is not None
        self._in, self._out = process.stdin, process.stdout

    def line(self) -> str:
        return self._out.readline().strip()

    def let_live(self, changes: Sequence[Any], seconds: float | None = None) -> int:
        """Let a process make changes, and kill it after some time, or when it has made them all.

        Return how many it has reported.
        """
        self._in.write(json.dumps(changes) + "\n")
        self._in.flush()
        child, done = int(self.line()), 0
        while self.line() != "ready":
            pass
        if seconds is None:
            while self.line() != "end":
                done += 1
        else:
            # Nothing happens at this moment: it is as good as any other.
            select.select([], [], [], seconds)
        os.kill(child, signal.SIGKILL)
        while (line := self.line()) != "gone":
            done += line == "done"
        return done


@contextmanager
def processes(folder: Path) -> Iterator[Killed]:
    command = [sys.executable, "-m", "tests.support.killed", str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Killed(process)
        assert process.stdin is not None
        process.stdin.close()


def stored(folder: Path) -> Rows:
    with closing(sqlite3.connect(folder / DATABASE)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = database.execute("SELECT start_ts, state, sum FROM statistics ORDER BY start_ts")
        return {int(start): (state, total) for start, state, total in rows}


def live_hours(folder: Path) -> Rows:
    """Write the hours of Home Assistant."""
    with closing(sqlite3.connect(folder / DATABASE)) as database:
        database.execute(
            "INSERT INTO statistics_meta (id, statistic_id, source, unit_of_measurement, unit_class,"
            " has_sum, mean_type) VALUES (1, 'sensor.meter', 'recorder', 'kWh', 'energy', 1, 0)"
        )
        database.executemany(
            "INSERT INTO statistics (metadata_id, created_ts, start_ts, state, sum)"
            " VALUES (1, ?, ?, ?, ?)",
            [
                (start + HOUR + 10.5, start, 300 + 0.1 * hour, 0.1 * hour)
                for hour in range(LIVE)
                for start in (FIRST + HOUR * (HOURS + hour),)
            ],
        )
        database.commit()
    return stored(folder)


@pytest.mark.skipif("config.getoption('dburl') != 'sqlite://'")
def test_killed_at_any_moment_it_is_before_or_after_a_change(tmp_path: Path) -> None:
    kills = KILLS if settings().max_examples > 100 else KILLS // 20
    chance = random.Random(13)
    hits = {"before": 0, "after": 0}
    with processes(tmp_path) as killed:
        killed.let_live([])
        before_all = rows = live_hours(tmp_path)
        for _ in range(kills):
            changes = [some_change(chance) for _ in range(12)]
            done = killed.let_live(changes, chance.uniform(0.0, 0.25))
            for change in changes[:done]:
                rows = after(rows, change, before_all)
            found = stored(tmp_path)
            if found != rows:
                assert done < len(changes)
                rows = after(rows, changes[done], before_all)
                hits["after"] += 1
            else:
                hits["before"] += 1
            assert found == rows
        assert killed.let_live([["undo"]]) == 1
    assert stored(tmp_path) == before_all
    assert sum(hits.values()) == kills
