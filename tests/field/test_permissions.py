"""What others may not know: jobs and errors by permission, logs without names."""

from collections.abc import Collection
import logging
from typing import Any

from aiohttp.test_utils import TestClient
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.py_hab.const import DOMAIN
from homeassistant.components.recorder import Recorder
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.setup import async_setup_component
from simulator.fritzbox import Fault, SimulatedFritzBox
from simulator.fritzbox_devices import REFRIGERATOR
from tests.support.api import act, got
from tests.support.measured_home import POWER
from tests.support.mocked_reader import NUMBER, MockedReader
from tests.support.passing_time import Time

pytestmark = pytest.mark.usefixtures("no_pause")


@pytest.fixture
def ains() -> Collection[str]:
    """One plug is enough here."""
    return {REFRIGERATOR}


@pytest.fixture
async def entry(
    time: Time, recorder_mock: Recorder, hass: HomeAssistant, fritzbox_entry: MockConfigEntry
) -> MockConfigEntry:
    """A loaded box, with the web server."""
    assert await async_setup_component(hass, "http", {})
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    return fritzbox_entry


async def box_refuses(hass: HomeAssistant, box: SimulatedFritzBox, entry: MockConfigEntry) -> str:
    """Let the box refuse a poll; return the text of the error."""
    box.fault(Fault(status=500))
    await entry.runtime_data.coordinator.async_refresh()
    error = str(entry.runtime_data.coordinator.last_exception)
    assert "127.0.0.1" in error
    return error


async def test_jobs_are_shown_to_those_who_may_see_the_entry_and_errors_to_administrators(
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    hass_admin_user: MockUser,
) -> None:
    client: TestClient[Any, Any] = await hass_client()
    context = Context(user_id=hass_admin_user.id)
    error = await box_refuses(hass, box, entry)

    async def seen() -> tuple[dict[str, Any], list[Any]]:
        answer = (await act(hass, "get_jobs", context))["jobs"]
        return {job["name"]: job["result"] for job in answer}, await got(client, "jobs")

    results, listed = await seen()
    assert results["poll"] == error
    assert len(listed) == len(results)

    hass_admin_user.groups = []
    hass_admin_user.mock_policy({"entities": {"entity_ids": {POWER: {"read": True}}}})
    results, listed = await seen()
    assert results["poll"] == "failed"
    assert len(listed) == len(results)

    hass_admin_user.mock_policy({"entities": {"entity_ids": {"light.hall": {"read": True}}}})
    assert await seen() == ({}, [])


async def test_who_may_see_nothing_of_an_entry_cannot_ask_it_and_is_told_nothing(
    hass: HomeAssistant, box: SimulatedFritzBox, entry: MockConfigEntry, hass_admin_user: MockUser
) -> None:
    context = Context(user_id=hass_admin_user.id)
    hass_admin_user.groups = []
    hass_admin_user.mock_policy({"entities": {"entity_ids": {"light.hall": {"read": True}}}})
    last_poll = entry.runtime_data.coordinator.last_poll
    assert await act(hass, "refresh", context) == {"refreshed": []}
    assert entry.runtime_data.coordinator.last_poll == last_poll
    for action in ("refresh", "get_devices"):
        with pytest.raises(Unauthorized):
            await act(hass, action, context, config_entry_id=entry.entry_id)
    # Whether an entity exists is not shown either.
    for entity_id in (POWER, "sensor.nobody"):
        with pytest.raises(Unauthorized):
            await act(hass, "get_measurements", context, entity_id=entity_id)

    hass_admin_user.mock_policy({"entities": {"entity_ids": {POWER: {"read": True}}}})
    box.fault(Fault(status=500))
    with pytest.raises(HomeAssistantError) as caught:
        await act(hass, "refresh", context)
    assert caught.value.translation_placeholders == {"title": entry.title, "reason": "failed"}


async def test_an_unreadable_answer_is_logged_short_and_without_names(
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    body = f'<devicelist><device identifier="{REFRIGERATOR}"><name>Annas Zimmer</name>'
    answer = f"{body}\n{'<x>Anna</x>' * 100_000}"
    box.fault(Fault(edit=lambda _: answer))
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        await entry.runtime_data.coordinator.async_refresh()
    [logged] = [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith(f"custom_components.{DOMAIN}")
        and record.levelno == logging.DEBUG
        and "<devicelist" in record.getMessage()
    ]
    assert "<name>…</name>" in logged
    assert len(logged) < 2300
    assert "\n" not in logged
    for secret in ("Anna", REFRIGERATOR):
        assert secret not in logged


async def test_an_unreadable_message_is_logged_short_and_without_names(
    time: Time,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    mocked_reader: MockedReader,
    caplog: pytest.LogCaptureFixture,
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    caplog.clear()
    with caplog.at_level(logging.DEBUG, logger=f"custom_components.{DOMAIN}"):
        await mocked_reader.says(
            "SENSOR",
            f'{{"SML":{{"Total_in":1.5,"Id":"{NUMBER}","x":"Anna\nERROR forged {"y" * 9000}',
        )
    [logged] = [
        record.getMessage()
        for record in caplog.records
        if "Total_in" in record.getMessage()
        and record.name.startswith(f"custom_components.{DOMAIN}")
    ]
    assert '"Total_in":1.5' in logged
    assert len(logged) < 2300
    assert "\n" not in logged
    for secret in (NUMBER, "Anna", "ERROR forged"):
        assert secret not in logged
