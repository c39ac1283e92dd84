"""The parameters that actions and endpoints share."""

from typing import Any

from aiohttp.test_utils import TestClient
from pytest_homeassistant_custom_component.common import MockConfigEntry
from yarl import URL

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import (
    ServiceValidationError,
)
from tests.support.api import FRIDGE, fails, get, got
from tests.support.measured_home import (
    ENERGY,
)


async def test_a_time_must_not_end_before_its_start(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    # By the hour on the wall it ends later.
    times = {"start": "2026-03-20T12:00:00+00:00", "end": "2026-03-20T12:30:00"}
    for action, more in (("get_measurements", {}), ("get_profile", {"name": "hour"})):
        await fails(
            hass,
            ServiceValidationError,
            "end_before_start",
            action,
            entity_id=ENERGY,
            **times,
            **more,
        )


WRONG: list[tuple[dict[str, str], str]] = [
    ({"limit": "0"}, "limit must be a whole number from 1 to 50000"),
    ({"limit": "-1"}, "limit"),
    ({"limit": "1000000"}, "limit"),
    ({"limit": ""}, "limit"),
    ({"limit": "1.5"}, "limit"),
    ({"limit": "1e3"}, "limit"),
    ({"limit": "٣"}, "limit"),
    ({"limit": "000000000000" + "9" * 5000}, "limit"),
    ({"limit": "ten'; DROP TABLE states"}, "limit"),
    ({"offset": "-1"}, "offset must be a whole number from 0 to 10000000"),
    ({"offset": "10000001"}, "offset"),
    ({"offset": "000000000000" + "9" * 30}, "offset"),
    ({"start": "2026-02-30T12:00:00"}, "start must be a time such as 2026-03-20T18:00:00"),
    ({"start": "yesterday"}, "start"),
    ({"start": ""}, "start"),
    ({"end": "2026-03-20T25:00:00"}, "end must be a time"),
    ({"end": "2026-03-20T12:00:00+99:99"}, "end must be a time"),
    ({"start": "2026-03-20", "end": "2026-03-19"}, "end must not be before start"),
]


async def test_wrong_parameters_are_told_with_the_reason(client: TestClient[Any, Any]) -> None:
    for path in ("devices", f"mesurement/{FRIDGE}", f"statistics/{FRIDGE}/Energy/Hour"):
        for parameters, reason in WRONG:
            status, answer = await get(client, path, **parameters)
            assert status == 400, parameters
            assert answer["message"].startswith(reason)


async def test_times_may_be_written_in_several_ways(client: TestClient[Any, Any]) -> None:
    path = f"mesurement/{FRIDGE}/Energy"
    for moment in (
        "2026-03-20T18:00:00+01:00",
        "2026-03-20 18:00:00",
        "2026-03-20 18:00:00+01:00",
        "2026-03-20T17:00Z",
        "0001-01-01T00:00:00",
        # One that never was.
        "2026-03-29T02:30:00",
    ):
        late = moment.startswith("2026-03-29")
        assert bool(await got(client, path, start=moment)) is not late
        # A plus sign that is not encoded is a blank in an address.
        response = await client.get(URL(f"/api/py_hab/{path}?start={moment}"))
        assert bool(await response.json()) is not late
    assert (await get(client, path, end="9999-12-31T23:59:59-10:00"))[0] == 200
