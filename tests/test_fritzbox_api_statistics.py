"""How a FRITZ!Box is asked for device statistics: over both ways, within the same careful session."""

from collections.abc import Iterable
from datetime import timedelta

import aiohttp
import pytest

from custom_components.py_hab.fritzbox.device_stats import DeviceStats, Series
from custom_components.py_hab.fritzbox.errors import (
    FritzBoxConnectionError,
    FritzBoxError,
    InvalidAnswerError,
    LoginPostponedError,
    RestNotOfferedError,
)
from custom_components.py_hab.fritzbox_api import FritzBoxClient
from simulator.fritzbox import (
    CUT,
    DEFAULT_USER,
    OLD_FRITZOS,
    Fault,
    Identity,
    SimulatedFritzBox,
)
from simulator.fritzbox_devices import (
    BLIND,
    CELLAR,
    GROUP,
    IMPORT,
    LIVING_ROOM,
    REFRIGERATOR,
    SWITCH,
    WORKSHOP,
)
from simulator.home import Home, ManualClock
from tests.support.box_clients import client_for

AHA = "/webservices/homeautoswitch.lua"
UNITS = "/api/v0/smarthome/overview/units"
LOGIN_PAGE = "/login_sid.lua"
COMMAND = "getbasicdevicestats"

QUARTER, SIX_HOURS, DAY, MONTH = 900, 21600, 86400, 2678400
NOTHING = DeviceStats()


def kwh(watt_hours: Iterable[float | None]) -> list[float | None]:
    """Return what the home counts in the unit of the parsers."""
    return [None if value is None else value / 1000 for value in watt_hours]


def paths(box: SimulatedFritzBox) -> list[str]:
    """Return what was asked for since the last time."""
    found = [request.path for request in box.requests]
    box.requests.clear()
    return found


def says(text: str) -> Fault:
    return Fault(edit=lambda _: text)


def by_step(series: tuple[Series, ...]) -> dict[int, list[float | None]]:
    return {one.step: list(one.values) for one in series}


# AHA


async def test_days_and_months_of_a_plug(
    client: FritzBoxClient, home: Home, clock: ManualClock
) -> None:
    found = await client.basic_statistics(REFRIGERATOR)
    assert by_step(found.energy) == {
        DAY: kwh(home.days("refrigerator", clock.now())),
        MONTH: kwh(home.months("refrigerator", clock.now())),
    }
    updated = clock.now().replace(microsecond=0)
    assert {series.at for series in (*found.energy, *found.temperature)} == {updated}
    assert {step: len(values) for step, values in by_step(found.temperature).items()} == {
        QUARTER: 96
    }
    assert found.humidity == ()


async def test_measurements_are_those_of_the_device_list(client: FritzBoxClient) -> None:
    devices = (await client.device_list()).devices
    found = await client.basic_statistics(SWITCH)
    assert found.energy == ()
    assert len(found.temperature[0].values) == len(found.humidity[0].values) == 96
    assert all(40 <= value <= 80 for value in found.humidity[0].values if value is not None)
    temperature = devices[SWITCH].temperature
    assert temperature is not None
    assert found.temperature[0].values[0] == pytest.approx(temperature, abs=1)


@pytest.mark.parametrize("ain", [REFRIGERATOR, REFRIGERATOR.replace(" ", ""), IMPORT, GROUP])
async def test_an_ain_is_understood_with_and_without_its_blank(
    client: FritzBoxClient, box: SimulatedFritzBox, ain: str
) -> None:
    assert by_step((await client.basic_statistics(ain)).energy).keys() == {DAY, MONTH}
    request = box.requests[-1]
    assert (request.path, request.switchcmd, request.ain) == (AHA, COMMAND, ain)


async def test_older_boxes_do_not_report_when_they_updated_their_series(
    session: aiohttp.ClientSession, home: Home, clock: ManualClock, socket_enabled: None
) -> None:
    box = SimulatedFritzBox(
        home, clock, iterations=(1000, 1000), identity=Identity(fritzos=(7, 29))
    )
    await box.start()
    try:
        found = await client_for(session, box).basic_statistics(REFRIGERATOR)
        assert [series.at for series in found.energy] == [None, None]
    finally:
        await box.stop()


@pytest.mark.parametrize("ain", [CELLAR, BLIND])
async def test_a_device_out_of_reach_and_one_without_device_statistics_report_nothing(
    client: FritzBoxClient, ain: str
) -> None:
    assert await client.basic_statistics(ain) == NOTHING


async def test_an_ain_that_the_box_does_not_know(
    client: FritzBoxClient, box: SimulatedFritzBox
) -> None:
    with pytest.raises(FritzBoxConnectionError, match="400") as caught:
        await client.basic_statistics("00000 0000000")
    assert "00000" not in str(caught.value)
    assert await client.basic_statistics(REFRIGERATOR) != NOTHING
    assert len(box.logins) == 1


