"""How a FRITZ!Box is asked for what its device list lacks: within the same careful session."""

from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest

from custom_components.py_hab.fritzbox.errors import (
    FritzBoxConnectionError,
    FritzBoxError,
    InvalidAnswerError,
    LoginPostponedError,
    NotPermittedError,
    RestNotOfferedError,
)
from custom_components.py_hab.fritzbox.rest import RelayFault, SmartMeterProblem
from custom_components.py_hab.fritzbox_api import FritzBoxClient
from simulator.fritzbox import (
    CUT,
    DEFAULT_USER,
    OLD_FRITZOS,
    OTHER_PASSWORD,
    OTHER_USER,
    Fault,
    Identity,
    SimulatedFritzBox,
)
from simulator.fritzbox_devices import BATH, IMPORT, REFRIGERATOR, SMOKE, WINDOW, WORKSHOP
from simulator.home import Home, ManualClock
from tests.support.box_clients import client_for

OVERVIEW = "/api/v0/smarthome/overview"
LOGIN_PAGE = "/login_sid.lua"


def paths(box: SimulatedFritzBox) -> list[str]:
    """Return what was asked for since the last time."""
    found = [request.path for request in box.requests]
    box.requests.clear()
    return found


def says(text: str) -> Fault:
    return Fault(edit=lambda _: text)


# What it reports


async def test_extras_are_reported_by_the_ains_of_the_device_list(
    client: FritzBoxClient, box: SimulatedFritzBox
) -> None:
    devices = (await client.device_list()).devices
    rest_details = (await client.overview()).details
    assert set(rest_details) == set(devices)
    assert len(box.logins) == 1, "both within one session"

    meter = devices[REFRIGERATOR].power_meter
    assert meter is not None
    assert meter.power is not None
    assert meter.voltage is not None
    assert rest_details[REFRIGERATOR].current == pytest.approx(
        meter.power / meter.voltage, abs=0.001
    )
    assert rest_details[REFRIGERATOR].relay_fault is RelayFault.NONE
    assert rest_details[IMPORT].smart_meter == frozenset()
    assert {ain for ain, each in rest_details.items() if each.firmware_update} == {WORKSHOP}
    assert rest_details[WORKSHOP].battery_powered is False
    assert rest_details[BATH].battery_powered is True
    assert rest_details[SMOKE.removesuffix("-1")].battery_powered is None
    assert rest_details[WINDOW].battery_powered is None, "its parent reports it"


async def test_troubles_of_devices(client: FritzBoxClient, box: SimulatedFritzBox) -> None:
    box.override_rest(REFRIGERATOR, outletState="relayStuck")
    box.override_rest(WORKSHOP, outletState="overcurrent", isUpdateAvailable=False)
    box.override_rest(IMPORT, smartmeterState=["scatteredLight"])
    rest_details = (await client.overview()).details
    assert rest_details[REFRIGERATOR].relay_fault is RelayFault.RELAY_STUCK
    assert rest_details[WORKSHOP].relay_fault is RelayFault.OVERCURRENT
    assert rest_details[WORKSHOP].firmware_update is False
    assert rest_details[IMPORT].smart_meter == frozenset({SmartMeterProblem.SCATTERED_LIGHT})


async def test_the_sid_is_sent_in_the_header_only(
    client: FritzBoxClient, box: SimulatedFritzBox
) -> None:
    await client.overview()
    request = box.requests[-1]
    assert (request.method, request.path, request.sid_valid) == ("GET", OVERVIEW, True)


# The session


async def test_a_live_session_is_not_verified(
    client: FritzBoxClient, box: SimulatedFritzBox
) -> None:
    await client.device_list()
    paths(box)
    await client.overview()
    assert paths(box) == [OVERVIEW]


async def test_an_ended_session_is_followed_by_one_silent_login(
    client: FritzBoxClient, box: SimulatedFritzBox
) -> None:
    await client.overview()
    box.end_sessions()
    paths(box)
    assert (await client.overview()).details
    assert paths(box) == [OVERVIEW, LOGIN_PAGE, LOGIN_PAGE, OVERVIEW]
    assert len(box.logins) == 2


async def test_a_refused_login_is_not_repeated_at_once(
    client: FritzBoxClient, box: SimulatedFritzBox
) -> None:
    await client.overview()
    box.end_sessions()
    box.set_password(DEFAULT_USER, "changed")
    for _ in range(2):
        with pytest.raises(LoginPostponedError):
            await client.overview()
    assert len(box.logins) == 2


