"""Damaged statistics are found in a real recorder, and repaired within the hour."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from custom_components.py_hab.history.damage import async_search_all, async_search_since
from custom_components.py_hab.history.planning.rows import HOUR
from custom_components.py_hab.history.sources import sources
from custom_components.py_hab.history.statistics.gateway import Statistic, new_metadata
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from simulator.fritzbox_devices import IMPORT
from tests.support.box_house import METER, House, hourly
from tests.support.living import recorded, rows

HOURS: Final = 30


async def begun(house: House, readings: Mapping[int, tuple[float, float]]) -> int:
    """Set up a box whose meter has rows already; return the hour to which 0 stands."""
    first = int(dt_util.utcnow().timestamp()) // HOUR * HOUR - HOURS * HOUR
    await house.start()
    async_import_statistics(
        house.hass,
        {
            "statistic_id": METER,
            "source": "recorder",
            "name": None,
            "unit_of_measurement": "kWh",
            "unit_class": "energy",
            "has_sum": True,
            "mean_type": StatisticMeanType.NONE,
        },
        [
            {
                "start": dt_util.utc_from_timestamp(first + HOUR * hour),
                "state": state,
                "sum": total,
            }
            for hour, (state, total) in readings.items()
        ],
    )
    await recorded(house.hass)
    return first


async def test_damage_is_found_by_both_looks_from_the_last_row_seen_on(house: House) -> None:
    first = await begun(house, {0: (100.0, 0.0), 1: (101.0, 1.0), 9: (109.0, 9.0)})
    found = sources(house.hass, house.entry.runtime_data.coordinator)
    look = await async_search_since(house.hass, found, since=0, pending=())
    assert look.damaged == {IMPORT}
    assert look.seen_until == first + 9 * HOUR
    assert await async_search_all(house.hass, found, pending=(), resumed={}) == look
    later = await async_search_since(house.hass, found, since=look.seen_until, pending=())
    assert later.damaged == set()
    assert (await async_search_since(house.hass, [], since=5, pending=())).seen_until == 5


async def test_a_sum_that_starts_again_is_repaired_within_the_hour(house: House) -> None:
    await house.start()
    await house.to_the_hour(20)
    await house.lives(timedelta(hours=2))
    before = house.counted()
    # Nothing is left for Home Assistant to continue.
    await house.hass.services.async_call(
        "recorder", "purge", {"keep_days": 0, "repack": False}, blocking=True
    )
    await get_instance(house.hass).async_block_till_done()
    await house.lives(timedelta(hours=3))
    assert house.counted() > before
    found = await rows(house.hass, METER)
    states, sums = ([row[key] for row in found] for key in ("state", "sum"))
    rises = [round(total - sums[0], 3) for total in sums]
    assert rises == [round(state - states[0], 3) for state in states]
    assert min((await hourly(house)).values()) >= 0


async def test_an_old_statistic_that_a_renamed_counter_continues_is_repaired_within_the_hour(
    house: House,
) -> None:
    """The five-minute rows of a sensor that is long gone are purged: its sum starts again."""
    await house.start()
    await house.to_the_hour(20)
    await house.lives(timedelta(hours=2))
    last = (await rows(house.hass, METER))[-1]
    old, before = "sensor.old_meter", dt_util.utc_from_timestamp(last["start"]) - timedelta(hours=5)
    async_import_statistics(
        house.hass,
        new_metadata(Statistic(id=old, unit="kWh", has_sum=True)),
        [
            {
                "start": before - timedelta(hours=hour),
                "state": last["state"] - 2 - hour / 2,
                "sum": 500.0 - hour / 2,
            }
            for hour in (2, 1, 0)
        ],
    )
    await recorded(house.hass)
    er.async_get(house.hass).async_update_entity(METER, new_entity_id=old)
    await house.lives(timedelta(hours=3))
    found = await rows(house.hass, old)
    assert len(found) >= 3 + 4 + 3
    states, sums = ([row[key] for row in found] for key in ("state", "sum"))
    assert [round(total - sums[0], 3) for total in sums] == [
        round(state - states[0], 3) for state in states
    ]
    assert min(row["change"] for row in found[1:]) >= 0


async def test_a_preview_lists_a_repair_once(house: House) -> None:
    """A run finds the same once more after it has added hours; nothing of that may be told twice."""
    await begun(house, {0: (100.0, 500.0), 1: (101.0, 501.0), 9: (109.0, 0.5), 10: (110.0, 1.5)})
    previewed = (await house.act("backfill", dry_run=True))[METER]["mended"]
    done = (await house.act("backfill"))[METER]["mended"]
    assert len(previewed) == 1
    assert done == previewed
