"""What writing statistics costs: an import beside a bare bulk insert and Home Assistant's own import.

`READINGS=10000000 scripts/bench -k file` takes more readings of 23 series than 300,000.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from os import environ
from pathlib import Path
import random
import resource
from statistics import median
from time import perf_counter
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from sqlalchemy import insert
from sqlalchemy.orm import Session

from benchmarks.conftest import no_logs, recorder_config
from benchmarks.legacy_import import DESCRIBED, readings
from benchmarks.measurements import persistent_database, watched
from benchmarks.table import print_table
from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.history.statistics.gateway import Statistic, new_metadata
from custom_components.py_hab.history.statistics.transaction import async_transact
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.db_schema import Statistics
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.support.legacy_files import BERLIN, METER, Row, local, write
from tests.support.living import recorded, rows

__all__ = ["no_logs", "persistent_database", "recorder_config"]

HOURS: Final = 2 * 365 * 24
READINGS: Final = int(environ.get("READINGS", "300000"))
ROUNDS: Final = 3
pytestmark = [pytest.mark.timeout(3600), pytest.mark.usefixtures("no_logs")]


@pytest.fixture
async def entry(
    recorder_mock: Recorder, hass: HomeAssistant, fritzbox_entry: MockConfigEntry, tmp_path: Path
) -> MockConfigEntry:
    """The entry of a box, and a folder whose files may be imported."""
    hass.loop.set_debug(False)
    await hass.config.async_set_time_zone(str(BERLIN))
    hass.config.allowlist_external_dirs = {str(tmp_path)}
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    return fritzbox_entry


def two_years(device: str) -> Iterator[Row]:
    """Yield a reading each hour."""
    chance, amount = random.Random(3), 1000.0
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for back in range(HOURS + 3, 1, -1):
        amount = round(amount + chance.randrange(1, 900) / 1000, 3)
        time = local((end - timedelta(hours=back)).timestamp())
        yield device, "MT681", "E_in", time, amount


async def timed(work: Callable[[], Awaitable[Any]]) -> float:
    """Return the seconds that work takes."""
    start = perf_counter()
    await work()
    return perf_counter() - start


async def imported(hass: HomeAssistant, path: Path) -> list[dict[str, Any]]:
    """Import a file, and return what is answered."""
    answer: Any = await hass.services.async_call(
        DOMAIN, "import_database", {"path": str(path)}, blocking=True, return_response=True
    )
    found: list[dict[str, Any]] = answer["series"]
    return found


async def bulk(hass: HomeAssistant, name: str, found: Sequence[dict[str, Any]]) -> None:
    """Insert rows with one statement, and nothing else."""
    metadata = new_metadata(Statistic(id=name, unit="kWh", has_sum=True))

    def work(session: Session) -> None:
        manager = get_instance(hass).statistics_meta_manager
        _, metadata_id = manager.update_or_add(session, metadata, {})
        values = [
            {"metadata_id": metadata_id, "start_ts": row["start"], "state": row["state"]}
            | {"sum": row["sum"], "created_ts": 0.0}
            for row in found
        ]
        session.connection().execute(insert(Statistics), values)

    await async_transact(hass, name, work, lambda _: None)


async def row_by_row(hass: HomeAssistant, name: str, found: Sequence[dict[str, Any]]) -> None:
    """Let Home Assistant import rows."""
    metadata = new_metadata(Statistic(id=name, unit="kWh", has_sum=True))
    data = [
        StatisticData(
            start=dt_util.utc_from_timestamp(row["start"]), state=row["state"], sum=row["sum"]
        )
        for row in found
    ]
    async_import_statistics(hass, metadata, data)
    await recorded(hass)


async def test_two_years(
    hass: HomeAssistant, entry: MockConfigEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Import two years of one series, from the action to its answer, and take it back."""
    times: dict[str, list[float]] = {}
    statistic_id, found = "", list[dict[str, Any]]()
    for number in range(ROUNDS):
        path = tmp_path / f"{number}.db"
        write(path, two_years(METER), described=DESCRIBED)
        with watched(monkeypatch) as holds:
            seconds = await timed(partial(imported, hass, path))
        times.setdefault("import_database, its file included", []).append(seconds)
        (statistic_id,) = (
            item["statistic_id"] for item in await imported(hass, path) if item["rows"]
        )
        found = await rows(hass, statistic_id)
        assert len(found) >= HOURS
        for name, way in (("a bare bulk insert", bulk), ("async_import_statistics", row_by_row)):
            work = partial(way, hass, f"sensor.{way.__name__}_{number}", found)
            times.setdefault(name, []).append(await timed(work))
        undo = partial(
            hass.services.async_call,
            *(DOMAIN, "undo_history", {"entity_id": [statistic_id]}),
            blocking=True,
        )
        times.setdefault("undo_history", []).append(await timed(undo))
    middle = {name: median(taken) for name, taken in times.items()}
    core = middle["async_import_statistics"]
    print_table(
        f"{len(found):,} hours of one series; seconds from the action to the answer",
        "way, seconds, core's / its own",
        [[name, f"{seconds:.2f}", f"{core / seconds:.1f}"] for name, seconds in middle.items()],
    )
    print_table(
        "How long the import holds the event loop: ms of CPU of its callbacks",
        "when, callbacks, p99, max, over 5 ms, max without garbage collection, over 5 ms without,"
        " the longest",
        [holds.row("import")],
    )


async def test_file_of_23_series(
    hass: HomeAssistant, entry: MockConfigEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Import a whole file."""
    path = tmp_path / "server.db"
    await hass.async_add_executor_job(
        partial(write, path, islice(readings(), READINGS), described=DESCRIBED)
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with watched(monkeypatch) as holds:
        start = perf_counter()
        done = await imported(hass, path)
        seconds = perf_counter() - start
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    hours = sum(item["rows"] for item in done)
    print_table(
        f"A file of {READINGS:,} readings of {len(done)} series",
        "hours, seconds, MiB that the process has grown by",
        [[f"{hours:,}", f"{seconds:.1f}", f"{grown:.0f}"]],
    )
    print_table(
        "How long it holds the event loop: ms of CPU of its callbacks",
        "when, callbacks, p99, max, over 5 ms, max without garbage collection, over 5 ms without,"
        " the longest",
        [holds.row("import")],
    )
