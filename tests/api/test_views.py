"""The endpoints of the old server, asked as its clients ask them."""

from datetime import timedelta
from typing import Any

from aiohttp.test_utils import TestClient
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from yarl import URL

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.history.planning.change import ChangeReason
from custom_components.py_hab.history.planning.rows import SumRow
from custom_components.py_hab.history.statistics.editor import get_editor
from custom_components.py_hab.history.statistics.gateway import Statistic
from homeassistant.components.recorder import get_instance
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import BATH, REFRIGERATOR, WINDOW
from tests.support.api import FRIDGE, get, got
from tests.support.changing import write
from tests.support.living import recorded
from tests.support.measured_home import (
    ENERGY,
    HOUR,
    POWER,
    TEMPERATURE,
    refusing,
    this_hour,
    write_hours,
)
from tests.support.passing_time import Time

SERIES_FIELDS = [
    "device",
    "sub_entity",
    "device_name",
    "product_name",
    "manufacturer",
    "firmware_version",
    "unit",
    "cumulative",
]
READING_FIELDS = ["id", "device", "topic", "entity", "sub_entity", "time", "amount"]
PROFILE_FIELDS = [
    "device",
    "sub_entity",
    "name",
    "sub_key",
    "unit",
    "sum_amount",
    "count",
    "avg_amount",
    "min_amount",
    "max_amount",
    "time",
]
UNKNOWN_PATHS = [
    "",
    "nothing",
    "devices/",
    "devices/x",
    "jobs/x",
    "mesurement",
    "mesurement/",
    "mesurement//E_in",
    "mesurement/a/b/c",
    "measurement/a/",
    "statistics/a",
    "statistics/a/b",
    "statistics/a/b/Hour/c",
    "openapi.yaml",
]
UNKNOWN_DEVICES = [
    "nobody",
    "..%5C..%5Cetc",
    "a%2Fb",
    "x%00y",
    "%ff",
    "%ED%A0%80",
    "x' OR 1=1",
    "%F0%9F%94%8C",
    "x" * 4000,
    "-",
]


# What the old server reported


async def test_all_series_are_listed_by_device(client: TestClient[Any, Any]) -> None:
    found = await got(client, "devices")
    assert all(list(item) == SERIES_FIELDS for item in found)
    assert [item["device"] for item in found] == sorted(item["device"] for item in found)
    [fridge] = [
        item for item in found if item["device"] == REFRIGERATOR and item["sub_entity"] == "Energy"
    ]
    assert fridge == {
        "device": "11630 0714031",
        "sub_entity": "Energy",
        "device_name": "Kühlschrank",
        "product_name": "FRITZ!Smart Energy 200",
        "manufacturer": "AVM",
        "firmware_version": fridge["firmware_version"],
        "unit": "kWh",
        "cumulative": True,
    }
    series = [(item["device"], item["sub_entity"]) for item in found]
    assert len(series) == len(set(series))
    assert await got(client, "devices", limit=2, offset=1) == found[1:3]
    assert await got(client, "devices", offset=len(found)) == []


async def test_readings_come_newest_first(
    time: Time, hass: HomeAssistant, client: TestClient[Any, Any]
) -> None:
    for minute in range(3):
        await time.passes(hass, timedelta(minutes=1))
        hass.states.async_set(POWER, str(80 + minute), {"unit_of_measurement": "W"})
    await recorded(hass)
    path = f"mesurement/{FRIDGE}/Power"
    found = await got(client, path)
    assert await got(client, path.replace("mes", "meas")) == found
    assert [item["amount"] for item in found[::-1] if item["amount"] >= 80][-1] == 82.0
    assert all(list(item) == READING_FIELDS for item in found)
    times = [item["time"] for item in found]
    assert times == sorted(times, reverse=True)
    assert found[-1] | {"id": "", "amount": 0} == {
        "id": "",
        "device": REFRIGERATOR,
        "topic": "",
        "entity": "Switch Kühlschrank",
        "sub_entity": "Power",
        # The home's time, without an offset.
        "time": "2026-03-20T19:07:33",
        "amount": 0,
    }
    assert isinstance(found[-1]["amount"], float)
    assert await got(client, path, limit=1, offset=1) == found[1:2]
    assert await got(client, path, start="2026-03-20T19:07:34") == found[:-1]
    assert await got(client, path, end="2026-03-20T18:07:34Z") == found[-1:]


