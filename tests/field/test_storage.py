"""Damaged files of py_hab: the values go on, the next readings are confirmed."""

from datetime import timedelta
import json
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import WORKSHOP
from tests.support.passing_time import Time
from tests.support.watching import set_up, state_of

ENERGY = f"{WORKSHOP}_energy"


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Use a folder of its own."""
    return hass_tmp_config_dir


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Let Home Assistant store real files: the test plugin would replace them."""
    return {}


@pytest.fixture
def file(hass: HomeAssistant, fritzbox_entry: MockConfigEntry) -> Path:
    """The file of the entry."""
    path = Path(hass.config.path(".storage", f"{DOMAIN}.{fritzbox_entry.entry_id}"))
    path.parent.mkdir(exist_ok=True)
    return path


def write(file: Path, text: str) -> None:
    file.write_text(text)


def kept(file: Path) -> list[str]:
    """Return the contents of the files that were set aside."""
    return [path.read_text() for path in file.parent.glob(f"{file.name}.unreadable.*")]


def envelope(data: Any, **more: Any) -> str:
    content = {"version": 1, "minor_version": 2, "key": "counters", "data": data}
    return json.dumps({**content, **more})


COUNTERS = {"counters": {WORKSHOP: [5.0, 1.0]}, "notes": {}, "gaps": []}


UNUSABLE = (
    "null",
    "[]",
    "5",
    '"counters"',
    "{}",
    "",
    '{"version": 1, "minor_ver',
    "\x00\x01\x02",
    json.dumps({"data": COUNTERS}),
    envelope(COUNTERS, version=99),
    envelope(COUNTERS, version="one"),
    envelope(COUNTERS, version=None),
    envelope(None),
    envelope([1, 2]),
    envelope({"counters": [], "notes": 5, "gaps": {}}),
    envelope({"counters": {WORKSHOP: [1e300, 1e300]}, "notes": {}, "gaps": []}),
    envelope({"counters": {WORKSHOP: ["5", []]}, "notes": {"login": 1e300}, "gaps": [None]}),
)


async def test_values_go_on_whatever_the_file_contains(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    file: Path,
) -> None:
    for text in UNUSABLE:
        write(file, text)
        await set_up(hass, fritzbox_entry)
        await time.passes(hass, timedelta(minutes=3))
        assert state_of(hass, ENERGY) == str(box.counter(WORKSHOP) / 1000), text
        assert state_of(hass, f"{WORKSHOP}_power") is not None
        assert await hass.config_entries.async_unload(fritzbox_entry.entry_id)


async def test_an_envelope_that_cannot_be_read_is_kept_and_quarantines_the_counters(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    file: Path,
) -> None:
    text = envelope(COUNTERS, version=99)
    write(file, text)
    await set_up(hass, fritzbox_entry)
    assert state_of(hass, ENERGY) == "unknown"
    await time.passes(hass, timedelta(minutes=2))
    assert state_of(hass, ENERGY) == str(box.counter(WORKSHOP) / 1000)
    assert kept(file) == [text]


async def test_a_newer_minor_version_is_read(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    file: Path,
) -> None:
    kwh = box.counter(WORKSHOP) / 1000
    box.override(WORKSHOP, energy=0)
    for minor_version in (2, 3, 99):
        data = {"counters": {WORKSHOP: [kwh, None]}, "notes": {}, "gaps": [], "new": 1}
        write(file, envelope(data, minor_version=minor_version))
        await set_up(hass, fritzbox_entry)
        # The stored reading is known: a zero is not accepted in its place.
        assert state_of(hass, ENERGY) == str(kwh), minor_version
        assert await hass.config_entries.async_unload(fritzbox_entry.entry_id)
        kwh += 1


@pytest.mark.parametrize(
    "text", ["null", "[]", "{}", json.dumps({"version": 99, "key": "history", "data": {}})]
)
async def test_a_journal_that_cannot_be_read_costs_the_history_and_nothing_else(
    time: Time,
    recorder_mock: object,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    file: Path,
    text: str,
) -> None:
    journal = file.parent / f"{DOMAIN}.history"
    write(journal, text)
    await set_up(hass, fritzbox_entry)
    assert state_of(hass, ENERGY) == str(box.counter(WORKSHOP) / 1000)
    assert ir.async_get(hass).async_get_issue(DOMAIN, "unreadable_journal") is not None
    with pytest.raises(HomeAssistantError):
        await hass.services.async_call(DOMAIN, "backfill", {}, blocking=True, return_response=True)
    await time.passes(hass, timedelta(minutes=5))
    assert contents(journal) == text


def contents(file: Path) -> str:
    return file.read_text()


@pytest.mark.parametrize("is_renamed", [False, True])
async def test_after_a_damaged_journal_nothing_is_written_until_the_user_agrees_to_an_empty_one(
    time: Time,
    recorder_mock: object,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    no_pause: None,
    fritzbox_entry: MockConfigEntry,
    file: Path,
    is_renamed: bool,
) -> None:
    journal = file.parent / f"{DOMAIN}.history"
    # At the first start with it, Home Assistant renames a file that is not JSON.
    damaged = (
        journal.with_name(f"{journal.name}.corrupt.2026-11-26T12:00:00") if is_renamed else journal
    )
    journal.unlink(missing_ok=True)
    write(damaged, '{"version": 1, "data": {"acc')
    assert await async_setup_component(hass, "repairs", {})
    await set_up(hass, fritzbox_entry)
    with pytest.raises(HomeAssistantError, match="journal"):
        await hass.services.async_call(DOMAIN, "backfill", {}, blocking=True, return_response=True)

    flows = repairs_flow_manager(hass)
    assert flows is not None
    form = await flows.async_init(DOMAIN, data={"issue_id": "unreadable_journal"})
    assert form["step_id"] == "confirm"
    end = await flows.async_configure(form["flow_id"], {})
    assert end["type"] is FlowResultType.CREATE_ENTRY
    assert ir.async_get(hass).async_get_issue(DOMAIN, "unreadable_journal") is None
    await hass.services.async_call(DOMAIN, "backfill", {}, blocking=True, return_response=True)
    names = {path.name for path in journal.parent.iterdir() if path.name.startswith(journal.name)}
    assert [name for name in names if ".kept." in name]
    assert not [name for name in names if ".corrupt." in name]
