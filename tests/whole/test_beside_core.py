"""py_hab and Home Assistant's own `fritzbox`, both real, at one box: neither harms the other.

Both send from one address, so a dead SID of either ends the sessions of both. Their polls are
ten seconds apart, as they are in a real home, and an hour of them runs in seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.fritzbox.connection import BoxConnection
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from simulator.fritzbox import (
    DEFAULT_USER,
    OTHER_USER,
    SimulatedFritzBox,
)
from simulator.fritzbox_devices import REFRIGERATOR
from tests.support.core_fritzbox import core_fritzbox
from tests.support.passing_time import Time
from tests.support.watching import set_up

CORE: Final = "fritzbox"
AHA: Final = "/webservices/homeautoswitch.lua"
STEP: Final = timedelta(seconds=10)


@dataclass(frozen=True)
class Sent:
    """One request of ours that the box has answered."""

    path: str
    status: int


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Sent]:
    """What py_hab sends from now on; core's requests look the same to the box."""
    requests: list[Sent] = []
    request = BoxConnection.request

    async def watched(
        self: BoxConnection,
        path: str,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        status, text = await request(self, path, query, form, headers)
        requests.append(Sent(path, status))
        return status, text

    monkeypatch.setattr(BoxConnection, "request", watched)
    return requests


@pytest.fixture
def core_entry(hass: HomeAssistant, box: SimulatedFritzBox) -> MockConfigEntry:
    """An entry of core's integration."""
    return core_fritzbox(hass, box)


async def set_up_both(
    time: Time, hass: HomeAssistant, core_entry: MockConfigEntry, our_entry: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_setup(core_entry.entry_id)
    await hass.async_block_till_done()
    await time.passes(hass, STEP, step=STEP)
    await set_up(hass, our_entry)


def logins(box: SimulatedFritzBox, user: str) -> int:
    assert all(login.success for login in box.logins)
    return sum(login.user == user for login in box.logins)


def dead_sids(sent: list[Sent]) -> int:
    """Return how many requests of ours have made the box end the sessions of both."""
    return sum(each.status in {401, 403} for each in sent)


def assert_both_work(hass: HomeAssistant, box: SimulatedFritzBox) -> None:
    """Both have their session, nobody is asked for a password, values are the box's."""
    assert sorted(session.user for session in box.sessions) == sorted([DEFAULT_USER, OTHER_USER])
    assert hass.config_entries.flow.async_progress() == []
    registry = er.async_get(hass)
    for domain, unique_id in (
        (CORE, f"{REFRIGERATOR}_total_energy"),
        (DOMAIN, f"{REFRIGERATOR}_energy"),
    ):
        entry = next(iter(hass.config_entries.async_entries(domain)))
        assert entry.state is ConfigEntryState.LOADED
        entity_id = registry.async_get_entity_id("sensor", domain, unique_id)
        assert entity_id is not None
        state = hass.states.get(entity_id)
        assert state is not None
        assert state.state != STATE_UNAVAILABLE
        assert float(state.state) == pytest.approx(box.counter(REFRIGERATOR) / 1000, abs=0.01)


async def test_an_hour_with_two_reboots(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    sent: list[Sent],
    core_entry: MockConfigEntry,
    fritzbox_entry: MockConfigEntry,
) -> None:
    await set_up_both(time, hass, core_entry, fritzbox_entry)
    for absence, rest in ((2, 18), (5, 15)):
        await time.passes(hass, timedelta(minutes=10), step=STEP)
        assert_both_work(hass, box)
        box.reboot(timedelta(minutes=absence))
        await time.passes(hass, timedelta(minutes=absence + rest), step=STEP)
        assert_both_work(hass, box)
    assert dead_sids(sent) == 0
    assert (logins(box, DEFAULT_USER), logins(box, OTHER_USER)) == (3, 3)
    ours = sum(each.path == AHA for each in sent)
    answered = sum(request.path == AHA and request.status == 200 for request in box.requests)
    assert ours <= (answered - ours) / 3


@pytest.mark.parametrize("wait", [1, 5], ids=["core asks first", "we ask first"])
async def test_an_hour_in_which_somebody_ends_all_sessions(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    sent: list[Sent],
    core_entry: MockConfigEntry,
    fritzbox_entry: MockConfigEntry,
    wait: int,
) -> None:
    await set_up_both(time, hass, core_entry, fritzbox_entry)
    await time.passes(hass, timedelta(minutes=10) + wait * STEP, step=STEP)
    box.end_sessions()
    await time.passes(hass, timedelta(minutes=20), step=STEP)
    # Nobody can know of the first dead SID. It ends the other's session once, and the other's
    # ends ours; then it is over.
    assert dead_sids(sent) == 1
    assert logins(box, DEFAULT_USER) <= 3
    assert logins(box, OTHER_USER) <= 3
    assert_both_work(hass, box)
    await time.passes(hass, timedelta(minutes=30), step=STEP)
    assert dead_sids(sent) == 1
    assert_both_work(hass, box)