async def test_readings_of_a_device_are_those_of_all_its_series(
    time: Time, hass: HomeAssistant, client: TestClient[Any, Any]
) -> None:
    await time.passes(hass, timedelta(minutes=5))
    await recorded(hass)
    whole = await got(client, f"measurement/{FRIDGE}", limit=50_000)
    assert await got(client, f"mesurement/{FRIDGE}") == whole
    assert {item["sub_entity"] for item in whole} >= {"Energy", "Power", "Temperature"}
    energy = await got(client, f"mesurement/{FRIDGE}/Energy")
    assert [item for item in whole if item["sub_entity"] == "Energy"] == energy
    pages = [
        await got(client, f"mesurement/{FRIDGE}", limit=3, offset=3 * page)
        for page in range(len(whole) // 3 + 2)
    ]
    assert [item for page in pages for item in page] == whole
    assert pages[-1] == []
    device = WINDOW.replace(" ", "%20")
    [window] = await got(client, f"mesurement/{device}/State")
    assert window["amount"] in {0.0, 1.0}
    assert window["entity"].startswith("Control ")


async def test_profiles_have_the_old_names(
    hass: HomeAssistant, client: TestClient[Any, Any]
) -> None:
    await write_hours(hass)
    for name, keys in (
        ("Hour", [f"{hour:02}" for hour in range(24)]),
        ("Day", ["Wed", "Thu", "Fri"]),
        ("Month", ["03"]),
    ):
        found = await got(client, f"statistics/{FRIDGE}/Energy/{name}")
        assert all(list(item) == PROFILE_FIELDS for item in found)
        assert [item["sub_key"] for item in found] == keys
        assert sum(item["count"] for item in found) == 48
        last = found[-1]
        assert last["avg_amount"] == pytest.approx(last["sum_amount"] / last["count"], abs=1e-5)
        assert last | {"count": 0, "sum_amount": 0, "avg_amount": 0, "min_amount": 0} == {
            "device": REFRIGERATOR,
            "sub_entity": "Energy",
            "name": name,
            "sub_key": keys[-1],
            "unit": "W",
            "sum_amount": 0,
            "count": 0,
            "avg_amount": 0,
            "min_amount": 0,
            "max_amount": 100.0,
            "time": last["time"],
        }
        assert last["time"].startswith("2026-03-20T19:07:")


async def test_profiles_may_be_of_a_time(hass: HomeAssistant, client: TestClient[Any, Any]) -> None:
    await write_hours(hass, TEMPERATURE, "°C")
    start = dt_util.as_local(this_hour() - 3 * HOUR).replace(tzinfo=None)
    found = await got(
        client,
        f"statistics/{BATH.replace(' ', '%20')}/Temperature/Hour",
        start=start.isoformat(),
        end=(start + HOUR).isoformat(),
    )
    assert [(item["sub_key"], item["avg_amount"], item["unit"]) for item in found] == [
        (f"{start:%H}", 20.0, "°C")
    ]


async def test_jobs_are_those_of_all_entries(
    client: TestClient[Any, Any], entry: MockConfigEntry
) -> None:
    found = await got(client, "jobs")
    assert all(list(item) == ["id", "func", "trigger", "next_run_time"] for item in found)
    assert [item["func"] for item in found] == ["poll", "extras", "backfill", "statistics_check"]
    poll, *_, check = found
    assert poll["id"] == f"{entry.entry_id}_poll"
    assert poll["trigger"] == "interval[0:01:00]"
    assert poll["next_run_time"].startswith("2026-03-20T19:08:3")
    assert poll["next_run_time"].endswith("+01:00")
    assert check["next_run_time"] is None


# Who may ask


async def test_nobody_is_answered_without_a_token(
    entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator
) -> None:
    client = await hass_client_no_auth()
    for path in ("devices", "jobs", f"mesurement/{FRIDGE}", "statistics/a/b/Hour", "", "nothing"):
        response = await client.get(URL(f"/api/py_hab/{path}", encoded=True))
        assert response.status == 401
        assert "<" not in await response.text()


async def test_users_see_what_they_may_see_and_are_not_taken_for_burglars(
    hass: HomeAssistant,
    client: TestClient[Any, Any],
    hass_admin_user: MockUser,
    caplog: pytest.LogCaptureFixture,
) -> None:
    hass_admin_user.groups = []
    hass_admin_user.mock_policy({"entities": {"entity_ids": {TEMPERATURE: {"read": True}}}})
    await write_hours(hass)
    assert [(item["device"], item["sub_entity"]) for item in await got(client, "devices")] == [
        (BATH, "Temperature")
    ]
    device = BATH.replace(" ", "%20")
    whole = await got(client, f"mesurement/{device}")
    assert {item["sub_entity"] for item in whole} == {"Temperature"}
    for path in (
        f"mesurement/{device}/Battery",
        f"mesurement/{FRIDGE}",
        f"statistics/{FRIDGE}/Energy/Hour",
    ):
        status, answer = await get(client, path)
        assert (status, answer) == (403, {"message": "This user may not see it"})
    assert (await get(client, "mesurement/nobody"))[0] == 404
    for _ in range(10):
        assert (await get(client, f"mesurement/{FRIDGE}"))[0] == 403
    assert "invalid authentication" not in caplog.text


# What cannot be answered


async def test_what_there_is_not_is_reported_in_json(client: TestClient[Any, Any]) -> None:
    for path in UNKNOWN_PATHS:
        assert await get(client, path) == (404, {"message": "There is no such endpoint"}), path
    for device in UNKNOWN_DEVICES:
        for path in ("mesurement/{}", "measurement/{}/E_in", "statistics/{}/x/Hour"):
            status, answer = await get(client, path.format(device.replace(" ", "%20")))
            assert status == 404, (device, path)
            assert answer["message"].startswith("There is no series ")
    for name in ("hour", "Year", "Hour%20", "%00"):
        assert await get(client, f"statistics/{FRIDGE}/Energy/{name}") == (
            400,
            {"message": "the name must be one of Hour, Day, Month"},
        ), name
    # A series without statistics has an empty profile.
    assert await got(client, f"statistics/{WINDOW.replace(' ', '%20')}/State/Day") == []


async def test_a_busy_recorder_is_an_error(
    hass: HomeAssistant, client: TestClient[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (f"mesurement/{FRIDGE}", f"statistics/{FRIDGE}/Energy/Hour"):
        with monkeypatch.context() as patch:
            patch.setattr(get_instance(hass), "get_session", refusing)
            status, answer = await get(client, path)
        assert status == 503, path
        assert answer["message"].startswith("The database of Home Assistant is not responding")


async def test_without_a_recorder_series_are_listed_but_have_no_readings(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    assert await async_setup_component(hass, "http", {})
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    client = await hass_client()
    assert await got(client, "devices")
    assert await got(client, "jobs")
    status, answer = await get(client, f"mesurement/{FRIDGE}")
    assert status == 503
    assert answer["message"].startswith("The recorder of Home Assistant is not running")


async def test_a_home_without_a_web_server_is_set_up(
    time: Time, hass: HomeAssistant, fritzbox_entry: MockConfigEntry
) -> None:
    assert not hasattr(hass, "http") or hass.http is None
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    assert hass.services.has_service(DOMAIN, "get_devices")


async def test_spread_hours_are_marked_in_readings_and_left_out_of_profiles(
    hass: HomeAssistant, client: TestClient[Any, Any]
) -> None:
    await write_hours(hass)
    first = int(this_hour().timestamp()) - 10 * 3600
    counter = Statistic(id=ENERGY, unit="kWh", has_sum=True)
    rows = [SumRow(first + number * 3600, 9.0, 9.0) for number in range(4)]
    await write(get_editor(hass), counter, rows, ChangeReason.OUTAGE)
    path = f"statistics/{FRIDGE}/Energy/Month"
    (group,) = await got(client, path)
    assert group["count"] == 44
    (group,) = await got(client, path, include_spread="true")
    assert group["count"] == 48
    path = f"mesurement/{FRIDGE}/Energy"
    assert list((await got(client, path, limit=1))[0]) == READING_FIELDS
    found = await got(client, path, origin="true", limit=100)
    assert sum(item["origin"] == "spread" for item in found) == 4
    status, answer = await get(client, path, origin="perhaps")
    assert (status, answer["message"].split()[0]) == (400, "origin")
