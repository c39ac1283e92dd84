"""How the statistics of a counter are repaired after a gap."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import CONF_HISTORY, CONF_SHAPE, OutageShape
from custom_components.py_hab.counters.gap import Gap
from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.entry import Progress
from custom_components.py_hab.history import counter_maintenance
from custom_components.py_hab.history.gap_repair import GIVE_UP_AFTER
from custom_components.py_hab.history.planning.change import ChangeReason
from custom_components.py_hab.history.planning.rows import HOUR, SumRow
from custom_components.py_hab.history.sources import sources
from custom_components.py_hab.history.statistics import gateway
from custom_components.py_hab.history.statistics.editor import get_editor
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from simulator.fritzbox_devices import IMPORT, REFRIGERATOR
from simulator.home import Home
from tests.support.box_house import (
    FRIDGE,
    METER,
    NOTHING,
    SHORT_TERM,
    House,
    hourly,
    outage,
)
from tests.support.changing import this_hour, write
from tests.support.living import recorded, rows
from tests.support.mocked_reader import MockedReader
from tests.support.passing_time import Time

WEEK_BEFORE: Final = tuple(enumerate((0.0, 1.0, 2.0, 3.0, 6.0, 7.0, 12.0, 13.0, 14.0)))
"""The kWh that have been counted at the end of each of some hours."""


METER_OF_READER: Final = "sensor.mt681_energy_import"


async def test_a_gap_waits_until_its_hours_are_compiled_and_is_repaired_and_settled(
    house: House, home: Home
) -> None:
    await house.start()
    gap = await outage(house, 3)
    assert (await house.act("backfill", dry_run=True))[METER]["mended"] == []
    await house.lives(timedelta(minutes=1), timedelta(minutes=1))
    assert gap in house.gaps
    await house.lives(timedelta(minutes=10))
    assert house.gaps == []
    await house.to_the_hour(10)
    found = await hourly(house)
    first, last = (int(moment) // HOUR * HOUR for moment in (gap.start, gap.end))
    for start in range(first + HOUR, last, HOUR):
        begin, end = (dt_util.utc_from_timestamp(moment) for moment in (start, start + HOUR))
        truth = home.energy("import", end) - home.energy("import", begin)
        assert found[start] == pytest.approx(truth / 1000, abs=0.01), start
    booked = await rows(house.hass, METER)
    assert booked[-1]["sum"] - booked[0]["sum"] == pytest.approx(
        booked[-1]["state"] - booked[0]["state"]
    )
    assert min(found.values()) >= 0


@pytest.mark.parametrize("recorder_config", [{"exclude": {"entities": [METER]}}])
async def test_a_gap_without_statistics_is_given_up_after_two_days(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counter_maintenance, "energy_history", lambda *_, **__: NOTHING)
    await house.start()
    await house.lives(timedelta(minutes=10))
    now = dt_util.utcnow().timestamp()
    end = now - GIVE_UP_AFTER.total_seconds() + 600
    known, unknown = (
        Gap(
            key=key,
            start=end - 3 * HOUR,
            before=10.0,
            end=end,
            after=11.0,
            verdict=Verdict.ACCEPTED,
        )
        for key in (IMPORT, "gone")
    )
    counters = house.entry.runtime_data.counters
    counters.add_gap(known)
    counters.add_gap(unknown)
    await house.lives(timedelta(minutes=5))
    assert house.gaps == [known, unknown]
    await house.lives(timedelta(minutes=10))
    assert house.gaps == []
    assert await rows(house.hass, METER) == []


async def test_a_gap_that_was_given_up_is_kept_by_looking_only(house: House) -> None:
    await house.start()
    await house.lives(timedelta(minutes=10))
    end = dt_util.utcnow().timestamp() - GIVE_UP_AFTER.total_seconds() - 60
    gap = Gap(key="gone", start=end - HOUR, before=1, end=end, after=2, verdict=Verdict.ACCEPTED)
    house.entry.runtime_data.counters.add_gap(gap)
    reported: list[Progress] = []
    await house.scheduler.async_run(dry_run=True, progress=reported.append)
    assert house.gaps == [gap]
    assert [each.part for each in reported] == pytest.approx([0, 1 / 3, 2 / 3])


async def test_what_nobody_knows_takes_the_shape_of_the_week_before(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.start(**{CONF_SHAPE: OutageShape.WEEK_BEFORE})
    # The box stores nothing.
    monkeypatch.setattr(counter_maintenance, "energy_history", lambda *_, **__: NOTHING)
    now = int(dt_util.utcnow().timestamp()) // HOUR * HOUR
    week = [SumRow(now - 168 * HOUR + HOUR * hour, 100.0, total) for hour, total in WEEK_BEFORE]
    source = next(
        item
        for item in sources(house.hass, house.entry.runtime_data.coordinator)
        if item.counter == IMPORT
    )
    await write(get_editor(house.hass), source.statistic, week, ChangeReason.IMPORT)
    gap = await outage(house, 5)
    await house.lives(timedelta(minutes=10))
    assert house.gaps == []
    found = await hourly(house)
    first = int(gap.start) // HOUR * HOUR
    inside = [found[first + HOUR * hour] for hour in range(1, 5)]
    assert inside[0] > 0
    assert [item / inside[0] for item in inside] == pytest.approx([1, 1, 3, 1])


async def replaced(house: House, ain: str, wh: int) -> Gap:
    """Let the counter of a device go on from elsewhere; return what lies between."""
    await house.to_the_hour(20)
    house.box.override(ain, energy=wh)
    for _ in range(12):
        wh += 10
        await house.lives(timedelta(minutes=1), timedelta(minutes=1))
        house.box.override(ain, energy=wh)
        if gaps := [gap for gap in house.gaps if gap.key == ain]:
            return gaps[0]
    pytest.fail("the new counter is not accepted")


async def total(house: House, entity_id: str) -> float:
    """Return the sum of all that is booked."""
    found: float = (await rows(house.hass, entity_id, "5minute"))[-1]["sum"]
    return found


async def test_both_readings_of_a_swapped_meter_change_the_sum_by_exactly_the_difference(
    house: House,
) -> None:
    await house.start()
    await house.lives(timedelta(minutes=10))
    gap = await replaced(house, IMPORT, 4_321_000)
    assert gap.verdict is Verdict.REPLACED
    await house.lives(timedelta(minutes=15))
    assert house.gaps == []
    before = await rows(house.hass, METER, "5minute")
    # No phantom.
    changes = [row["change"] for row in before[1:]]
    assert max(changes) < 1
    assert min(changes) >= 0
    house.entry.runtime_data.counters.add_gap(replace(gap, counted=gap.energy + 3.25))
    await house.lives(SHORT_TERM)
    assert house.gaps == []
    after = await rows(house.hass, METER, "5minute")
    known = {row["start"]: row["sum"] for row in after}
    adjusted = [known[row["start"]] - row["sum"] for row in before]
    assert adjusted[-1] == pytest.approx(3.25)
    assert {round(each, 6) for each in adjusted} == {0.0, 3.25}
    await house.act("undo_history", config_entry_id=house.entry.entry_id)


async def test_a_plug_that_was_reset_counts_from_nothing(house: House) -> None:
    await house.start()
    await house.lives(timedelta(minutes=10))
    gap = await replaced(house, REFRIGERATOR, 20)
    before = await rows(house.hass, FRIDGE, "5minute")
    await house.lives(timedelta(minutes=15))
    assert house.gaps == []
    after = await rows(house.hass, FRIDGE, "5minute")
    row = next(row for row in after if row["start"] >= gap.end)
    last = [row for row in before if row["end"] <= gap.start][-1]
    assert row["sum"] - last["sum"] == pytest.approx(
        gap.before - last["state"] + row["state"], abs=1e-6
    )


async def test_the_box_is_not_asked_about_gaps_that_were_undone(house: House) -> None:
    await house.start()
    await house.lives(timedelta(minutes=15))
    await house.act("undo_history", config_entry_id=house.entry.entry_id)
    await outage(house, 2)
    asked = len(house.asked)
    await house.lives(timedelta(minutes=30))
    assert {gap.key for gap in house.gaps} == {REFRIGERATOR, IMPORT}
    assert len(house.asked) == asked
    await house.act("backfill")
    assert house.gaps == []


async def test_a_gap_is_announced_with_as_many_hours_as_are_written(house: House) -> None:
    await house.start()
    await house.lives(timedelta(minutes=15))
    house.hass.config_entries.async_update_entry(house.entry, options={CONF_HISTORY: False})
    await outage(house, 5)
    await house.to_the_hour(10)
    announced = (await house.act("backfill", dry_run=True))[METER]
    assert len(announced["mended"]) == 1
    assert announced["rows"] >= 5
    assert (await house.act("backfill"))[METER] == announced


async def test_a_meter_that_was_away_is_repaired_without_asking_anybody(
    time: Time,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    mock_hass_config: None,
    mqtt_client_mock: Any,
) -> None:
    reader = MockedReader(time, hass, mqtt_client_mock)
    await reader.connect()
    entry = reader.entry(prefix="MT681")
    await reader.set_up(entry)
    await reader.lives(timedelta(minutes=55), step=timedelta(minutes=5), E_in=0.1)
    before = reader.blocks["MT681"]["E_in"]
    reader.answers = False
    await reader.says("LWT", "Offline")
    for _ in range(36):
        await time.passes(hass, SHORT_TERM, step=SHORT_TERM)
        await recorded(hass)
    reader.answers = True
    await reader.says("LWT", "Online")
    await reader.reads(E_in=before + 3.6)
    for _ in range(16):
        await reader.lives(SHORT_TERM, E_in=0.0)
        await recorded(hass)
    assert entry.runtime_data.counters.gaps == []
    found = await rows(hass, METER_OF_READER)
    assert found[-1]["state"] == pytest.approx(before + 3.6)
    assert found[-1]["sum"] - found[0]["sum"] == pytest.approx(before + 3.6 - found[0]["state"])
    # One tower of 3.6 kWh without us.
    assert max(row["change"] for row in found) < 1.5
    works = {event["work"] for event in get_editor(hass).journal.changes_of(METER_OF_READER).events}
    assert works == {ChangeReason.OUTAGE.value}
    await reader.disconnect()


async def test_the_energy_of_a_replacement_may_come_late_and_twice(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The five-minute rows are purged after ten days; the hour of the last reading is ours then."""
    scheduler = entry.runtime_data.history
    source = next(
        item for item in sources(hass, entry.runtime_data.coordinator) if item.statistic.id == METER
    )
    assert source.counter is not None
    counters = entry.runtime_data.counters
    zero = float(this_hour() - 10 * HOUR)

    # The old meter goes from 100 to 101 until half past, the new one on from 50 four hours later.
    live = [SumRow(int(zero) - HOUR, 100.0, 0.0), SumRow(int(zero), 101.0, 1.0)]
    live += [SumRow(int(zero) + number * HOUR, 50.0, 1.0) for number in (4, 5)]
    async_import_statistics(
        hass,
        gateway.new_metadata(source.statistic),
        [
            {"start": dt_util.utc_from_timestamp(row.start), "state": row.state, "sum": row.sum}
            for row in live
        ],
    )
    await recorded(hass)
    gap = Gap(
        key=source.counter,
        start=zero + 1800,
        before=101.0,
        end=zero + 4 * HOUR + 1800,
        after=50.0,
        verdict=Verdict.REPLACED,
    )
    for counted in (8.0, 3.0):
        counters.add_gap(replace(gap, counted=counted))
        await scheduler.async_run()
        assert counters.gaps == []
        there = await rows(hass, METER)
        sums = {row["start"] - zero: row["sum"] for row in there}
        assert sums[5 * HOUR] - sums[-HOUR] == pytest.approx(1.0 + counted)
