"""A reader is followed to other topics."""

import json

import pytest

from custom_components.py_hab.const import CONF_ANSWER_TOPIC, CONF_COMMAND_TOPIC, CONF_TOPIC
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from tests.support.mocked_reader import MAC, MINUTE, MockedReader
from tests.support.passing_time import Time
from tests.support.watching import logged, meter_state


async def test_reader_is_followed_to_other_topics(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, caplog: pytest.LogCaptureFixture
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.announces()
    assert entry.data[CONF_TOPIC] == "tele/tasmota_9282F4/SENSOR"
    assert logged(caplog) == []
    await mocked_reader.announces(t="cellar", tp=["do", "say", "tell"])
    await mocked_reader.subscribed()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data[CONF_TOPIC] == "tell/cellar/SENSOR"
    assert entry.data[CONF_COMMAND_TOPIC] == "do/cellar/STATUS"
    assert entry.data[CONF_ANSWER_TOPIC] == "say/cellar"
    assert logged(caplog).count("MT681 publishes on other topics now") == 1
    assert ("do/cellar/STATUS", "10") in mocked_reader.asked
    await time.passes(hass, MINUTE)
    await mocked_reader.says("tell/cellar/SENSOR", {"MT681": {"E_in": 15119.1, "Power": 5}})
    await mocked_reader.says(
        "say/cellar/STATUS10", {"StatusSNS": {"MT681": {"E_in": 15119.1, "Power": 5}}}
    )
    assert meter_state(hass, entry, "power") == "5.0"
    # The same news again is no news.
    await mocked_reader.announces(t="cellar", tp=["do", "say", "tell"])
    assert logged(caplog).count("MT681 publishes on other topics now") == 1


@pytest.mark.parametrize("is_moved", [False, True], ids=["old announcement", "moved"])
async def test_retained_announcement_counts_if_nothing_is_received_on_the_known_topics(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, is_moved: bool
) -> None:
    mocked_reader.answers = not is_moved
    mocked_reader.retained[f"tasmota/discovery/{MAC}/config"] = json.dumps(
        {"mac": MAC, "t": "cellar", "ft": "%prefix%/%topic%/", "tp": ["cmnd", "stat", "tele"]}
    )
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    assert entry.data[CONF_TOPIC] == "tele/tasmota_9282F4/SENSOR"
    for _ in range(30):
        await time.passes(hass, MINUTE)
        if not is_moved:
            await mocked_reader.reads()
    topic = "cellar" if is_moved else "tasmota_9282F4"
    assert entry.data[CONF_TOPIC] == f"tele/{topic}/SENSOR"
