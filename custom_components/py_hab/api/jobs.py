"""The recurring jobs of all entries, and their last results."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from homeassistant.auth.models import User
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..box.rest_api import REST_INTERVAL
from ..const import DOMAIN
from ..coordinator import FritzBoxCoordinator, PyHabConfigEntry
from ..entry import History
from ..history.timetable import CHECK_INTERVAL, DAILY
from ..meter.coordinator import CHECK_INTERVAL as METER_CHECK_INTERVAL, MeterCoordinator
from .queries import may_read_all, may_read_entry

FAILED: Final = "failed"
"""The result of a job that has failed, for users who may not see its error."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A recurring job of an entry."""

    id: str
    """Unique; it does not change as long as the entry exists."""
    entry_id: str
    title: str
    name: str
    every: timedelta
    last_run: datetime | None
    result: str | None
    """The text of the error if it has failed."""
    next_run: datetime | None
    has_failed: bool = False


def jobs(hass: HomeAssistant, user: User | None = None) -> list[Job]:
    """Return the jobs of the loaded entries of which a user may see an entity.

    Error texts are for administrators and automations (None) only.
    """
    found: list[Job] = []
    entries: list[PyHabConfigEntry] = hass.config_entries.async_entries(DOMAIN)
    for entry in entries:
        is_loaded = entry.state is ConfigEntryState.LOADED
        if not is_loaded or not may_read_entry(hass, user, entry.entry_id):
            continue
        match entry.runtime_data.coordinator:
            case FritzBoxCoordinator() as fritzbox:
                found += _of_box(entry, fritzbox)
            case MeterCoordinator() as meters:
                found.append(_of_meters(entry, meters))
        found += _of_history(entry, entry.runtime_data.history)
    if may_read_all(user):
        return found
    return [replace(job, result=FAILED) if job.has_failed else job for job in found]


def _job(
    entry: PyHabConfigEntry,
    name: str,
    every: timedelta,
    last_run: datetime | None,
    result: str | None,
    next_run: datetime | None,
    *,
    has_failed: bool = False,
) -> Job:
    return Job(
        id=f"{entry.entry_id}_{name}",
        entry_id=entry.entry_id,
        title=entry.title,
        name=name,
        every=every,
        last_run=last_run,
        result=result,
        next_run=next_run,
        has_failed=has_failed,
    )


def _next(last_run: datetime | None, every: timedelta) -> datetime | None:
    """Return the next time that is a multiple of an interval after the last run."""
    if last_run is None or not every:
        return None
    steps = max(1, -((last_run - dt_util.utcnow()) // every))
    return last_run + steps * every


def _of_box(entry: PyHabConfigEntry, coordinator: FritzBoxCoordinator) -> list[Job]:
    every = coordinator.update_interval or timedelta()
    last = coordinator.last_poll
    has_failed = not coordinator.last_update_success
    result = str(coordinator.last_exception) if has_failed else "ok"
    found = [_job(entry, "poll", every, last, result, _next(last, every), has_failed=has_failed)]
    if coordinator.rest.is_offered:
        last = coordinator.rest.last_answer
        following = _next(last, REST_INTERVAL)
        found.append(_job(entry, "extras", REST_INTERVAL, last, "ok" if last else None, following))
    return found


def _of_meters(entry: PyHabConfigEntry, coordinator: MeterCoordinator) -> Job:
    last_seen = (meter.freshness.last_seen for meter in coordinator.data.values())
    seen = [at for at in last_seen if at is not None]
    last = max(seen, default=None)
    return _job(
        entry,
        "listen",
        METER_CHECK_INTERVAL,
        last,
        "ok" if coordinator.available else "silent",
        _next(last, METER_CHECK_INTERVAL),
    )


def _of_history(entry: PyHabConfigEntry, history: History) -> list[Job]:
    last = history.last_run
    rows = sum(report.rows for report in last.result) if last else 0
    return [
        _job(
            entry,
            "backfill",
            DAILY,
            last.at if last else None,
            f"{rows} hours" if last else None,
            history.next_run,
        ),
        _job(
            entry, "statistics_check", CHECK_INTERVAL, history.last_check, None, history.next_check
        ),
    ]
