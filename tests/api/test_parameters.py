"""The parameters that actions and endpoints share."""

from datetime import UTC, datetime, timedelta
import math
from typing import Any

from aiohttp.test_utils import TestClient
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol
from yarl import URL

from custom_components.py_hab.api.parameters import (
    DEFAULT_LIMIT,
    END_BEFORE_START,
    point_in_time,
    span_of,
    whole_number,
)
from custom_components.py_hab.api.readings import Span
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


async def test_wrong_parameters_are_reported_with_the_reason(client: TestClient[Any, Any]) -> None:
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


@pytest.mark.parametrize(
    ("value", "number"), [(1, 1), (50, 50), (7.0, 7), ("7", 7), ("007", 7), ("50", 50)]
)
def test_a_whole_number_may_be_a_text(value: Any, number: int) -> None:
    found = whole_number(1, 50)(value)
    assert found == number
    assert isinstance(found, int)


@pytest.mark.parametrize(
    "value",
    [0, 51, 7.5, True, None, [], "", " 7", "+7", "-7", "7.0", "٣", "9" * 5000, math.nan, math.inf],
    ids=lambda value: repr(value)[:8],
)
def test_anything_else_is_no_whole_number(value: Any) -> None:
    with pytest.raises(vol.Invalid, match="must be a whole number from 1 to 50"):
        whole_number(1, 50)(value)


@pytest.mark.parametrize(
    ("value", "time"),
    [
        ("2026-03-20T18:00:00+01:00", "2026-03-20T17:00:00+00:00"),
        ("2026-03-20T18:00:00 01:00", "2026-03-20T17:00:00+00:00"),
        ("2026-03-20 18:00:00", "2026-03-20T17:00:00+00:00"),
        ("2026-07-20T18:00Z", "2026-07-20T18:00:00+00:00"),
        (datetime(2026, 7, 20, 18), "2026-07-20T16:00:00+00:00"),
        ("9999-12-31T23:59:59-10:00", "9999-12-31T23:59:59+00:00"),
    ],
)
async def test_a_time_is_returned_in_utc(
    hass: HomeAssistant, value: str | datetime, time: str
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    assert point_in_time(value).isoformat() == time


@pytest.mark.parametrize("value", ["", "yesterday", "2026-02-30T12:00", 5, None, b"2026-03-20"])
def test_anything_else_is_no_time(value: Any) -> None:
    with pytest.raises(vol.Invalid, match="must be a time such as"):
        point_in_time(value)


def test_without_parameters_the_newest_readings_are_wanted() -> None:
    assert span_of({}) == Span(start=None, end=None, limit=DEFAULT_LIMIT, offset=0)
    assert span_of({"limit": 3, "offset": 2}, default_limit=9).limit == 3
    assert span_of({}, default_limit=9).limit == 9


def test_a_time_range_may_be_empty_but_not_reversed() -> None:
    noon = datetime(2026, 3, 20, 12, tzinfo=UTC)
    assert span_of({"start": noon, "end": noon}).start == noon
    with pytest.raises(ServiceValidationError) as raised:
        span_of({"start": noon, "end": noon - timedelta(microseconds=1)})
    assert raised.value.translation_key == END_BEFORE_START
