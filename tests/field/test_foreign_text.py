"""Foreign text is neither markup nor a header nor a line of a log, and never long."""

from collections.abc import Collection
import logging
from pathlib import Path
from typing import Any, Final
import unicodedata

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.py_hab.const import DOMAIN
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component
from simulator.broker import Broker
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import REFRIGERATOR
from tests.support.dialogue import add, leave, prefer
from tests.support.legacy_files import Years, at, write
from tests.support.passing_time import Time
from tests.support.scripted_reader import scripted

IMAGE: Final = "![x](http://evil.example/t.png)"
FORGED: Final = "2026-11-27 ERROR (MainThread) [homeassistant] forged"
HOSTILE: Final = f"{IMAGE}\r\n{FORGED}\u202e\u200b\u2028<b>&lt;"
LONG: Final = "Fridge " * 700

pytestmark = pytest.mark.usefixtures("little_time", "trusting")


@pytest.fixture
def ains() -> Collection[str]:
    """One plug is enough here."""
    return {REFRIGERATOR}


def assert_harmless(text: str) -> None:
    """Assert that a text is short, and visible from its first to its last character."""
    assert len(text) <= 100
    assert not [char for char in text if unicodedata.category(char)[0] == "C"]
    assert not {"\n", "\r", "\u2028"} & {*text}


def assert_escaped(markdown: str) -> None:
    """Assert that Markdown contains neither an image nor an address nor HTML of strangers."""
    for markup in ("![", "](", "http://evil", "<b>", "&lt;", "\u202e", "\u200b"):
        assert markup not in markdown


def assert_no_forged_line(caplog: pytest.LogCaptureFixture) -> None:
    for record in caplog.records:
        assert not any(line.startswith(FORGED) for line in record.getMessage().splitlines())


async def download(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: MockConfigEntry | Any
) -> str:
    """Return the diagnostics of an entry, after those of each of its devices."""
    assert await async_setup_component(hass, "diagnostics", {})
    client = await hass_client()
    path = f"/api/diagnostics/config_entry/{entry.entry_id}"
    for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id):
        response = await client.get(f"{path}/device/{device.id}")
        assert response.status == 200
        assert await response.json()
    response = await client.get(path)
    assert response.status == 200
    text: str = await response.text()
    return text


@pytest.mark.parametrize("name", [HOSTILE, LONG], ids=["hostile", "long"])
async def test_names_of_a_box(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    no_pause: None,
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    box.override(REFRIGERATOR, name=name)
    with caplog.at_level(logging.DEBUG):
        assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
        await hass.async_block_till_done()
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), fritzbox_entry.entry_id)
    [device] = [item for item in devices if (DOMAIN, REFRIGERATOR) in item.identifiers]
    assert_harmless(str(device.name))
    for state in hass.states.async_all():
        assert len(state.entity_id) <= 255
        assert not {"\n", "\u202e"} & {*state.name}
    await download(hass, hass_client, fritzbox_entry)
    assert_no_forged_line(caplog)

    reports = await fritzbox_entry.runtime_data.history.async_run()
    assert reports
    dialogue = await prefer(hass, fritzbox_entry, "history")
    assert_escaped(dialogue.placeholders["report"])
    # Two lines are the head of the table.
    assert len(dialogue.placeholders["report"].splitlines()) == 2 + len(reports)
    await dialogue.leave()


@pytest.mark.parametrize(
    "name", [HOSTILE, LONG, "\ud800Fridge"], ids=["hostile", "long", "surrogate"]
)
async def test_names_and_keys_of_a_reader(
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    broker: Broker,
    hass_client: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    assert await async_setup_component(hass, "http", {})
    fields = {"1_8_0": 1234.5, name: 7, "Power": 230, "text": name}
    with caplog.at_level(logging.DEBUG, logger="custom_components.py_hab"):
        async with scripted(broker) as reader, reader.repeating("house/meter", {name: fields}):
            dialogue = await add(hass, "tasmota")
            for label in dialogue.page["topic"]["selector"]["select"]["options"]:
                assert len(label["label"]) <= 250
            await dialogue.answer(topic="house/meter")
            assert_escaped(dialogue.placeholders["values"])
            assert len(dialogue.placeholders["values"].splitlines()) == len(fields)
            await dialogue.accept()
            entry = dialogue.entry
            await hass.async_block_till_done()
            assert_harmless(entry.title)
            for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id):
                assert_harmless(str(device.name))
                assert_harmless(str(device.model or ""))
            options = await prefer(hass, entry, "meter")
            assert_escaped(options.placeholders["keys"])
            await options.leave()
            await download(hass, hass_client, entry)
            await leave(hass, entry)
    assert_no_forged_line(caplog)


async def test_the_title_of_an_entry_in_notices(hass: HomeAssistant, mocked_reader: Any) -> None:
    entry = mocked_reader.entry()
    hass.config_entries.async_update_entry(entry, title=HOSTILE)
    await mocked_reader.set_up(entry)
    meters = entry.runtime_data.coordinator
    assert_harmless(meters.name)
    meters._issues.async_update("", meters.meters.name_of(""), {"meter_silent"})
    [issue] = [
        item
        for (domain, _), item in ir.async_get(hass).issues.items()
        if domain == DOMAIN and item.translation_key == "meter_silent"
    ]
    assert issue.translation_placeholders is not None
    assert_escaped(issue.translation_placeholders["name"])


async def test_names_in_a_legacy_file(
    time: Time,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    fritzbox_entry: MockConfigEntry,
    media: Path,
) -> None:
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    lived = Years(start=at("2026-02-01T00:00:00"), end=at("2026-02-01T03:00:00")).rows()
    strangers = [
        (device, HOSTILE, sub_entity, row[3], row[4])
        for device in (HOSTILE, "a" * 5000, f"{'a' * 5000}b")
        for sub_entity in ("Energy", "State")
        for row in lived[:3]
    ]
    path = write(media / "server.db", [*lived, *strangers])
    dialogue = await prefer(hass, fritzbox_entry, "import_database")
    await dialogue.answer(path=str(path))
    await dialogue.arrive()
    assert dialogue.step == "import_series"
    assert_escaped(dialogue.placeholders["left_out"])
    for label in dialogue.page:
        assert len(label) <= 250
        assert "\n" not in label
    await dialogue.answer(**dialogue.suggested)
    await dialogue.arrive()
    assert dialogue.step == "import_confirm"
    assert_escaped(dialogue.placeholders["report"])
    await dialogue.answer()
    await dialogue.arrive()
    assert dialogue.step == "import_done"
    assert dialogue.errors == {}
    assert_escaped(dialogue.placeholders["report"])
    await dialogue.leave()
