"""The door to the statistics, on a real recorder."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.py_hab.history.ledger import Ledger, Work
from custom_components.py_hab.history.rows import HOUR, MeanRow, SumRow
from custom_components.py_hab.history.statistics import Statistics
from custom_components.py_hab.history.tables import Statistic
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .living import METER, T0, changes, live, recorded, rows

STATISTIC = Statistic(id=METER, unit="kWh", is_sum=True, entry_id="entry")
FIRST = int(T0.timestamp())


@pytest.fixture
async def door(
    recorder_mock: Recorder, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> Statistics:
    """The door, in a Home Assistant that has just started."""
    freezer.move_to(T0 - timedelta(minutes=1))
    assert await async_setup_component(hass, "sensor", {})
    await recorded(hass)
    ledger = Ledger(hass)
    await ledger.async_load()
    return Statistics(hass, ledger)


def history(hours: int) -> list[SumRow]:
    """The hours before T0, of 1 kWh each, up to a reading of 500."""
    return [
        SumRow(FIRST - HOUR * back, 500.0 - back + 1, float(hours - back + 1))
        for back in range(hours, 0, -1)
    ]


def plain(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows whose sums can be compared: adding and taking off leaves the last bit to chance."""
    return [
        {
            key: round(value, 9) if isinstance(value, float) else value
            for key, value in row.items()
        }
        for row in found
    ]


async def test_imported_hours_meet_live_ones(
    door: Statistics, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    end = await live(hass, freezer, T0, [500.0 + 0.1 * index for index in range(24)])
    before = plain(await rows(hass)), plain(await rows(hass, period="5minute"))
    await door.async_write(STATISTIC, history(4), Work.BACKFILL)
    await door.async_shift(STATISTIC, FIRST, 4.0, Work.BACKFILL)
    await live(hass, freezer, end, [502.4 + 0.1 * index for index in range(12)])
    assert list((await changes(hass)).values()) == [1.0, 1.0, 1.0, 1.0, 1.1, 1.2, 1.2]
    await door.async_undo(STATISTIC)
    after = plain(await rows(hass)), plain(await rows(hass, period="5minute"))
    assert after[0][:2] == before[0]
    assert after[1][:24] == before[1]
    assert len(after[0]) == 3
    assert door.ledger.account(METER).is_clean


async def test_rows_that_were_there_come_back(
    door: Statistics, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await live(hass, freezer, T0, [500.0 + 0.1 * index for index in range(36)])
    before = plain(await rows(hass))
    await door.async_shift(STATISTIC, FIRST + HOUR, 2.5, Work.REPLACEMENT)
    replaced = [SumRow(FIRST, 500.5, 0.5), SumRow(FIRST + HOUR, 501.0, 1.0)]
    await door.async_write(STATISTIC, replaced, Work.OUTAGE)
    await door.async_write(STATISTIC, replaced, Work.OUTAGE)
    await door.async_shift(STATISTIC, FIRST, -0.25, Work.SPIKE)
    await door.async_undo(STATISTIC)
    assert plain(await rows(hass)) == before


async def test_means_come_and_go(
    door: Statistics, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    statistic = Statistic(id="sensor.bath", unit="°C", is_sum=False)
    await door.async_write(statistic, [MeanRow(FIRST - 2 * HOUR, 21.0, 20.0, 22.0)], Work.BACKFILL)
    assert [row["mean"] for row in await rows(hass, "sensor.bath")] == [21.0]
    await door.async_undo(statistic)
    assert await rows(hass, "sensor.bath") == []