async def test_a_refusal_that_stays_is_an_error_after_one_more_request(
    client: FritzBoxClient, box: SimulatedFritzBox
) -> None:
    box.fault(Fault(status=401), path=OVERVIEW)
    with pytest.raises(FritzBoxConnectionError):
        await client.overview()
    assert paths(box).count(OVERVIEW) == 2
    assert len(box.logins) == 1


async def test_users_without_the_right_are_reported_as_ever(
    session: aiohttp.ClientSession, box: SimulatedFritzBox
) -> None:
    client = client_for(session, box, OTHER_USER, OTHER_PASSWORD)
    with pytest.raises(NotPermittedError):
        await client.overview()
    assert OVERVIEW not in paths(box)


# Boxes without REST API


@pytest.fixture(params=[OLD_FRITZOS, (7, 57), (8, 2)], ids=str)
async def old_box(
    request: pytest.FixtureRequest, home: Home, clock: ManualClock, socket_enabled: None
) -> AsyncIterator[SimulatedFritzBox]:
    box = SimulatedFritzBox(
        home, clock, iterations=(1000, 1000), identity=Identity(fritzos=request.param)
    )
    await box.start()
    yield box
    await box.stop()


async def test_an_older_box_has_no_rest_api(old_box: SimulatedFritzBox) -> None:
    async with aiohttp.ClientSession() as session:
        client = client_for(session, old_box)
        devices = await client.device_list()
        with pytest.raises(RestNotOfferedError):
            await client.overview()
        assert (await client.device_list()).devices.keys() == devices.devices.keys()
        assert len(old_box.logins) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=400),
        Fault(status=404),
        Fault(status=302),
        says("<!DOCTYPE html><html></html>"),
        says("\n <html></html>"),
    ],
)
async def test_answers_of_a_box_that_does_not_know_the_path(
    client: FritzBoxClient, box: SimulatedFritzBox, fault: Fault
) -> None:
    box.fault(fault, path=OVERVIEW)
    with pytest.raises(RestNotOfferedError):
        await client.overview()


async def test_a_right_that_suffices_for_the_list_but_not_for_rest(
    client: FritzBoxClient, box: SimulatedFritzBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulator.fritzbox_answers._REST_RIGHTS", {"BoxAdmin"})
    box.set_rights(DEFAULT_USER, {"HomeAuto": 2})
    with pytest.raises(RestNotOfferedError):
        await client.overview()
    assert (await client.device_list()).devices
    assert len(box.logins) == 1


# Troubles of the box


async def test_a_box_that_starts_is_a_box_that_does_not_answer(
    client: FritzBoxClient, box: SimulatedFritzBox, clock: ManualClock
) -> None:
    await client.overview()
    box.reboot(timedelta(minutes=1), warm_up=timedelta(minutes=1))
    with pytest.raises(FritzBoxConnectionError):
        await client.overview()
    clock.advance(timedelta(minutes=1))
    with pytest.raises(FritzBoxConnectionError, match="3012"):
        await client.overview()
    clock.advance(timedelta(minutes=1))
    assert (await client.overview()).details


@pytest.mark.parametrize("status", [500, 503])
async def test_an_error_of_the_web_server_says_nothing_about_rest(
    client: FritzBoxClient, box: SimulatedFritzBox, status: int
) -> None:
    box.fault(Fault(status=status), path=OVERVIEW)
    with pytest.raises(FritzBoxConnectionError):
        await client.overview()


@pytest.mark.parametrize("fault", [CUT, says(""), says("[]"), says("not found")])
async def test_an_unreadable_answer_is_kept_for_the_debug_log(
    client: FritzBoxClient, box: SimulatedFritzBox, fault: Fault
) -> None:
    box.fault(fault, path=OVERVIEW, times=1)
    with pytest.raises(InvalidAnswerError) as caught:
        await client.overview()
    assert "{" not in str(caught.value)
    assert (await client.overview()).details


@pytest.mark.parametrize("fault", [CUT, Fault(drop=True), Fault(status=500), Fault(status=404)])
async def test_after_a_trouble_the_sid_is_verified(
    client: FritzBoxClient, box: SimulatedFritzBox, fault: Fault
) -> None:
    await client.device_list()
    box.fault(fault, path=OVERVIEW)
    with pytest.raises(FritzBoxError):
        await client.overview()
    box.clear_faults()
    paths(box)
    await client.overview()
    assert paths(box) == [LOGIN_PAGE, OVERVIEW]
    assert len(box.logins) == 1
