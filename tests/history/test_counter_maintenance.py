"""What a run writes for a counter, in the middle of what others write."""

from datetime import timedelta
import threading
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import CONF_HISTORY, DOMAIN
from custom_components.py_hab.history import counter_maintenance
from custom_components.py_hab.history.planning.rows import HOUR
from custom_components.py_hab.history.statistics import (
    journal,
    work as statistic_work,
)
from custom_components.py_hab.history.statistics.editor import StatisticsEditor
from custom_components.py_hab.history.statistics.gateway import Statistic, new_metadata
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from simulator.fritzbox_devices import IMPORT
from simulator.home import Home
from tests.conftest import START
from tests.support.box_house import (
    FRIDGE,
    METER,
    House,
)
from tests.support.living import rows


async def test_what_is_counted_while_another_change_is_made_is_not_booked_before(
    house: House, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.start(**{CONF_HISTORY: False})
    await house.lives(timedelta(minutes=15))
    change = StatisticsEditor.async_change

    async def busy(editor: StatisticsEditor, *args: Any, **kwargs: Any) -> Any:
        # The recorder takes two hours, once the box has answered.
        if len(house.asked) == 1:
            house.asked.append("")
            await house.lives(timedelta(hours=2))
        return await change(editor, *args, **kwargs)

    monkeypatch.setattr(StatisticsEditor, "async_change", busy)
    await house.scheduler.async_run()
    for row in (await rows(house.hass, FRIDGE))[1:]:
        truth = home.energy("refrigerator", dt_util.utc_from_timestamp(row["end"])) / 1000
        assert row["state"] == pytest.approx(truth, abs=0.03)


async def test_a_counter_without_an_accepted_reading_has_no_history_yet(house: House) -> None:
    await house.start()
    house.entry.runtime_data.counters.forget(IMPORT)
    found = (await house.act("backfill"))[METER]
    assert (found["rows"], found["since"]) == (0, None)


async def test_a_user_s_own_unit_is_kept(house: House) -> None:
    registry = er.async_get(house.hass)
    await house.start()
    registry.async_update_entity_options(METER, "sensor", {"unit_of_measurement": "Wh"})
    await house.hass.async_block_till_done()
    await house.lives(timedelta(minutes=15))
    live = (await rows(house.hass, METER, "5minute"))[-1]
    state = house.hass.states.get(METER)
    assert state is not None
    assert state.attributes["unit_of_measurement"] == "Wh"
    found = await rows(house.hass, METER)
    assert all(0 <= row["change"] < 10_000 for row in found)
    assert live["sum"] - found[0]["sum"] == pytest.approx(live["state"] - found[0]["state"])
    assert live["state"] == pytest.approx(house.counted() * 1000, abs=500)


async def test_hours_of_the_user_s_own_that_report_no_readings_stay(house: House) -> None:
    await house.start(**{CONF_HISTORY: False})
    await house.lives(timedelta(minutes=15))
    now = int(START.timestamp()) // HOUR * HOUR
    own = {now - HOUR * back: 50.0 - back for back in range(40, 4, -1)}
    async_import_statistics(
        house.hass,
        new_metadata(Statistic(id=METER, unit="kWh", has_sum=True)),
        [{"start": dt_util.utc_from_timestamp(hour), "sum": kwh} for hour, kwh in own.items()],
    )
    await house.to_the_hour(63)
    await house.act("backfill")
    await house.lives(timedelta(minutes=15))
    found = {int(row["start"]): row for row in await rows(house.hass, METER)}
    assert [found[hour]["state"] for hour in own] == [None] * len(own)
    changes = [found[hour]["change"] for hour in own]
    assert changes[1:] == pytest.approx([1.0] * (len(own) - 1))


async def test_years_of_hours_stay_out_of_the_event_loop(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: dict[str, set[int]] = {}

    def watched(module: Any, name: str) -> None:
        work = getattr(module, name)

        def watch(*args: Any, **kwargs: Any) -> Any:
            threads.setdefault(name, set()).add(threading.get_ident())
            return work(*args, **kwargs)

        monkeypatch.setattr(module, name, watch)

    watched(counter_maintenance, "energy_history")
    watched(counter_maintenance, "plan_backfill")
    watched(counter_maintenance, "insertion")
    watched(statistic_work, "StatisticTables")
    watched(statistic_work, "Edit")
    watched(journal, "encode")
    await hass.services.async_call(DOMAIN, "backfill", {}, blocking=True)
    assert len(threads) == 6
    assert threading.get_ident() not in set().union(*threads.values())
