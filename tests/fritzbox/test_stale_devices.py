"""When a device that the box no longer lists is gone for good."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.py_hab.fritzbox.stale_devices import GONE_AFTER, GONE_LISTS, StaleDevices

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
        gone = absence.gone(KNOWN, listed, start + index * step)
    return gone


def test_what_is_listed_is_not_gone() -> None:
    absence = StaleDevices()
    assert (
        lists(absence, 50, start=NOW, end=NOW + 10 * GONE_AFTER, listed=("plug", "contact"))
        == set()
    )


def test_what_is_missing_for_a_day_and_ten_lists_is_gone() -> None:
    assert lists(StaleDevices(), GONE_LISTS, start=NOW, end=NOW + GONE_AFTER) == {"contact"}


@pytest.mark.parametrize(
    ("count", "duration"),
    [
        (GONE_LISTS - 1, GONE_AFTER),
        (GONE_LISTS - 1, 10 * GONE_AFTER),
        (GONE_LISTS, GONE_AFTER - MINUTE),
        (1000, GONE_AFTER - MINUTE),
        (1, GONE_AFTER),
    ],
    ids=["a list too few", "few lists in many days", "a minute too short", "many lists", "one"],
)
def test_less_is_not_enough(count: int, duration: timedelta) -> None:
    assert lists(StaleDevices(), count, start=NOW, end=NOW + duration) == set()


def test_the_gone_are_told_until_nobody_knows_them() -> None:
    absence = StaleDevices()
    end = NOW + GONE_AFTER
    assert lists(absence, GONE_LISTS, start=NOW, end=end) == {"contact"}
    assert absence.gone(KNOWN, ["plug"], end + MINUTE) == {"contact"}
    assert absence.gone({"plug"}, ["plug"], end + 2 * MINUTE) == set()


def test_who_comes_back_begins_anew() -> None:
    absence = StaleDevices()
    end = NOW + GONE_AFTER
    assert lists(absence, GONE_LISTS - 1, start=NOW, end=end - MINUTE) == set()
    assert absence.gone(KNOWN, KNOWN, end) == set()
    assert absence.gone(KNOWN, ["plug"], end + MINUTE) == set()
    later = end + 2 * MINUTE
    assert lists(absence, GONE_LISTS - 2, start=later, end=end + GONE_AFTER) == set()
    assert absence.gone(KNOWN, ["plug"], end + MINUTE + GONE_AFTER) == {"contact"}


def test_an_empty_list_says_nothing() -> None:
    """A box that has just started does not know its devices yet."""
    absence = StaleDevices()
    assert lists(absence, 100, start=NOW, end=NOW + 2 * GONE_AFTER, listed=()) == set()
    assert absence.gone(KNOWN, ["plug"], NOW + 3 * GONE_AFTER) == set(), "it counts from here"


def test_an_empty_list_neither_counts_nor_forgets() -> None:
    absence = StaleDevices()
    end = NOW + GONE_AFTER
    lists(absence, GONE_LISTS - 1, start=NOW, end=end - MINUTE)
    assert absence.gone(KNOWN, [], end) == set()
    assert absence.gone(KNOWN, ["plug"], end) == {"contact"}


def test_each_device_has_an_absence_of_its_own() -> None:
    absence = StaleDevices()
    half = NOW + GONE_AFTER / 2
    lists(absence, GONE_LISTS, start=NOW, end=half)
    gone = lists(absence, GONE_LISTS, start=half, end=NOW + GONE_AFTER, listed=("other",))
    assert gone == {"contact"}
    assert absence.gone(KNOWN, ["other"], half + GONE_AFTER) == {"plug", "contact"}


def test_strangers_in_the_list_are_nobodys_matter() -> None:
    assert StaleDevices().gone(set(), ["new"], NOW) == set()
