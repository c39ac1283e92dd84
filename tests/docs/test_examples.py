"""Each action call, automation and configuration of the documentation, in a real Home Assistant."""

from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.history.statistics.gateway import Statistic, new_metadata
from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.components.logger import CONFIG_SCHEMA as LOGGER_SCHEMA
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.const import STATE_ON
from homeassistant.core import HomeAssistant, SupportsResponse
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
from scripts.import_graph import PACKAGE
from tests.repository.test_docs import FENCE, LANGUAGES, PAGES, page
from tests.support.living import recorded
from tests.support.measured_home import HOUR, this_hour, write_hours
from tests.support.mocked_reader import MockedReader
from tests.support.passing_time import Time
from tests.support.watching import logged, warnings

with_statistics = pytest.mark.parametrize("enable_statistics", [True])

HOMES: Final = {
    "en": ("Electricity meter", "sensor.electricity_meter_energy_import"),
    "de": ("Stromzähler", "sensor.stromzahler_netzbezug"),
}
"""What a meter and its counter are called in a new home."""
OTHERS: Final = ("light.toggle", "switch.turn_on")
"""Actions of other integrations that the examples call."""


def blocks(kind: str) -> list[Any]:
    """Return the YAML blocks that have a key, as parameters of a test."""
    return [
        pytest.param(language, block, id=f"{language}-{name}-{number}")
        for language in LANGUAGES
        for name in PAGES
        for number, (_, code) in enumerate(FENCE.findall(page(language, name)))
        if isinstance(block := parse_yaml(code) if _ == "yaml" else None, dict)
        if kind in block
    ]


@pytest.fixture
async def home(
    time: Time,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    mocked_reader: MockedReader,
    language: str,
) -> None:
    """A home in a language, whose meter has measured for two days; one hour was corrected."""
    hass.config.language = language
    await hass.config.async_set_time_zone("Europe/Berlin")
    title, counter = HOMES[language]
    entry = mocked_reader.entry(prefix="MT681")
    hass.config_entries.async_update_entry(entry, title=title)
    await mocked_reader.set_up(entry)
    assert hass.states.get(counter) is not None
    await write_hours(hass, counter)
    spike = StatisticData(start=this_hour() - HOUR, state=1000.0, sum=1000.0)
    async_import_statistics(
        hass, new_metadata(Statistic(id=counter, unit="kWh", has_sum=True)), [spike]
    )
    await recorded(hass)
    corrected = {"entity_id": counter}
    await hass.services.async_call(
        DOMAIN, "remove_spikes", corrected, blocking=True, return_response=True
    )
    # Plugs of any integration.
    for plug in ("sensor.washing_machine_power", "sensor.waschmaschine_leistung"):
        hass.states.async_set(plug, "2.5", {"device_class": "power"})


@pytest.mark.parametrize(("language", "block"), blocks("action"))
@with_statistics
@pytest.mark.usefixtures("home")
async def test_an_action_call_works(
    hass: HomeAssistant, block: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert block.keys() <= {"action", "data", "response_variable"}
    domain, _, name = block["action"].partition(".")
    assert domain == DOMAIN
    returns = hass.services.supports_response(domain, name) is not SupportsResponse.NONE
    response = await hass.services.async_call(
        domain, name, block.get("data"), blocking=True, return_response=returns
    )
    assert response is not None
    assert ("response_variable" in block) <= returns
    assert warnings(caplog) == []
    assert logged(caplog, level=30) == []


@pytest.mark.parametrize(("language", "block"), blocks("automation"))
@with_statistics
@pytest.mark.usefixtures("home")
async def test_an_automation_runs(
    hass: HomeAssistant, block: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    calls = {name: async_mock_service(hass, *name.split(".")) for name in OTHERS}
    notified = async_mock_service(hass, "persistent_notification", "create")
    assert await async_setup_component(hass, AUTOMATION, block)
    await hass.async_block_till_done()
    [automation] = hass.states.async_all(AUTOMATION)
    # One that cannot be set up is unavailable.
    assert automation.state == STATE_ON
    await hass.services.async_call(
        AUTOMATION, "trigger", {"entity_id": automation.entity_id}, blocking=True
    )
    await hass.async_block_till_done()
    done = [*notified, *(call for each in calls.values() for call in each)]
    assert len(done) == 1
    assert "None" not in str(done[0].data)
    assert warnings(caplog) == []
    await hass.services.async_call(
        AUTOMATION, "turn_off", {"entity_id": automation.entity_id}, blocking=True
    )


def test_there_are_examples_of_both() -> None:
    assert len(blocks("action")) >= 12
    assert len(blocks("automation")) >= 8


@pytest.mark.parametrize("block", [example.values[1] for example in blocks("type")])
def test_a_card_exists(block: dict[str, Any]) -> None:
    card = block["type"].removeprefix("custom:")
    assert f'"{card}"' in (PACKAGE / "frontend/py_hab.js").read_text("utf-8")


@pytest.mark.parametrize("block", [example.values[1] for example in blocks("logger")])
def test_a_logger_can_be_configured(block: dict[str, Any]) -> None:
    assert LOGGER_SCHEMA(block)["logger"]["logs"] == {"custom_components.py_hab": 10}


def test_every_block_is_tried() -> None:
    kinds = {"action", "automation", "type", "logger"}
    tried = sum(len(blocks(kind)) for kind in kinds)
    written = sum(
        kind == "yaml"
        for language in LANGUAGES
        for name in PAGES
        for kind, _ in FENCE.findall(page(language, name))
    )
    assert tried == written