async def test_days_of_a_silent_plug_are_as_old_as_they_say(
    client: FritzBoxClient, box: SimulatedFritzBox, home: Home, clock: ManualClock
) -> None:
    yesterday = clock.now() - timedelta(days=1)
    box.delay_statistics(REFRIGERATOR, timedelta(days=1))
    found = await client.basic_statistics(REFRIGERATOR)
    assert {series.at for series in found.energy} == {yesterday.replace(microsecond=0)}
    assert by_step(found.energy)[DAY] == kwh(home.days("refrigerator", yesterday))


# REST


async def test_quarters_six_hours_days_and_two_years_of_a_plug(
    client: FritzBoxClient, home: Home, clock: ManualClock
) -> None:
    found = await client.unit_statistics(REFRIGERATOR)
    now = clock.now()
    assert by_step(found.energy) == {
        QUARTER: kwh(home.slots("refrigerator", now, timedelta(seconds=QUARTER), 96)),
        SIX_HOURS: kwh(home.slots("refrigerator", now, timedelta(seconds=SIX_HOURS), 28)),
        DAY: kwh(home.days("refrigerator", now)),
        MONTH: kwh(value or 0 for value in home.months("refrigerator", now, 24)),
    }
    assert {series.at for series in found.energy} == {None}


@pytest.mark.parametrize("ain", [REFRIGERATOR, WORKSHOP, SWITCH, LIVING_ROOM])
async def test_both_ways_report_the_same(client: FritzBoxClient, ain: str) -> None:
    rest, aha = await client.unit_statistics(ain), await client.basic_statistics(ain)
    assert by_step(rest.temperature) == by_step(aha.temperature)
    assert by_step(rest.humidity) == by_step(aha.humidity)
    assert by_step(rest.energy).get(DAY) == by_step(aha.energy).get(DAY)


@pytest.mark.parametrize(
    "uid", [f"{IMPORT}_2", "a/b?c#d%2Fe&f=1+2", "../devices", "é;:@", "%", " "]
)
async def test_a_unit_is_asked_for_by_its_uid_whatever_is_in_it(
    client: FritzBoxClient, box: SimulatedFritzBox, uid: str
) -> None:
    box.override_rest(IMPORT, UID=uid)
    reported = (await client.overview()).details[IMPORT].unit
    assert reported == uid
    found = await client.unit_statistics(reported)
    assert len(found.energy) == 4
    assert box.requests[-1].path == f"{UNITS}/{uid}"


async def test_all_units_of_the_overview_can_be_asked_for(client: FritzBoxClient) -> None:
    for ain, rest_details in (await client.overview()).details.items():
        if rest_details.unit is not None:
            assert rest_details.unit == ain
            await client.unit_statistics(rest_details.unit)


async def test_the_sid_is_sent_in_the_header_only(
    client: FritzBoxClient, box: SimulatedFritzBox
) -> None:
    await client.unit_statistics(REFRIGERATOR)
    request = box.requests[-1]
    assert (request.method, request.path, request.sid_valid, request.ain) == (
        "GET",
        f"{UNITS}/{REFRIGERATOR}",
        True,
        None,
    )


@pytest.mark.parametrize("uid", [CELLAR, BLIND, GROUP])
async def test_units_that_report_nothing(client: FritzBoxClient, uid: str) -> None:
    assert await client.unit_statistics(uid) == NOTHING


async def test_a_silent_plug_and_a_confused_meter_report_nothing(
    client: FritzBoxClient, box: SimulatedFritzBox
) -> None:
    box.delay_statistics(REFRIGERATOR, timedelta(days=1))
    assert await client.unit_statistics(REFRIGERATOR) == NOTHING
    box.confuse_statistics(IMPORT)
    assert await client.unit_statistics(IMPORT) == NOTHING


@pytest.mark.parametrize("uid", ["00000 0000000", "", "..", "\ud800"], ids=ascii)
async def test_a_unit_that_the_box_does_not_know_says_nothing_about_rest(
    client: FritzBoxClient, box: SimulatedFritzBox, uid: str
) -> None:
    with pytest.raises(InvalidAnswerError) as caught:
        await client.unit_statistics(uid)
    assert "00000" not in str(caught.value)
    assert (await client.overview()).details
    assert len(box.logins) == 1


async def test_a_unit_that_was_removed_is_no_longer_known(
    client: FritzBoxClient, box: SimulatedFritzBox
) -> None:
    assert await client.unit_statistics(WORKSHOP) != NOTHING
    box.vanish(WORKSHOP)
    with pytest.raises(InvalidAnswerError, match="does not have"):
        await client.unit_statistics(WORKSHOP)


