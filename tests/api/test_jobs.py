"""What runs when."""

from datetime import datetime, timedelta

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.api.jobs import Job, jobs
from custom_components.py_hab.const import CONF_HISTORY
from custom_components.py_hab.history.retries import RETRY
from custom_components.py_hab.history.timetable import AFTER_START, DAILY
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_faults import Fault
from simulator.home import Home
from tests.conftest import START
from tests.support.living import recorded
from tests.support.mocked_reader import MockedReader
from tests.support.passing_time import Time

MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.usefixtures("no_pause")


@pytest.fixture
def home() -> Home:
    """A home whose counters have counted for twenty days: each hour of them is written."""
    return Home(installed=START - timedelta(days=20))


def by_name(hass: HomeAssistant) -> dict[str, Job]:
    return {job.name: job for job in jobs(hass)}


def about(moment: datetime | None) -> datetime:
    """Return a time without its seconds."""
    assert moment is not None
    return moment.replace(second=0, microsecond=0)


async def test_a_box_is_polled_again_and_again(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    assert jobs(hass) == []
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    started = dt_util.utcnow()
    found = by_name(hass)
    assert list(found) == ["poll", "extras", "backfill", "statistics_check"]
    assert {job.entry_id for job in found.values()} == {fritzbox_entry.entry_id}
    assert len({job.id for job in found.values()}) == 4
    poll, rest_details = found["poll"], found["extras"]
    assert (poll.result, poll.every, rest_details.result) == ("ok", MINUTE, "ok")
    assert poll.last_run is not None
    assert poll.next_run == poll.last_run + MINUTE
    assert rest_details.last_run is not None
    assert rest_details.next_run == rest_details.last_run + timedelta(minutes=15)

    box.fault(Fault(status=500))
    await time.passes(hass, 3 * MINUTE)
    later = by_name(hass)
    assert [job.id for job in later.values()] == [job.id for job in found.values()]
    poll = later["poll"]
    assert poll.result not in {None, "ok"}
    assert poll.last_run is not None
    assert poll.next_run is not None
    # When it was asked last, not when it answered; and never in the past.
    assert poll.last_run > started
    assert dt_util.utcnow() < poll.next_run <= dt_util.utcnow() + MINUTE

    fritzbox_entry.runtime_data.coordinator.update_interval = None
    assert by_name(hass)["poll"].next_run is None
    await hass.config_entries.async_unload(fritzbox_entry.entry_id)
    assert jobs(hass) == []


async def test_a_box_without_a_rest_api_is_polled_only(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    box.fault(Fault(status=404), path="/api/v0/smarthome/overview")
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    assert "extras" not in by_name(hass)


async def test_a_box_that_has_not_reported_its_extras_yet_has_no_next_time(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    box.fault(Fault(status=500), path="/api/v0/smarthome/overview")
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    rest_details = by_name(hass)["extras"]
    assert (rest_details.last_run, rest_details.result, rest_details.next_run) == (None, None, None)


async def test_the_history_is_maintained(
    time: Time, recorder_mock: Recorder, hass: HomeAssistant, fritzbox_entry: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    found = by_name(hass)
    assert found["backfill"].result == "0 hours"
    assert about(found["backfill"].last_run) == about(dt_util.utcnow() - DAILY)
    assert about(found["backfill"].next_run) == about(dt_util.utcnow())
    assert found["statistics_check"].last_run is None

    await time.passes(hass, AFTER_START + 6 * MINUTE)
    await recorded(hass)
    found = by_name(hass)
    check, backfill = found["statistics_check"], found["backfill"]
    assert check.last_run is not None
    assert check.next_run == check.last_run + check.every
    assert check.result is None
    assert backfill.last_run is not None
    assert backfill.next_run == backfill.last_run + DAILY
    assert backfill.result is not None
    assert backfill.result.endswith(" hours")
    assert int(backfill.result.split()[0]) > 500

    # What is put off until the box answers.
    scheduler = fritzbox_entry.runtime_data.history
    assert scheduler is not None
    put_off = dt_util.utcnow() + RETRY
    scheduler._timetable.not_before = put_off
    assert by_name(hass)["statistics_check"].next_run == put_off

    hass.config_entries.async_update_entry(fritzbox_entry, options={CONF_HISTORY: False})
    found = by_name(hass)
    assert found["backfill"].last_run == backfill.last_run
    assert found["backfill"].next_run is None
    assert found["statistics_check"].next_run is None


async def test_a_meter_is_listened_to(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    mocked_reader.answers = False
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    listen = by_name(hass)["listen"]
    assert (listen.last_run, listen.result, listen.next_run) == (None, "silent", None)

    await mocked_reader.reads()
    received = dt_util.utcnow()
    listen = by_name(hass)["listen"]
    assert listen.result == "ok"
    assert listen.last_run is not None
    assert abs(listen.last_run - received) < MINUTE
    assert listen.next_run == listen.last_run + MINUTE

    await time.passes(hass, timedelta(hours=1))
    listen = by_name(hass)["listen"]
    assert listen.result == "silent"
    assert listen.next_run is not None
    assert dt_util.utcnow() <= listen.next_run <= dt_util.utcnow() + MINUTE
