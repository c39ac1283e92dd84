"""When a device that the box no longer lists is gone for good."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.py_hab.fritzbox.stale_devices import (
    MIN_ABSENCE,
    MIN_LISTS_WITHOUT,
    StaleDevices,
)

NOW = datetime(2026, 3, 20, 18, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KNOWN = frozenset({"plug", "contact"})


def lists(
    absence: StaleDevices,
    count: int,
    *,
    start: datetime,
    end: datetime,
    listed: Sequence[str] = ("plug",),
) -> set[str]:
    """Hand in so many lists between two times; return what is gone after the last one."""
    step = (end - start) / max(count - 1, 1)
    gone: set[str] = set()
    for index in range(count):
        gone = absence.update(KNOWN, listed, start + index * step)
    return gone


def test_what_is_listed_is_not_gone() -> None:
    absence = StaleDevices()
    assert (
        lists(absence, 50, start=NOW, end=NOW + 10 * MIN_ABSENCE, listed=("plug", "contact"))
        == set()
    )


def test_what_is_missing_for_a_day_and_ten_lists_is_gone() -> None:
    assert lists(StaleDevices(), MIN_LISTS_WITHOUT, start=NOW, end=NOW + MIN_ABSENCE) == {"contact"}


@pytest.mark.parametrize(
    ("count", "duration"),
    [
        (MIN_LISTS_WITHOUT - 1, MIN_ABSENCE),
        (MIN_LISTS_WITHOUT - 1, 10 * MIN_ABSENCE),
        (MIN_LISTS_WITHOUT, MIN_ABSENCE - MINUTE),
        (1000, MIN_ABSENCE - MINUTE),
        (1, MIN_ABSENCE),
    ],
    ids=["a list too few", "few lists in many days", "a minute too short", "many lists", "one"],
)
def test_less_is_not_enough(count: int, duration: timedelta) -> None:
    assert lists(StaleDevices(), count, start=NOW, end=NOW + duration) == set()


def test_absent_devices_are_reported_until_nobody_knows_them() -> None:
    absence = StaleDevices()
    end = NOW + MIN_ABSENCE
    assert lists(absence, MIN_LISTS_WITHOUT, start=NOW, end=end) == {"contact"}
    assert absence.update(KNOWN, ["plug"], end + MINUTE) == {"contact"}
    assert absence.update({"plug"}, ["plug"], end + 2 * MINUTE) == set()


def test_who_comes_back_begins_anew() -> None:
    absence = StaleDevices()
    end = NOW + MIN_ABSENCE
    assert lists(absence, MIN_LISTS_WITHOUT - 1, start=NOW, end=end - MINUTE) == set()
    assert absence.update(KNOWN, KNOWN, end) == set()
    assert absence.update(KNOWN, ["plug"], end + MINUTE) == set()
    later = end + 2 * MINUTE
    assert lists(absence, MIN_LISTS_WITHOUT - 2, start=later, end=end + MIN_ABSENCE) == set()
    assert absence.update(KNOWN, ["plug"], end + MINUTE + MIN_ABSENCE) == {"contact"}


def test_an_empty_list_says_nothing() -> None:
    """A box that has just started does not know its devices yet."""
    absence = StaleDevices()
    assert lists(absence, 100, start=NOW, end=NOW + 2 * MIN_ABSENCE, listed=()) == set()
    assert absence.update(KNOWN, ["plug"], NOW + 3 * MIN_ABSENCE) == set(), "it counts from here"


def test_an_empty_list_neither_counts_nor_forgets() -> None:
    absence = StaleDevices()
    end = NOW + MIN_ABSENCE
    lists(absence, MIN_LISTS_WITHOUT - 1, start=NOW, end=end - MINUTE)
    assert absence.update(KNOWN, [], end) == set()
    assert absence.update(KNOWN, ["plug"], end) == {"contact"}


def test_each_device_has_an_absence_of_its_own() -> None:
    absence = StaleDevices()
    half = NOW + MIN_ABSENCE / 2
    lists(absence, MIN_LISTS_WITHOUT, start=NOW, end=half)
    gone = lists(absence, MIN_LISTS_WITHOUT, start=half, end=NOW + MIN_ABSENCE, listed=("other",))
    assert gone == {"contact"}
    assert absence.update(KNOWN, ["other"], half + MIN_ABSENCE) == {"plug", "contact"}


def test_strangers_in_the_list_are_nobodys_matter() -> None:
    assert StaleDevices().update(set(), ["new"], NOW) == set()
