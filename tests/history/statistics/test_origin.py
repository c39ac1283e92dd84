"""Where the hours of a statistic come from, on a real recorder."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory

from custom_components.py_hab.history.planning.change import (
    Change,
    ChangeReason,
    StatisticRows,
    WriteRows,
)
from custom_components.py_hab.history.planning.origin import Origin
from custom_components.py_hab.history.planning.rows import HOUR, MeanRow, SumRow
from custom_components.py_hab.history.statistics.editor import (
    StatisticsEditor,
    async_setup_editor,
    get_editor,
)
from custom_components.py_hab.history.statistics.gateway import Statistic
from custom_components.py_hab.history.statistics.origin import async_origins
from homeassistant.components.recorder.models import (
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    async_import_statistics,
)
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.support.changing import write
from tests.support.living import METER, T0, live, recorded
from tests.support.origins import FIRST, STATISTIC, found, hours


async def restarted(hass: HomeAssistant) -> StatisticsEditor:
    """Return the editor after a restart."""
    await get_editor(hass).journal.async_save()
    await async_setup_editor(hass)
    return get_editor(hass)


def reported(rows: list[SumRow], count: int) -> WriteRows:
    """Return a back-fill whose last hours the box has reported one by one."""
    fine = dict.fromkeys([row.start for row in rows[-count:]], Origin.REPORTED)
    return WriteRows(rows, ChangeReason.BACKFILL, origins=fine, bounds=[rows[0].start])


async def test_each_change_says_where_its_hours_come_from_also_after_a_restart(
    hass: HomeAssistant, statistics_editor: StatisticsEditor
) -> None:
    await write(statistics_editor, STATISTIC, hours(9, 2), ChangeReason.IMPORT)
    await statistics_editor.async_change(STATISTIC, lambda _: [reported(hours(7, 4), 2)])
    await write(statistics_editor, STATISTIC, hours(3, 1), ChangeReason.OUTAGE)
    expected = [
        *[Origin.IMPORTED] * 2,
        *[Origin.SPREAD] * 2,
        *[Origin.REPORTED] * 2,
        Origin.SPREAD,
    ]
    assert await found(hass) == expected
    await restarted(hass)
    assert await found(hass) == expected


async def test_a_period_has_the_hours_that_start_in_it(
    hass: HomeAssistant, statistics_editor: StatisticsEditor
) -> None:
    await write(statistics_editor, STATISTIC, hours(9, 5))
    start, end = (dt_util.utc_from_timestamp(FIRST - back * HOUR) for back in (8, 6))
    assert sorted(await async_origins(hass, METER, start, end)) == [
        FIRST - 8 * HOUR,
        FIRST - 7 * HOUR,
    ]
    assert await async_origins(hass, "sensor.unknown") == {}


async def test_what_was_undone_or_taken_back_has_its_former_origin(
    hass: HomeAssistant, statistics_editor: StatisticsEditor
) -> None:
    await statistics_editor.async_change(STATISTIC, lambda _: [reported(hours(7, 2), 1)], run="one")
    again = [WriteRows(hours(7, 3), ChangeReason.IMPORT)]
    await statistics_editor.async_change(STATISTIC, lambda _: again, run="two")
    assert await found(hass) == [Origin.IMPORTED] * 3
    await statistics_editor.async_take_back(STATISTIC, "two")
    assert await found(hass) == [Origin.SPREAD, Origin.REPORTED]
    await statistics_editor.async_undo(STATISTIC)
    assert await found(hass) == []


async def test_live_hours_are_measured_also_after_a_repair_is_undone(
    hass: HomeAssistant, statistics_editor: StatisticsEditor, freezer: FrozenDateTimeFactory
) -> None:
    await live(hass, freezer, T0, [500.0 + 0.1 * index for index in range(36)])
    assert await found(hass) == [Origin.MEASURED] * 3

    def repair(rows: StatisticRows) -> Change:
        return [
            WriteRows([SumRow(row.start, row.state, row.sum) for row in rows.hourly[1:2]], reason)
        ]

    reason = ChangeReason.OUTAGE
    await statistics_editor.async_change(STATISTIC, repair)
    assert await found(hass) == [Origin.MEASURED, Origin.SPREAD, Origin.MEASURED]
    await statistics_editor.async_undo(STATISTIC)
    assert await found(hass) == [Origin.MEASURED] * 3
    reason = ChangeReason.UNIT
    await statistics_editor.async_change(STATISTIC, repair)
    assert await found(hass) == [Origin.MEASURED] * 3


async def test_hours_of_a_lost_journal_count_as_spread(
    hass: HomeAssistant, statistics_editor: StatisticsEditor, hass_storage: dict[str, Any]
) -> None:
    await write(statistics_editor, STATISTIC, hours(9, 2), ChangeReason.IMPORT)
    await restarted(hass)
    hass_storage.clear()
    await async_setup_editor(hass)
    assert await found(hass) == [Origin.SPREAD] * 2


async def test_an_earlier_journal_knows_what_was_imported_from_its_log(
    hass: HomeAssistant, statistics_editor: StatisticsEditor, hass_storage: dict[str, Any]
) -> None:
    await write(statistics_editor, STATISTIC, hours(9, 2), ChangeReason.IMPORT)
    await write(statistics_editor, STATISTIC, hours(7, 2))
    await restarted(hass)
    account = hass_storage["py_hab.history"]["data"]["accounts"][METER]
    for difference in (account["done"], *account["done"]["layers"]):
        del difference["origins"]
    account["events"].append({"work": "import", "first": "yesterday"})
    await async_setup_editor(hass)
    assert await found(hass) == [*[Origin.IMPORTED] * 2, *[Origin.SPREAD] * 2]


async def test_an_import_that_was_taken_back_does_not_come_again(
    hass: HomeAssistant, statistics_editor: StatisticsEditor
) -> None:
    await write(statistics_editor, STATISTIC, hours(9, 2), ChangeReason.IMPORT)
    await statistics_editor.async_undo(STATISTIC)
    await write(statistics_editor, STATISTIC, hours(9, 2))
    await restarted(hass)
    assert await found(hass) == [Origin.SPREAD] * 2


async def test_what_others_import_over_our_hours_is_theirs(
    hass: HomeAssistant, statistics_editor: StatisticsEditor
) -> None:
    await write(statistics_editor, STATISTIC, hours(9, 2))
    about = StatisticMetaData(
        mean_type=StatisticMeanType.NONE,
        has_sum=True,
        name=None,
        source="recorder",
        statistic_id=METER,
        unit_class="energy",
        unit_of_measurement="kWh",
    )
    start = dt_util.utc_from_timestamp(FIRST - 9 * HOUR)
    async_import_statistics(hass, about, [{"start": start, "state": 1.0, "sum": 2.0}])
    await recorded(hass)
    assert await found(hass) == [Origin.IMPORTED, Origin.SPREAD]
    about |= {"source": "tibber", "statistic_id": "tibber:energy"}
    async_add_external_statistics(hass, about, [{"start": start, "state": 1.0, "sum": 2.0}])
    await recorded(hass)
    assert list((await async_origins(hass, "tibber:energy")).values()) == [Origin.IMPORTED]


async def test_measurements_have_origins_too(
    hass: HomeAssistant, statistics_editor: StatisticsEditor
) -> None:
    power = Statistic(id="sensor.power", unit="W", has_sum=False)
    rows = [MeanRow(FIRST - HOUR * back, 5.0, 4.0, 6.0) for back in (3, 2)]
    origins = {rows[0].start: Origin.MEASURED}
    step = WriteRows(rows, ChangeReason.BACKFILL, origins=origins)
    await statistics_editor.async_change(power, lambda _: [step])
    found_origins = await async_origins(hass, "sensor.power")
    assert list(found_origins.values()) == [Origin.MEASURED, Origin.SPREAD]
