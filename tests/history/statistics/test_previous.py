"""What earlier versions have noted of their changes, also of those that were interrupted."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.py_hab.history.planning.rows import HOUR
from custom_components.py_hab.history.statistics.editor import StatisticsEditor
from custom_components.py_hab.history.statistics.gateway import new_metadata
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.support.living import METER, T0, live, recorded, rows

from .test_editor import (
    FIRST,
    STATISTIC,
    assert_same,
    backfill,
    get_editor,
    history,
    reopened,
    together,
)

__all__ = ["get_editor"]


async def earlier(
    hass: HomeAssistant, hass_storage: dict[str, Any], *, hours: int, kwh: float = 0.0, **about: Any
) -> StatisticsEditor:
    """Write hours and adjust sums as earlier versions did; return an editor that knows of it."""
    async_import_statistics(
        hass,
        new_metadata(STATISTIC),
        [
            {"start": dt_util.utc_from_timestamp(row.start), "state": row.state, "sum": row.sum}
            for row in history(hours)
        ],
    )
    if kwh:
        get_instance(hass).async_adjust_statistics(METER, T0, kwh, "kWh")
    await recorded(hass)
    changes = {
        "entry_id": "entry",
        "inserted": [[FIRST - hours * HOUR, FIRST - HOUR]],
        "replaced": [],
        "shifts": [],
        "join": None,
        "begun": None,
        "writing": [],
        "witness": FIRST,
        "events": [],
        "undone": False,
    }
    hass_storage["py_hab.history"] = {
        "version": 1,
        "key": "py_hab.history",
        "data": {"accounts": {METER: changes | about}},
    }
    return await reopened(hass)


async def test_what_is_finished_can_be_undone_and_continued(
    get_editor: StatisticsEditor,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
) -> None:
    end = await together(hass, freezer, T0, [500.0 + 0.1 * index for index in range(24)])
    editor = await earlier(hass, hass_storage, hours=4, kwh=4.0, shifts=[[FIRST, 4.0]])
    undone = await editor.async_undo(STATISTIC, dry_run=True)
    assert (undone.rows_removed, undone.adjustments) == (4, [(FIRST, 4.0)])
    await backfill(editor, STATISTIC, history(6))
    assert [row["sum"] for row in await rows(hass)] == pytest.approx([1, 2, 3, 4, 5, 6, 7.1, 8.3])
    await together(hass, freezer, end, [503.0] * 12)
    editor = await reopened(hass)
    await editor.async_undo(STATISTIC)
    await assert_same(hass, METER, "sensor.control")


@pytest.mark.parametrize("is_made", [True, False])
async def test_an_interrupted_adjustment_is_found_out(
    get_editor: StatisticsEditor,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    is_made: bool,
) -> None:
    await together(hass, freezer, T0, [500.0 + 0.1 * index for index in range(24)])
    before = (await rows(hass))[0]["sum"]
    begun = [FIRST, 4.0, FIRST, HOUR, before, []]
    kwh = 4.0 if is_made else 0.0
    editor = await earlier(hass, hass_storage, hours=2, kwh=kwh, begun=begun)
    await editor.async_undo(STATISTIC)
    await assert_same(hass, METER, "sensor.control")
    assert editor.journal.changes_of(METER).is_clean


async def test_hours_that_were_being_written_are_ours(
    get_editor: StatisticsEditor,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
) -> None:
    await together(hass, freezer, T0, [500.0 + 0.1 * index for index in range(24)])
    writing = [[FIRST - 5 * HOUR, FIRST - HOUR]]
    editor = await earlier(hass, hass_storage, hours=3, inserted=[], writing=writing)
    await editor.async_undo(STATISTIC)
    await assert_same(hass, METER, "sensor.control")


async def test_sums_that_were_still_to_be_aligned_are_aligned(
    get_editor: StatisticsEditor,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
) -> None:
    await together(hass, freezer, T0, [500.0 + 0.1 * index for index in range(24)])
    editor = await earlier(hass, hass_storage, hours=3, join=FIRST)
    await editor.async_change(STATISTIC, lambda _: ())
    assert [row["sum"] for row in await rows(hass)] == pytest.approx([1, 2, 3, 4.1, 5.3])
    await editor.async_undo(STATISTIC)
    await assert_same(hass, METER, "sensor.control")


@pytest.mark.parametrize("about", [{"witness": FIRST - 100 * HOUR}, {"witness": None}])
async def test_in_another_database_nothing_is_touched(
    get_editor: StatisticsEditor,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    about: dict[str, Any],
) -> None:
    await live(hass, freezer, T0, [500.0 + 0.1 * index for index in range(24)])
    freezer.move_to(T0 + timedelta(hours=3))
    inserted = [[FIRST - 90 * HOUR, FIRST - 80 * HOUR]]
    shifts = [[FIRST, -71.952]]
    editor = await earlier(hass, hass_storage, hours=2, inserted=inserted, shifts=shifts, **about)
    before = await rows(hass)
    await editor.async_undo(STATISTIC)
    assert await rows(hass) == before
    assert editor.journal.changes_of(METER).is_clean