@pytest.mark.parametrize("fritzos", [OLD_FRITZOS, (8, 2)])
async def test_boxes_without_rest(
    session: aiohttp.ClientSession,
    home: Home,
    clock: ManualClock,
    socket_enabled: None,
    fritzos: tuple[int, int],
) -> None:
    box = SimulatedFritzBox(
        home, clock, iterations=(1000, 1000), identity=Identity(fritzos=fritzos)
    )
    await box.start()
    try:
        client = client_for(session, box)
        with pytest.raises(RestNotOfferedError) as caught:
            await client.unit_statistics(REFRIGERATOR)
        assert REFRIGERATOR not in str(caught.value)
        if fritzos == OLD_FRITZOS:
            with pytest.raises(FritzBoxConnectionError, match="400"):
                await client.basic_statistics(REFRIGERATOR)
        else:
            assert await client.basic_statistics(REFRIGERATOR) != NOTHING
    finally:
        await box.stop()


# Both


@pytest.fixture(params=["basic_statistics", "unit_statistics"])
def method(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def ask(client: FritzBoxClient, method: str, ain: str = REFRIGERATOR) -> DeviceStats:
    match method:
        case "basic_statistics":
            return await client.basic_statistics(ain)
        case _:
            return await client.unit_statistics(ain)


def path_of(method: str, ain: str = REFRIGERATOR) -> str:
    return AHA if method == "basic_statistics" else f"{UNITS}/{ain}"


async def test_an_ended_session_is_followed_by_one_silent_login(
    client: FritzBoxClient, box: SimulatedFritzBox, method: str
) -> None:
    first = await ask(client, method)
    box.end_sessions()
    paths(box)
    assert await ask(client, method) == first
    path = path_of(method)
    assert paths(box) == [path, LOGIN_PAGE, LOGIN_PAGE, path]
    assert len(box.logins) == 2


async def test_one_session_serves_all(
    client: FritzBoxClient, box: SimulatedFritzBox, method: str
) -> None:
    await client.device_list()
    paths(box)
    await ask(client, method)
    assert paths(box) == [path_of(method)]


async def test_a_refused_login_is_not_repeated_at_once(
    client: FritzBoxClient, box: SimulatedFritzBox, method: str
) -> None:
    await client.device_list()
    box.end_sessions()
    box.set_password(DEFAULT_USER, "changed")
    with pytest.raises(LoginPostponedError):
        await ask(client, method)
    assert len(box.logins) == 2


async def test_a_reset_counter_has_no_past(
    client: FritzBoxClient, box: SimulatedFritzBox, method: str
) -> None:
    box.reset_statistics(WORKSHOP)
    for values in by_step((await ask(client, method, WORKSHOP)).energy).values():
        assert not any(values)


@pytest.mark.parametrize(
    "fault", [CUT, says(""), says("inval"), says("[]")], ids=["cut", "empty", "inval", "list"]
)
async def test_an_unreadable_answer_is_kept_for_the_debug_log(
    client: FritzBoxClient, box: SimulatedFritzBox, method: str, fault: Fault
) -> None:
    await client.device_list()
    box.fault(fault, path=path_of(method), times=1)
    with pytest.raises(InvalidAnswerError) as caught:
        await ask(client, method)
    assert REFRIGERATOR not in str(caught.value)
    paths(box)
    assert await ask(client, method) != NOTHING
    assert paths(box) == [LOGIN_PAGE, path_of(method)], "the box may have restarted"
    assert len(box.logins) == 1


@pytest.mark.parametrize("fault", [Fault(drop=True), Fault(status=500), Fault(status=503)])
async def test_after_a_trouble_the_sid_is_verified(
    client: FritzBoxClient, box: SimulatedFritzBox, method: str, fault: Fault
) -> None:
    await client.device_list()
    box.fault(fault, path=path_of(method))
    with pytest.raises(FritzBoxConnectionError) as caught:
        await ask(client, method)
    assert REFRIGERATOR not in str(caught.value)
    box.clear_faults()
    paths(box)
    assert await ask(client, method) != NOTHING
    assert paths(box) == [LOGIN_PAGE, path_of(method)]


async def test_a_box_that_has_just_started_may_be_asked_again(
    client: FritzBoxClient, box: SimulatedFritzBox, clock: ManualClock, method: str
) -> None:
    box.reboot(timedelta(minutes=1), warm_up=timedelta(minutes=1))
    for _ in range(2):
        with pytest.raises(FritzBoxError):
            await ask(client, method)
        clock.advance(timedelta(minutes=1))
    assert await ask(client, method) != NOTHING
