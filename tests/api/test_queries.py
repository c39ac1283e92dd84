"""Which readings and profiles a user may query, and what does not exist."""

from typing import Any

from aiohttp.test_utils import TestClient
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from homeassistant.components.recorder import Recorder
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.helpers import entity_registry as er
from simulator.fritzbox_devices import REFRIGERATOR
from tests.support.api import FRIDGE, act, fails, got
from tests.support.living import recorded
from tests.support.measured_home import (
    ENERGY,
    POWER,
    write_hours,
)
from tests.support.mocked_reader import NUMBER, PRINTED

OTHER = "sensor.of_another_integration"


async def test_a_meter_may_be_named_by_what_stands_on_it(
    hass: HomeAssistant, recorder_mock: Recorder, meter: MockConfigEntry
) -> None:
    await recorded(hass)
    for device in (NUMBER, NUMBER.upper(), PRINTED, "1 ISK 0090913873"):
        found = await act(hass, "get_measurements", device=device, sub_entity="E_in")
        assert [item["amount"] for item in found["measurements"]] == [15119.035]


async def test_entities_of_other_integrations_have_readings(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    hass.states.async_set(OTHER, "5")
    await recorded(hass)
    [reading] = (await act(hass, "get_measurements", entity_id=OTHER))["measurements"]
    assert reading["amount"] == 5.0


async def test_users_see_what_they_may_see(
    hass: HomeAssistant, entry: MockConfigEntry, hass_admin_user: MockUser
) -> None:
    await write_hours(hass)
    hass_admin_user.groups = []
    hass_admin_user.mock_policy({"entities": {"entity_ids": {POWER: {"read": True}}}})
    user = Context(user_id=hass_admin_user.id)
    found = (await act(hass, "get_devices", user))["devices"]
    assert [item["entity_id"] for item in found] == [POWER]
    readings = (await act(hass, "get_measurements", user, device=REFRIGERATOR))["measurements"]
    assert {item["entity_id"] for item in readings} == {POWER}
    for action, data in (
        ("get_measurements", {"entity_id": ENERGY}),
        ("get_measurements", {"device": REFRIGERATOR, "sub_entity": "Energy"}),
        ("get_profile", {"entity_id": ENERGY, "name": "hour"}),
        ("get_profile", {"device": REFRIGERATOR, "sub_entity": "Energy", "name": "hour"}),
    ):
        with pytest.raises(Unauthorized):
            await act(hass, action, user, **data)


async def test_what_there_is_not_is_reported(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    for data in (
        {"entity_id": "sensor.never_seen"},
        {"device": "nobody"},
        {"device": ""},
        {"device": "x' OR '1'='1"},
        {"device": "../../etc/passwd"},
        {"device": REFRIGERATOR, "sub_entity": "energy'--"},
    ):
        await fails(hass, ServiceValidationError, "unknown_series", "get_measurements", **data)
    await fails(
        hass,
        ServiceValidationError,
        "unknown_series",
        "get_profile",
        device="nobody",
        name="hour",
    )
    error = await fails(
        hass,
        ServiceValidationError,
        "unknown_series",
        "get_measurements",
        device="nobody",
        sub_entity="E_in",
    )
    assert str(error) == "There is no series nobody E_in"


async def test_a_reading_keeps_its_id_when_its_entity_is_renamed(
    hass: HomeAssistant, client: TestClient[Any, Any]
) -> None:
    before = await got(client, f"mesurement/{FRIDGE}/Energy")
    await hass.async_block_till_done()
    assert await got(client, f"measurement/{FRIDGE}/Energy") == before
    er.async_get(hass).async_update_entity(ENERGY, new_entity_id="sensor.cold")
    await recorded(hass)
    assert before[0] in await got(client, f"mesurement/{FRIDGE}/Energy")
    whole = await got(client, f"mesurement/{FRIDGE}")
    assert len({item["id"] for item in whole}) == len(whole)
