"""What other libraries do slowly, a hundred thousand times in these tests, done quickly."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import lru_cache
from importlib.util import find_spec
import time
from types import FunctionType, NoneType
from typing import Any, Final
from unittest import mock
from unittest.mock import patch

import slugify
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.sql.lambdas import StatementLambdaElement

from custom_components.py_hab.history.statistics import daylight
from homeassistant.components.recorder import statistics
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import event
from homeassistant.helpers.sun import get_astral_event_date
from homeassistant.util import executor
from homeassistant.util.async_ import get_scheduled_timer_handles

REPLACED: Final = (
    "homeassistant.components.recorder",
    "homeassistant.helpers.recorder",
    "homeassistant.helpers.storage",
)
"""Where the functions are that the test plugin replaces."""


@contextmanager
def quick_queries() -> Iterator[None]:
    """Let SQLAlchemy read the options of a query where it has cached them.

    In 2.0, `StatementLambdaElement._proxied` names an attribute that does not exist, and another
    option is not among those that it serves. Instead of the cached expression, which is the same
    for the same cache key, each query of the recorder copies its expression to read an option.
    """
    cached = property(lambda query: query._rec.expected_expr)
    options = property(lambda query: query._rec.expected_expr._compile_options)
    with (
        patch.object(StatementLambdaElement, "_proxied", cached),
        patch.object(StatementLambdaElement, "_compile_options", options, create=True),
    ):
        yield


@contextmanager
def quick_imports() -> Iterator[None]:
    """Let the recorder write imported statistics together.

    It looks for each row in the database before it adds it, and each look writes the row before. No
    test imports two rows of one time together.
    """

    def look_up(session: Session, table: Any, metadata_id: int, start: datetime) -> int | None:
        query = select(table.id).where(
            table.metadata_id == metadata_id, table.start_ts == start.timestamp()
        )
        found: int | None = session.connection().execute(query).scalar()
        return found

    if not hasattr(statistics, "_statistics_exists"):
        # The newest Home Assistant writes them together itself.
        yield
        return
    with patch.object(statistics, "_statistics_exists", look_up):
        yield


@contextmanager
def quick_names() -> Iterator[None]:
    """Make entity IDs of the same few hundred names once, not in each test."""
    with patch.object(slugify, "slugify", lru_cache(maxsize=5000)(slugify.slugify)):
        yield


@contextmanager
def quick_freezing() -> Iterator[None]:
    """Freeze the time quickly. Where only real processes are tested, none is frozen."""
    if find_spec("freezegun") is None:
        yield
        return
    from tests.support.quick_time import quick_time

    with quick_time():
        yield


@contextmanager
def quick_mocks() -> Iterator[None]:
    """Let the test plugin replace functions of the recorder and of the storage by plain functions.

    It makes a mock with the signature of each function, thirteen in each test, and such a mock
    remembers each call. Nobody looks at them.
    """
    made = mock.create_autospec
    something = mock.Mock()

    def replacement(spec: Any, *args: Any, **options: Any) -> Any:
        stands_in = options.get("side_effect", ...)
        if (
            not isinstance(spec, FunctionType)
            or not spec.__module__.startswith(REPLACED)
            or not isinstance(stands_in, FunctionType | NoneType)
        ):
            return made(spec, *args, **options)
        if stands_in is None:
            return lambda *_, **__: something
        return stands_in

    with patch.object(mock, "create_autospec", replacement):
        yield


@contextmanager
def quick_storage() -> Iterator[None]:
    """Let the test plugin store data without a look at each part of it for mocks.

    What is stored becomes JSON, which a mock cannot.
    """
    if find_spec("pytest_homeassistant_custom_component") is None:
        yield
        return
    from pytest_homeassistant_custom_component import common

    with patch.object(common, "raise_contains_mocks", lambda _: None):
        yield


@contextmanager
def patient_executor() -> Iterator[None]:
    """Wait a minute for idle threads to end; on a machine that is busy, ten seconds are too few."""
    with patch.object(executor, "EXECUTOR_SHUTDOWN_TIMEOUT", 60):
        yield


@contextmanager
def quick_timers() -> Iterator[None]:
    """Let the test plugin mock the time once for all timers that are due, not for each of them.

    Where only real processes are tested, there is no plugin.
    """
    if find_spec("pytest_homeassistant_custom_component") is None:
        yield
        return
    from pytest_homeassistant_custom_component import common

    with patch.object(common, "_async_fire_time_changed", _async_fire_time_changed):
        yield


@callback
def _async_fire_time_changed(hass: HomeAssistant, now: datetime, fire_all: bool) -> None:
    """Run the timers that are due at a time, or all."""
    from pytest_homeassistant_custom_component import common

    seconds = now.timestamp()
    due = seconds - time.time() + hass.loop.time() + common._MONOTONIC_RESOLUTION
    with (
        patch.object(event, "time_tracker_utcnow", lambda: now),
        patch.object(event, "time_tracker_timestamp", lambda: seconds),
    ):
        for timer in list(get_scheduled_timer_handles(hass.loop)):
            if timer.cancelled():
                continue
            if fire_all or timer.when() <= due:
                timer._run()
                timer.cancel()


@contextmanager
def quick_sun() -> Iterator[None]:
    """Calculate once when the sun rises on a day, not at each start of a simulated home."""
    known: dict[tuple[object, ...], datetime | None] = {}

    def look_up(hass: HomeAssistant, event: str, day: date) -> datetime | None:
        config = hass.config
        key = (config.latitude, config.longitude, config.elevation, event, day)
        if key not in known:
            known[key] = get_astral_event_date(hass, event, day)
        return known[key]

    with patch.object(daylight, "get_astral_event_date", look_up):
        yield
