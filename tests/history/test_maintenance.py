"""One maintenance run: what it leaves out and reports, and what holds up no other statistic."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.counters.gap import Gap
from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.fritzbox.errors import FritzBoxConnectionError
from custom_components.py_hab.history import gap_repair
from custom_components.py_hab.history.findings import NOT_REPORTED
from custom_components.py_hab.history.gap_repair import GIVE_UP_AFTER
from custom_components.py_hab.history.planning.rows import HOUR
from custom_components.py_hab.history.retries import RETRY
from custom_components.py_hab.history.sources import sources
from custom_components.py_hab.history.statistics import (
    editor as statistics,
    gateway,
)
from custom_components.py_hab.history.statistics.editor import StatisticsEditor
from custom_components.py_hab.history.statistics.gateway import Statistic
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from simulator.fritzbox_devices import IMPORT
from tests.support.box_house import (
    FRIDGE,
    METER,
    House,
    answers,
    outage,
)
from tests.support.living import rows
from tests.support.watching import warnings


async def test_a_box_that_keeps_silent_of_a_device_delays_the_repair_by_a_day(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent_of_the_meter() -> None:
        if house.asked[-1] == IMPORT:
            raise FritzBoxConnectionError("gone")

    await house.start()
    gap = await outage(house, 2)
    house.on_request += [silent_of_the_meter] * 20
    await house.lives(timedelta(minutes=15))
    assert house.gaps == [gap]
    assert (await house.act("backfill"))[METER]["left_out"] == [NOT_REPORTED]
    monkeypatch.setattr(gap_repair, "GIVE_UP_AFTER", timedelta(minutes=20))
    asked = len(house.asked)
    await house.lives(timedelta(minutes=10))
    assert len(house.asked) == asked, "a box that keeps silent is not asked every five minutes"
    await house.lives(4 * RETRY)
    assert house.gaps == []


async def test_a_statistic_that_takes_nothing_keeps_its_gaps_for_two_days(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = StatisticsEditor.async_change

    async def refuse(*args: Any, dry_run: bool, run: str | None = None) -> Any:
        if dry_run:
            return await change(*args, dry_run=dry_run, run=run)
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key=error)

    await house.start()
    monkeypatch.setattr(StatisticsEditor, "async_change", refuse)
    now = dt_util.utcnow().timestamp()
    ends = (now - GIVE_UP_AFTER.total_seconds() - 60, now - HOUR)
    for end in ends:
        house.entry.runtime_data.counters.add_gap(
            Gap(
                key=IMPORT,
                start=end - HOUR,
                before=1.0,
                end=end,
                after=2.0,
                verdict=Verdict.ACCEPTED,
            )
        )
    error = "not_written"
    reported = await house.act("backfill", dry_run=True)
    assert reported[METER]["left_out"] != ["not_written"]
    assert len(house.gaps) == 2
    reported = await house.act("backfill")
    assert reported[METER]["left_out"] == ["not_written"]
    assert [gap.end for gap in house.gaps] == [ends[1]]
    error = "database_refused"
    with pytest.raises(HomeAssistantError) as caught:
        await house.act("backfill")
    assert caught.value.translation_key == "database_refused"


async def test_an_entry_that_is_unloaded_in_the_middle_of_a_run_is_completed_by_the_next(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        begun.set()
        await never.wait()

    await house.start()
    house.on_request += [answers, hang]
    house.scheduler._timetable.started = dt_util.utcnow() - timedelta(hours=1)
    house.scheduler._async_check(dt_util.utcnow())
    await begun.wait()
    assert await house.hass.config_entries.async_unload(house.entry.entry_id)
    await house.hass.async_block_till_done()
    assert house.entry.state is ConfigEntryState.NOT_LOADED
    done = await rows(house.hass, FRIDGE)
    assert len(done) == 49
    assert await rows(house.hass, METER) == []
    assert await house.hass.config_entries.async_setup(house.entry.entry_id)
    await house.lives(timedelta(minutes=10))
    assert (await rows(house.hass, FRIDGE))[:49] == done
    assert len(await rows(house.hass, METER)) >= 49
    assert "Traceback" not in caplog.text
    assert warnings(caplog) == []


async def test_one_statistic_that_takes_nothing_holds_up_no_other(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = entry.runtime_data.history
    change = statistics.StatisticsEditor.async_change

    async def refused(
        editor: statistics.StatisticsEditor, about: Statistic, *args: Any, **kwargs: Any
    ) -> Any:
        if about.id == METER:
            raise gateway.not_written(METER)
        return await change(editor, about, *args, **kwargs)

    monkeypatch.setattr(statistics.StatisticsEditor, "async_change", refused)
    gap = Gap(key="strange", start=0.0, before=1.0, end=1.0, after=2.0, verdict=Verdict.ACCEPTED)
    key = next(
        item.counter
        for item in sources(hass, entry.runtime_data.coordinator)
        if item.statistic.id == METER
    )
    assert key is not None
    counters = entry.runtime_data.counters
    counters.add_gap(replace(gap, key=key))
    found = {item.entity_id: item for item in await scheduler.async_run()}
    assert found[METER].left_out == ["not_written"]
    assert found["sensor.stromzahler_energy_export"].rows > 300
    assert counters.gaps == []
    assert scheduler.last_run is not None
