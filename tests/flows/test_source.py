"""Which box a dialogue is about: the same one again, or another one."""

from datetime import timedelta

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from simulator.fritzbox import MALFORMED, Fault, SimulatedFritzBox
from simulator.home import ManualClock
from tests.support.box_dialogue import DESCRIPTION, HIDDEN, fill_in, move
from tests.support.dialogue import add, leave


async def test_the_same_box_is_recognised_before_a_login(
    hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    dialogue = await add(hass, "fritzbox")
    await move(box)
    await fill_in(dialogue, box.host, password="wrong")
    assert dialogue.end == "already_configured"
    assert not box.logins


@pytest.mark.parametrize("fault", [HIDDEN, MALFORMED])
async def test_a_box_that_keeps_its_description_to_itself_is_identified_by_its_address(
    hass: HomeAssistant, box: SimulatedFritzBox, fault: Fault
) -> None:
    box.fault(fault, path=DESCRIPTION)
    dialogue = await add(hass, "fritzbox")
    await fill_in(dialogue, box.host)
    entry = dialogue.entry
    assert entry.title == "FRITZ!Box"
    assert entry.unique_id is None
    logins = len(box.logins)
    again = await add(hass, "fritzbox")
    await fill_in(again, box.host, password="wrong")
    assert again.end == "already_configured"
    assert len(box.logins) == logins
    await leave(hass, entry)


async def test_a_box_without_description_is_not_taken_for_one_tried_before(
    hass: HomeAssistant, box: SimulatedFritzBox, clock: ManualClock
) -> None:
    dialogue = await add(hass, "fritzbox")
    await fill_in(dialogue, box.host, password="wrong")
    box.fault(HIDDEN, path=DESCRIPTION)
    clock.advance(timedelta(minutes=1))
    await fill_in(dialogue, box.host)
    assert dialogue.entry.unique_id is None
    await leave(hass, dialogue.entry)


async def test_a_dialogue_left_open_elsewhere_does_not_matter(
    hass: HomeAssistant, box: SimulatedFritzBox, clock: ManualClock
) -> None:
    forgotten = await add(hass, "fritzbox")
    await fill_in(forgotten, box.host, password="wrong")
    clock.advance(timedelta(minutes=1))
    dialogue = await add(hass, "fritzbox")
    await fill_in(dialogue, box.host)
    await leave(hass, dialogue.entry)
    assert not hass.config_entries.flow.async_progress()
