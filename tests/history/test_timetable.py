"""When the history may be maintained, and when that is due."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory

from custom_components.py_hab.history.retries import RETRY
from custom_components.py_hab.history.timetable import (
    AFTER_START,
    CHECK_INTERVAL,
    DAILY,
    Timetable,
)
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util


def test_nothing_is_written_until_the_recorder_has_compiled_what_it_missed(
    hass: HomeAssistant,
) -> None:
    timetable = Timetable()
    assert not timetable.has_settled(dt_util.utcnow())
    timetable.async_home_started(hass)
    assert timetable.started is not None
    assert not timetable.has_settled(timetable.started)
    assert timetable.has_settled(timetable.started + AFTER_START)
    assert timetable.has_settled(timetable.started - timedelta(days=1)), "the clock was set back"


def test_a_run_is_due_a_day_after_the_last_one(freezer: FrozenDateTimeFactory) -> None:
    timetable, now = Timetable(), dt_util.utcnow()
    assert timetable.next_run(None) == now
    assert timetable.next_run(now) == now + DAILY
    assert timetable.next_run(now + timedelta(days=400)) == now, "the clock was ahead"


def test_a_failure_postpones_all_for_half_an_hour(freezer: FrozenDateTimeFactory) -> None:
    timetable, now = Timetable(), dt_util.utcnow()
    assert timetable.next_check is None
    timetable.last_check = now
    assert timetable.next_check == now + CHECK_INTERVAL
    timetable.postpone()
    assert timetable.next_check == timetable.next_run(None) == now + RETRY
    assert timetable.is_postponed(now)
    assert not timetable.is_postponed(now + RETRY)
    freezer.tick(timedelta(days=-1))
    assert not timetable.is_postponed(dt_util.utcnow()), "the clock was ahead"
