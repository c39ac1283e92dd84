"""What a FRITZ!Box lists is shown, also if its kind is new, and one device never stops the others."""

from collections.abc import AsyncIterator, Collection
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.coordinator import FritzBoxCoordinator
from custom_components.py_hab.fritzbox.device_stats import DeviceStats
from custom_components.py_hab.fritzbox.errors import FritzBoxConnectionError, InvalidAnswerError
from custom_components.py_hab.history.retries import RETRY
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import (
    ALERT_UNIT_MASK,
    BATH,
    BLIND,
    DEVICES,
    LIVING_ROOM,
    PARENT_MASK,
    REFRIGERATOR,
    SMOKE,
    WORKSHOP,
    Alert,
    Battery,
    Device,
    Unit,
)
from simulator.home import Home, ManualClock
from tests.conftest import START
from tests.support import legacy_files
from tests.support.dialogue import prefer
from tests.support.living import recorded, rows
from tests.support.passing_time import Time
from tests.support.watching import set_up, state_of

POLL: Final = timedelta(minutes=1)
TERRACE: Final = "15282 0400000"


def contact(number: int, name: str, kind: int = 514) -> Device:
    """Return a detector in the device on the terrace."""
    return Device(
        ain=f"{TERRACE}-{number}",
        number=2100 + number,
        mask=ALERT_UNIT_MASK,
        product="HAN-FUN",
        name=name,
        blocks=(Unit(parent=60, kind=kind, interfaces="256"), Alert(window="bedroom")),
    )


def terrace(*contacts: Device) -> tuple[Device, ...]:
    """Return the device on the terrace with its detectors."""
    parent = Device(
        ain=TERRACE,
        number=60,
        mask=PARENT_MASK,
        firmware="03.58",
        product="HAN-FUN",
        name="Terrasse",
        blocks=(Battery(),),
    )
    return (*contacts, parent)


@pytest.fixture
def devices() -> tuple[Device, ...]:
    """The devices of the box."""
    return DEVICES


@pytest.fixture
async def box(
    home: Home, clock: ManualClock, devices: Collection[Device], socket_enabled: None
) -> AsyncIterator[SimulatedFritzBox]:
    """A box with these devices."""
    box = SimulatedFritzBox(home, clock, iterations=(1000, 1000), devices=tuple(devices))
    await box.start()
    yield box
    await box.stop()


def alerts(hass: HomeAssistant, ain: str) -> list[er.RegistryEntry]:
    """Return the alert entities of the units of a device."""
    return [
        item
        for item in er.async_get(hass).entities.values()
        if item.platform == DOMAIN
        and item.domain == "binary_sensor"
        and item.unique_id.startswith(ain)
        and item.unique_id.endswith("_alert")
    ]


# A list says how, never whether


