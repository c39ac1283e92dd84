"""The measure: in every world the hours add up to the truth, and none holds phantom energy."""

import pytest

from .life import Life
from .measure import judge
from .worlds import READY, World


@pytest.mark.parametrize("world", READY, ids=lambda world: world.name)
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
