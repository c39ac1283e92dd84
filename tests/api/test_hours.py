"""The hours of a series, as the cards ask for them."""

from datetime import timedelta
from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.py_hab.history.planning.change import ChangeReason
from custom_components.py_hab.history.planning.rows import SumRow
from custom_components.py_hab.history.statistics.editor import get_editor
from custom_components.py_hab.history.statistics.gateway import Statistic
from homeassistant.core import HomeAssistant
from tests.support.changing import write
from tests.support.measured_home import ENERGY, HOUR, POWER, TEMPERATURE, this_hour, write_hours


async def ask(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, series: str, **more: Any
) -> dict[str, Any]:
    """Return the answer about the last days."""
    client = await hass_ws_client(hass)
    await client.send_json_auto_id(
        {
            "type": "py_hab/hours",
            "statistic_id": series,
            "start": (this_hour() - timedelta(days=9)).isoformat(),
            "end": (this_hour() + HOUR).isoformat(),
            **more,
        }
    )
    answer: dict[str, Any] = await client.receive_json()
    return answer


async def test_a_counter_answers_mean_power_gaps_and_which_hours_were_spread(
    hass: HomeAssistant, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    await write_hours(hass)
    first = int((this_hour() - 60 * HOUR).timestamp())
    # The first hours of a statistic have no reading before them: the change is known from the second.
    earlier = [SumRow(first + number * 3600, -2.0, -2.0 + number / 4) for number in range(3)]
    counter = Statistic(id=ENERGY, unit="kWh", has_sum=True)
    await write(get_editor(hass), counter, earlier, ChangeReason.OUTAGE)
    result = (await ask(hass, hass_ws_client, ENERGY))["result"]
    assert (result["unit"], result["is_energy"], result["start"]) == ("W", True, first)
    assert result["spread"] == [[0, 2]]
    assert result["values"][1:4] == [250.0, 250.0, None]
    assert result["values"][11:14] == [None, 1500.0, 100.0]
    assert len(result["values"]) == 60


async def test_measurements_have_the_unit_of_their_entity(
    hass: HomeAssistant, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    await write_hours(hass, POWER, "W")
    await write_hours(hass, TEMPERATURE, "°C")
    hass.states.async_set(
        TEMPERATURE, "68", {"unit_of_measurement": "°F", "device_class": "temperature"}
    )
    power, temperature = [
        (await ask(hass, hass_ws_client, each))["result"] for each in (POWER, TEMPERATURE)
    ]
    assert (power["unit"], power["is_energy"], power["values"][0]) == ("W", False, 20.0)
    assert (temperature["unit"], set(temperature["values"])) == ("°F", {68.0})


async def test_a_series_without_statistics_has_no_hours(
    hass: HomeAssistant, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    assert (await ask(hass, hass_ws_client, "sensor.nobody_knows"))["result"] == {
        "unit": "",
        "is_energy": False,
        "start": 0,
        "values": [],
        "spread": [],
    }


async def test_who_may_not_see_an_entity_gets_no_hours_and_nonsense_is_refused(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_admin_user: MockUser,
) -> None:
    error = (await ask(hass, hass_ws_client, ENERGY, start="yesterday"))["error"]
    assert error["code"] == "invalid_format"
    hass_admin_user.mock_policy({"entities": {}})
    hass_admin_user.groups = []
    assert (await ask(hass, hass_ws_client, ENERGY))["error"]["code"] == "unauthorized"
