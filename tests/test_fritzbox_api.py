"""What a FRITZ!Box is asked for, and for whom; its REST API and statistics have files of their own."""

import aiohttp
import pytest

from custom_components.py_hab.fritzbox.errors import FritzBoxConnectionError, InvalidAnswerError
from custom_components.py_hab.fritzbox_api import FritzBoxClient
from simulator.fritzbox import Fault, SimulatedFritzBox
from tests.support.box_clients import DROPPED, LIST, client_of


async def test_a_client_wants_an_address(session: aiohttp.ClientSession) -> None:
    with pytest.raises(ValueError, match="not an address"):
        client_of(session, "fritz box")


async def test_a_session_serves_whoever_asks_the_same_box_in_the_same_way(
    session: aiohttp.ClientSession,
) -> None:
    ours = client_of(session, "fritz.box")
    assert ours.is_for(ours)
    assert ours.is_for(client_of(session, "http://FRITZ.box:80/index.lua"))


@pytest.mark.parametrize(
    ("host", "username", "password"),
    [
        ("192.168.178.1", "anna", "secret"),
        ("https://fritz.box", "anna", "secret"),
        ("fritz.box:8080", "anna", "secret"),
        ("fritz.box", "", "secret"),
        ("fritz.box", "anna", "changed"),
    ],
    ids=["other host", "other scheme", "other port", "other user", "other password"],
)
async def test_a_session_does_not_serve_others(
    session: aiohttp.ClientSession, host: str, username: str, password: str
) -> None:
    ours = FritzBoxClient(session, host="fritz.box", username="anna", password="secret")
    other = FritzBoxClient(session, host=host, username=username, password=password)
    assert not ours.is_for(other)


async def test_who_verifies_certificates_does_not_share_with_who_does_not(
    session: aiohttp.ClientSession,
) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as trusting:
        assert not client_of(session, "fritz.box").is_for(client_of(trusting, "fritz.box"))


async def test_an_unreadable_answer_is_kept_for_the_log(
    client: FritzBoxClient, box: SimulatedFritzBox
) -> None:
    box.fault(Fault(edit=lambda _: "inval"), times=1, switchcmd=LIST)
    with pytest.raises(InvalidAnswerError, match="not XML") as caught:
        await client.device_list()
    assert caught.value.answer == "inval"
    assert "inval" not in str(caught.value)


async def test_errors_do_not_report_the_sid(client: FritzBoxClient, box: SimulatedFritzBox) -> None:
    await client.device_list()
    sid = box.sessions[0].sid
    box.fault(DROPPED)
    with pytest.raises(FritzBoxConnectionError) as caught:
        await client.device_list()
    assert sid not in str(caught.value)
