"""Several readers that publish on the topics of one entry."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from custom_components.py_hab.meter.identities import ANSWER_WINDOW, ReaderIdentities
from custom_components.py_hab.sml.topics import ReaderInfo

NOON: Final = datetime(2026, 3, 20, 12, tzinfo=UTC)
FIRST: Final = ReaderInfo(mac="A4CF129282F4", address="192.0.2.1")
SECOND: Final = ReaderInfo(mac="A4CF12000002", address="192.0.2.2")


def test_without_an_answer_nothing_is_shared() -> None:
    assert ReaderIdentities().sharing == {}


def test_a_reader_shares_nothing_with_itself() -> None:
    identities = ReaderIdentities()
    for seconds in range(5):
        identities.see(FIRST, NOON + timedelta(seconds=seconds))
    assert identities.sharing == {}


def test_readers_that_answer_one_question_share_the_topics() -> None:
    identities = ReaderIdentities()
    identities.see(FIRST, NOON)
    identities.see(SECOND, NOON + timedelta(seconds=2))
    assert identities.sharing == {"A4CF129282F4": "192.0.2.1", "A4CF12000002": "192.0.2.2"}


@pytest.mark.parametrize(
    ("after", "is_shared"),
    [
        (timedelta(), True),
        (ANSWER_WINDOW - timedelta(microseconds=1), True),
        (ANSWER_WINDOW, False),
        (timedelta(days=1), False),
        (-timedelta(microseconds=1), False),
    ],
)
def test_an_answer_counts_within_its_window_only(after: timedelta, is_shared: bool) -> None:
    identities = ReaderIdentities()
    identities.see(FIRST, NOON)
    identities.see(SECOND, NOON + after)
    assert bool(identities.sharing) is is_shared


def test_a_reader_that_is_replaced_shares_nothing() -> None:
    identities = ReaderIdentities()
    identities.see(FIRST, NOON)
    identities.see(SECOND, NOON)
    for minutes in (5, 10):
        identities.see(SECOND, NOON + timedelta(minutes=minutes))
        assert identities.sharing == {}


def test_an_answer_without_a_mac_address_does_not_count() -> None:
    identities = ReaderIdentities()
    identities.see(FIRST, NOON)
    identities.see(ReaderInfo(address="192.0.2.3"), NOON)
    assert identities.sharing == {}


def test_the_address_of_a_reader_may_be_unknown() -> None:
    identities = ReaderIdentities()
    identities.see(FIRST, NOON)
    identities.see(ReaderInfo(mac="A4CF12000002"), NOON)
    assert identities.sharing == {"A4CF129282F4": "192.0.2.1", "A4CF12000002": "?"}
