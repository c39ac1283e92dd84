"""What was written is listed by run, and single runs are taken back, on a real recorder."""

from datetime import timedelta
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.history.planning.change import AdjustSum, ChangeReason, WriteRows
from custom_components.py_hab.history.planning.rows import HOUR, SumRow
from custom_components.py_hab.history.statistics.editor import get_editor
from custom_components.py_hab.history.statistics.gateway import Statistic
from custom_components.py_hab.history.undo import runs, written
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.setup import async_setup_component
from tests.support.changing import this_hour
from tests.support.living import METER, T0, recorded, rows

ENTRY: Final = "entry"


@pytest.fixture
async def house(
    recorder_mock: Recorder, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> HomeAssistant:
    """A house without any entry of ours."""
    freezer.move_to(T0)
    assert await async_setup_component(hass, "sensor", {})
    assert await async_setup_component(hass, DOMAIN, {})
    await recorded(hass)
    return hass


async def change(
    hass: HomeAssistant, run: str, reason: ChangeReason, hours: range, *, of: str = METER
) -> None:
    """Write hours of a run into a statistic; each hour has 1 kWh more."""
    first = this_hour() - 100 * HOUR
    rows = [SumRow(first + HOUR * hour, 50.0 + hour, float(hour)) for hour in hours]
    statistic = Statistic(id=of, unit="kWh", has_sum=True, entry_id=ENTRY)
    await get_editor(hass).async_change(statistic, lambda _: [WriteRows(rows, reason)], run=run)


async def act(hass: HomeAssistant, action: str, **data: Any) -> Any:
    return await hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=True)


async def sums(hass: HomeAssistant, of: str = METER) -> list[float]:
    return [row["sum"] for row in await rows(hass, of)]


async def test_runs_are_listed_newest_first_with_the_hours_that_they_have_written(
    house: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await change(house, "one", ChangeReason.BACKFILL, range(10))
    await change(house, "one", ChangeReason.OUTAGE, range(8, 12))
    await change(house, "one", ChangeReason.BACKFILL, range(5), of="sensor.plug")
    freezer.tick(timedelta(hours=1))
    await change(house, "two", ChangeReason.IMPORT, range(10, 30))
    listed = (await act(house, "get_runs", config_entry_id=ENTRY))["runs"]
    assert [(run["run"], run["reason"]) for run in listed] == [
        ("two", "import"),
        ("one", "backfill"),
    ]
    assert listed[1]["statistics"] == [
        {"entity_id": METER, "hours": 12},
        {"entity_id": "sensor.plug", "hours": 5},
    ]
    assert [run.hours for run in runs(house)] == [20, 17]
    assert listed[0]["at"] > listed[1]["at"]
    assert (await act(house, "get_runs", config_entry_id="other"))["runs"] == []
    total = {item.entity_id: item.hours for item in written(house, ENTRY)}
    # The second run began an hour later.
    assert total == {METER: 31, "sensor.plug": 5}


async def test_a_run_is_taken_back_and_the_one_before_it_stays(house: HomeAssistant) -> None:
    await change(house, "import", ChangeReason.IMPORT, range(20))
    await change(house, "import", ChangeReason.IMPORT, range(5), of="sensor.plug")
    before = await sums(house)
    statistic = Statistic(id=METER, unit="kWh", has_sum=True, entry_id=ENTRY)
    spike = AdjustSum(this_hour() - 90 * HOUR, -3.0, ChangeReason.SPIKE)
    await get_editor(house).async_change(statistic, lambda _: [spike], run="spikes")
    await change(house, "more", ChangeReason.BACKFILL, range(15, 25))
    everything = await sums(house)

    promised = await act(house, "undo_history", run="spikes", dry_run=True)
    assert promised["entities"] == [
        {
            "entity_id": METER,
            "rows_removed": 5,
            "rows_restored": 0,
            "shifts": [
                {"since": promised["entities"][0]["shifts"][0]["since"], "energy": -3.0},
            ],
        }
    ]
    assert await sums(house) == everything
    done = await act(house, "undo_history", run="spikes")
    assert done["entities"] == promised["entities"]
    assert await sums(house) == before
    assert len(await sums(house, "sensor.plug")) == 5
    # The user has asked for what is gone: the maintenance goes on.
    assert not get_editor(house).journal.changes_of(METER).undone
    assert [run.run for run in runs(house)] == ["import"]

    await act(house, "undo_history", run="import", entity_id=METER)
    assert await sums(house) == []
    assert len(await sums(house, "sensor.plug")) == 5
    assert [part.entity_id for run in runs(house) for part in run.statistics] == ["sensor.plug"]


async def test_what_the_maintenance_has_written_does_not_come_back(house: HomeAssistant) -> None:
    await change(house, "import", ChangeReason.IMPORT, range(20))
    await change(house, "nightly", ChangeReason.OUTAGE, range(15, 25))
    await act(house, "undo_history", run="nightly")
    assert await sums(house) == [float(hour) for hour in range(20)]
    assert get_editor(house).journal.changes_of(METER).undone


async def test_a_run_that_is_not_known_is_an_error(house: HomeAssistant) -> None:
    await change(house, "import", ChangeReason.IMPORT, range(20))
    await act(house, "undo_history", run="import")
    with pytest.raises(ServiceValidationError) as caught:
        await act(house, "undo_history", run="import")
    assert caught.value.translation_key == "no_such_run"
    await change(house, "import", ChangeReason.IMPORT, range(20))
    await change(house, "import", ChangeReason.IMPORT, range(20), of="sensor.plug")
    await change(house, "later", ChangeReason.IMPORT, range(30), of="sensor.bath")
    # Others are left alone.
    done = await act(house, "undo_history", run="later", entity_id=[METER, "sensor.bath"])
    assert [item["entity_id"] for item in done["entities"]] == ["sensor.bath"]
    assert len(await sums(house)) == 20
