"""Work in the background of a dialog."""

import asyncio

from custom_components.py_hab.flows.progress import ProgressFlow
from homeassistant.core import HomeAssistant


async def test_home_assistant_does_not_wait_for_a_dialogue_when_it_stops(
    hass: HomeAssistant,
) -> None:
    flow = ProgressFlow()
    flow.hass = hass
    task = flow._begin(asyncio.sleep(3600))
    async with asyncio.timeout(15):
        await hass.async_stop(force=True)
    assert task.cancelled()
