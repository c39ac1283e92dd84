"""Whether the readings of a reader can be received."""

from datetime import timedelta

import pytest

from custom_components.py_hab.meter.freshness import STALE_AFTER
from custom_components.py_hab.meter.presence import ReaderPresence
from homeassistant.util import dt as dt_util

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("connected", [True, False])
@pytest.mark.parametrize("online", [True, False])
@pytest.mark.parametrize("asleep", [True, False])
def test_broker_and_reader_must_be_there_unless_the_reader_sleeps(
    connected: bool, online: bool, asleep: bool
) -> None:
    now = dt_util.utcnow()
    presence = ReaderPresence()
    presence.connected = connected
    presence.see_readings(now)
    if not online:
        presence.leave(now, says_so=asleep)
    assert presence.is_available is (connected and (online or asleep))


def test_reader_publishes_while_its_last_message_is_recent() -> None:
    now = dt_util.utcnow()
    presence = ReaderPresence()
    presence.connected = True
    assert not presence.is_publishing(now)
    presence.see_state(now, None)
    assert presence.is_publishing(now + STALE_AFTER - MINUTE)
    assert not presence.is_publishing(now + STALE_AFTER)


def test_silence_counts_from_the_start_or_from_the_last_message() -> None:
    presence = ReaderPresence()
    now = presence.since
    assert presence.silent_for(now + MINUTE) == MINUTE
    presence.see_state(now - MINUTE, None)
    assert presence.silent_for(now + MINUTE) == MINUTE
    presence.see_state(now + MINUTE, None)
    assert presence.silent_for(now + 3 * MINUTE) == 2 * MINUTE


def test_a_lower_uptime_shows_a_restart() -> None:
    now = dt_util.utcnow()
    presence = ReaderPresence()
    uptimes = [MINUTE, 2 * MINUTE, None, 2 * MINUTE, MINUTE, 2 * MINUTE]
    restarts = [presence.see_state(now, uptime) for uptime in uptimes]
    assert restarts == [False, False, False, False, True, False]


def test_reader_comes_online_once() -> None:
    now = dt_util.utcnow()
    presence = ReaderPresence()
    assert not presence.come_online(now)
    presence.leave(now, says_so=False)
    changes = [presence.online]
    changes += [presence.come_online(now + MINUTE), presence.online]
    changes += [presence.come_online(now + MINUTE), presence.online]
    assert changes == [False, True, True, False, True]


def test_reader_that_announces_deep_sleep_sleeps_regularly() -> None:
    now = dt_util.utcnow()
    presence = ReaderPresence()
    presence.see_readings(now)
    before = presence.sleeps_regularly
    presence.leave(now + MINUTE, says_so=True)
    assert (before, presence.sleeps_regularly) == (False, True)
    assert presence.last_awake(now + 10 * MINUTE) == now + MINUTE