@pytest.mark.parametrize("devices", [terrace(contact(1, "Melder", kind=777))])
async def test_alert_of_an_unknown_kind_is_a_binary_sensor_without_a_class(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    (alert,) = alerts(hass, TERRACE)
    assert alert.original_device_class is None
    for value, state in ((1, "on"), (0, "off")):
        box.override(f"{TERRACE}-1", state=value)
        await time.passes(hass, POLL)
        assert state_of(hass, f"{TERRACE}-1_alert", "binary_sensor") == state


async def test_alert_of_a_blind_is_no_detector(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    assert alerts(hass, BLIND) == []
    (smoke,) = alerts(hass, SMOKE)
    assert smoke.original_device_class == "smoke"


@pytest.mark.parametrize(
    ("devices", "names"),
    [
        (
            terrace(contact(1, "Terrasse links"), contact(2, "Terrasse rechts")),
            {"Terrasse Window links", "Terrasse Window rechts"},
        ),
        (
            terrace(contact(1, "Terrasse"), contact(2, "Terrasse")),
            {"Terrasse Window 1", "Terrasse Window 2"},
        ),
        (terrace(contact(1, "Terrasse")), {"Terrasse Window"}),
        (
            terrace(contact(1, "Terrasse"), contact(2, "Terrasse", kind=513)),
            {"Terrasse Window", "Terrasse Door"},
        ),
    ],
    ids=["own names", "the same name", "alone", "two kinds"],
)
async def test_contacts_of_one_device_have_their_own_names(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    names: set[str],
) -> None:
    await set_up(hass, fritzbox_entry)
    shown = [hass.states.get(item.entity_id) for item in alerts(hass, TERRACE)]
    assert {state.name for state in shown if state} == names
    everything = [state.name for state in hass.states.async_all() if "terrasse" in state.entity_id]
    assert len(everything) == len(set(everything))


# One bad source never stops the others


@pytest.fixture
def enable_statistics() -> bool:
    """Let the recorder compile statistics."""
    return True


@pytest.fixture
def home() -> Home:
    """A home with little history: each hour takes time."""
    return Home(installed=START - timedelta(days=2))


async def backfill(hass: HomeAssistant) -> dict[str, dict[str, Any]]:
    """Complete the history; return the report of each entity."""
    answer: Any = await hass.services.async_call(
        DOMAIN, "backfill", {}, blocking=True, return_response=True
    )
    return {item["entity_id"]: item for item in answer["entities"]}


def only(*ains: str) -> tuple[Device, ...]:
    """Return these devices of the home."""
    return tuple(device for device in DEVICES if device.ain in ains)


@pytest.mark.parametrize("devices", [only(REFRIGERATOR, LIVING_ROOM, WORKSHOP, BATH)])
async def test_devices_without_an_answer_are_left_out_and_asked_again_alone(
    time: Time,
    recorder_mock: Recorder,
    no_pause: None,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silent: dict[str, Exception] = {
        REFRIGERATOR: FritzBoxConnectionError("status 500", has_answered=True),
        LIVING_ROOM: FritzBoxConnectionError("no answer in time"),
        WORKSHOP: InvalidAnswerError("no statistics", ""),
    }
    asked: list[str] = []
    ask = FritzBoxCoordinator.async_device_stats

    async def ask_box(coordinator: FritzBoxCoordinator, ain: str) -> DeviceStats:
        asked.append(ain)
        if ain in silent:
            raise silent[ain]
        return await ask(coordinator, ain)

    monkeypatch.setattr(FritzBoxCoordinator, "async_device_stats", ask_box)
    await set_up(hass, fritzbox_entry)
    # The first run begins at once; no request of it is under way when time passes.
    await hass.async_block_till_done(wait_background_tasks=True)
    await time.passes(hass, timedelta(minutes=10))
    await recorded(hass)
    assert len(await rows(hass, "sensor.bad_temperature")) == 24
    energies = [f"sensor.{name}_energy" for name in ("kuhlschrank", "buro_werkstatt_grosser")]
    for energy in energies:
        assert await rows(hass, energy) == []
    assert sorted(asked) == sorted({REFRIGERATOR, LIVING_ROOM, WORKSHOP, BATH})
    report = await backfill(hass)
    for entity_id in (*energies, "sensor.wohnzimmer_temperature"):
        assert report[entity_id]["left_out"] == ["not_told"]
    assert report["sensor.bad_temperature"]["left_out"] == []

    silent.clear()
    asked.clear()
    await time.passes(hass, 2 * RETRY + timedelta(minutes=10), step=timedelta(minutes=5))
    await recorded(hass)
    assert sorted(asked) == sorted({REFRIGERATOR, LIVING_ROOM, WORKSHOP})
    for energy in energies:
        assert len(await rows(hass, energy)) > 20


# The recorder's exclusion


@pytest.mark.parametrize(
    "recorder_config", [{"exclude": {"entity_globs": ["sensor.kuhlschrank*"]}}]
)
@pytest.mark.parametrize("devices", [only(REFRIGERATOR, BATH)])
async def test_entity_that_the_recorder_excludes_gets_no_statistics(
    time: Time,
    recorder_mock: Recorder,
    no_pause: None,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    media: Path,
) -> None:
    excluded = "sensor.kuhlschrank_energy"
    await set_up(hass, fritzbox_entry)
    await time.passes(hass, timedelta(minutes=10))
    assert excluded not in await backfill(hass)
    assert await rows(hass, excluded) == []
    assert len(await rows(hass, "sensor.bad_temperature")) == 24

    path = media / "old.db"
    write_legacy(path)
    answer: Any = await hass.services.async_call(
        DOMAIN,
        "import_database",
        {"path": str(path), "config_entry_id": fritzbox_entry.entry_id},
        blocking=True,
        return_response=True,
    )
    (series,) = answer["series"]
    assert series["not_recorded"] == excluded
    assert series["statistic_id"].startswith(f"{DOMAIN}:")
    assert await rows(hass, excluded) == []
    assert await rows(hass, series["statistic_id"])

    # In the dialog, the separate statistic is proposed, and the entity is refused with a reason.
    dialogue = await prefer(hass, fritzbox_entry, "import_database")
    await dialogue.answer(path=str(path))
    await dialogue.arrive()
    (label,) = dialogue.suggested
    assert dialogue.suggested[label] == "external"
    await dialogue.answer(**{label: excluded})
    assert dialogue.errors == {label: "not_recorded"}
    await dialogue.leave()


def write_legacy(path: Path) -> None:
    """Write a file of the old server with some hours of the refrigerator."""
    start = START - timedelta(days=10)
    legacy_files.write(
        path,
        [
            (
                REFRIGERATOR,
                "Kühlschrank",
                "Energy",
                legacy_files.local((start + timedelta(minutes=30 * step)).timestamp()),
                10.0 + step / 10,
            )
            for step in range(20)
        ],
        described=[(REFRIGERATOR, "Energy", "Kühlschrank", "kWh", 1)],
    )
