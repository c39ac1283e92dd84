"""How often a counter is read, and when its next reading is expected."""

import pytest

from custom_components.py_hab.counters.interval import ReadingInterval


@pytest.mark.parametrize(
    ("read_at", "usual_s", "expected_s"),
    [
        ([], 0, 0),
        ([100], 0, 0),
        ([0, 60, 120], 60, 60),
        ([0, 60, 70], 10, 10),
        ([0, 60, 120, 1920], 60, 1800),
        ([0, 60, 120, 7320], 60, 3600),
        ([0, 14_400, 28_800], 3600, 14_400),
        ([0, 200_000, 400_000], 3600, 86_400),
        ([0, 60, 30], 0, 0),
    ],
    ids=[
        "never read",
        "read once",
        "minutes",
        "sooner",
        "half an hour missing",
        "an outage of hours",
        "deep sleep",
        "days",
        "clock set back",
    ],
)
def test_interval_follows_the_last_two(
    read_at: list[float], usual_s: float, expected_s: float
) -> None:
    interval = ReadingInterval()
    for now in read_at:
        interval.note(now)
    assert (interval.usual_s, interval.expected_s) == (usual_s, expected_s)
