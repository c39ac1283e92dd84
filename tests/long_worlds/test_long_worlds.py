"""The measure: in every world the hours add up to the truth, and none holds phantom energy."""

import pytest

from .life import Life
from .measure import judge
from .worlds import CLEAN, LEFT_ALONE, TROUBLED, World


@pytest.mark.parametrize("world", [*CLEAN, *TROUBLED], ids=lambda world: world.name)
async def test_hours_add_up_to_the_truth(life: Life, world: World) -> None:
    books = await life.live()
    for series in life.series:
        hours = books[series]
        found = judge(life, series, hours)
        assert found.total == pytest.approx(found.truth, abs=found.one_reading), series
        assert not found.negative, series
        assert not found.impossible, (series, found.most)
        assert not found.missing, series
        assert not found.wrong_days, series


@pytest.mark.parametrize("world", [LEFT_ALONE], ids=lambda world: world.name)
async def test_measure_sees_what_is_wrong(life: Life, world: World) -> None:
    """What nobody mends stands in the hour in which Home Assistant was back."""
    found = judge(life, "import", (await life.live())["import"])
    assert found.total == pytest.approx(found.truth, abs=found.one_reading)
    assert len(found.impossible) == 1
    assert found.impossible[0].change > 3 * found.most
