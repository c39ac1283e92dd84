"""What a transaction on a statistic refuses, and where its sums continue."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.py_hab.history.planning.change import ChangeReason
from custom_components.py_hab.history.planning.rows import SumRow
from custom_components.py_hab.history.statistics.editor import StatisticsEditor
from custom_components.py_hab.history.statistics.gateway import Statistic
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.tasks import StatisticsTask
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from tests.support.changing import write
from tests.support.living import METER, T0, changes, live, rows

from .test_editor import (
    CONTROL,
    FIRST,
    STATISTIC,
    assert_same,
    backfill,
    get_editor,
    history,
    shown,
    together,
)

__all__ = ["get_editor"]


async def test_live_sums_continue_from_what_is_shown(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(T0 + timedelta(minutes=2))
    # Another meter has hung there before.
    await shown(hass, METER, 12.0)
    await backfill(get_editor, STATISTIC, history(4))
    await live(hass, freezer, T0, [12.0 + 0.1 * index for index in range(12)])
    assert list((await changes(hass)).values()) == pytest.approx([1.0, 1.0, 1.0, 1.0, 1.1])


async def test_hours_may_be_written_once_they_are_compiled(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    end = await live(hass, freezer, T0, [500.0 + 0.1 * index for index in range(11)])
    freezer.move_to(end + timedelta(hours=3))
    row = SumRow(FIRST, 501.0, 1.0)
    # However late it is: the recorder may be behind. The order of the rows does not matter.
    with pytest.raises(ValueError, match="not compiled"):
        await write(get_editor, STATISTIC, [row, *history(1)])
    assert await rows(hass) == []
    get_instance(hass).queue_task(StatisticsTask(end, False))
    await write(get_editor, STATISTIC, [row])
    assert list((await changes(hass)).values()) == [1.0]


async def test_what_cannot_be_converted_is_not_written(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await together(hass, freezer, T0, [500.0] * 12, unit_of_measurement="VAh", device_class=None)
    for unit in ("kWh", "lx"):
        with pytest.raises(HomeAssistantError) as raised:
            await write(
                get_editor,
                Statistic(id=METER, unit=unit, has_sum=True),
                history(2),
                ChangeReason.IMPORT,
            )
        assert raised.value.translation_key == "not_written"
    await get_editor.async_undo(STATISTIC)
    await assert_same(hass, METER, CONTROL)
