"""How a box introduces itself, and what else may answer at its address."""

import asyncio
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from custom_components.py_hab.fritzbox import connection
from custom_components.py_hab.fritzbox.errors import (
    FritzBoxCertificateError,
    FritzBoxConnectionError,
    FritzBoxError,
    InvalidAnswerError,
    NotAFritzBoxError,
)
from custom_components.py_hab.fritzbox.login import BoxInfo
from custom_components.py_hab.fritzbox_api import FritzBoxClient
from simulator.fritzbox import MALFORMED, Fault, Gate, SimulatedFritzBox
from simulator.home import Home, ManualClock
from tests.support.box_clients import (
    DROPPED,
    LOGIN_PAGE,
    TOO_LARGE,
    answering,
    attempts,
    client_for,
    client_of,
    news,
)
from tests.support.certificates import own_certificate

BOX_INFO = "/jason_boxinfo.xml"


# The introduction


async def test_the_box_introduces_itself_without_login(
    client: FritzBoxClient, box: SimulatedFritzBox
) -> None:
    assert await client.box_info() == BoxInfo(
        model=box.identity.name,
        firmware_version=box.identity.version,
        serial=box.identity.serial,
    )
    assert news(box) == [BOX_INFO]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(status=404), NotAFritzBoxError),
        (Fault(status=301), NotAFritzBoxError),
        (Fault(status=403), FritzBoxConnectionError),
        (Fault(status=503), FritzBoxConnectionError),
        (DROPPED, FritzBoxConnectionError),
        (Fault(edit=lambda _: "<html/>"), InvalidAnswerError),
        (MALFORMED, InvalidAnswerError),
        (TOO_LARGE, InvalidAnswerError),
    ],
    ids=["404", "redirect", "403", "503", "dropped", "html", "malformed", "too large"],
)
async def test_an_introduction_that_fails(
    client: FritzBoxClient, box: SimulatedFritzBox, fault: Fault, error: type[FritzBoxError]
) -> None:
    box.fault(fault, times=attempts(fault))
    with pytest.raises(FritzBoxError) as caught:
        await client.box_info()
    assert type(caught.value) is error
    assert await client.box_info()


# Connections


@pytest.mark.parametrize("path", [LOGIN_PAGE, "/webservices/homeautoswitch.lua"])
async def test_a_box_that_does_not_answer_in_time(
    client: FritzBoxClient, box: SimulatedFritzBox, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    await client.box_info()
    gate = Gate()
    box.fault(Fault(gate=gate), times=1, path=path)
    with monkeypatch.context() as patience:
        patience.setattr(connection, "REQUEST_TIMEOUT", timedelta(milliseconds=100))
        with pytest.raises(FritzBoxConnectionError, match="no answer in time"):
            await client.device_list()
    gate.open()
    assert (await client.device_list()).devices


async def test_a_box_that_is_off(client: FritzBoxClient, box: SimulatedFritzBox) -> None:
    port = box.port
    await box.stop()
    for ask in (client.device_list, client.box_info):
        with pytest.raises(FritzBoxConnectionError, match="no connection"):
            await ask()
    await box.start(port)
    assert (await client.device_list()).devices


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"", FritzBoxConnectionError),
        (b"SSH-2.0-OpenSSH_10.2\r\n", NotAFritzBoxError),
        (b"\x15\x03\x01\x00\x02\x02\x46", NotAFritzBoxError),
        (b"HTTP/1.1 yes\r\n\r\n", NotAFritzBoxError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", NotAFritzBoxError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<Session", FritzBoxConnectionError),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", NotAFritzBoxError),
        (b"HTTP/1.1 200 OK\r\n\r\n\xff\xfe\x00", NotAFritzBoxError),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", NotAFritzBoxError),
    ],
    ids=[
        "nothing",
        "SSH",
        "TLS alert",
        "wrong status",
        "endless header",
        "cut body",
        "redirect",
        "no text",
        "no body",
    ],
)
async def test_whoever_else_answers_is_no_box(
    session: aiohttp.ClientSession, text: bytes, error: type[FritzBoxError]
) -> None:
    async with answering(text) as address:
        with pytest.raises(FritzBoxError) as caught:
            await client_of(session, address).device_list()
    assert type(caught.value) is error


async def test_a_name_that_nobody_has_is_a_missing_connection(
    session: aiohttp.ClientSession,
) -> None:
    client = client_of(session, f"{'x' * 64}.invalid")
    with pytest.raises(FritzBoxConnectionError):
        await client.box_info()


# TLS


async def test_a_certificate_of_its_own_is_an_error_of_its_own(
    session: aiohttp.ClientSession, home: Home, clock: ManualClock, tmp_path: Path
) -> None:
    tls = await asyncio.to_thread(own_certificate, tmp_path)
    box = SimulatedFritzBox(home, clock, iterations=(1000, 1000), tls=tls)
    await box.start()
    with pytest.raises(FritzBoxCertificateError):
        await client_for(session, box).device_list()
    assert news(box) == [], "the password is for the box only"

    connector = aiohttp.TCPConnector(ssl=False)
    async with aiohttp.ClientSession(connector=connector) as trusting:
        assert (await client_for(trusting, box).device_list()).devices
    await box.stop()


async def test_https_where_only_http_is_spoken_is_no_matter_of_certificates(
    session: aiohttp.ClientSession, box: SimulatedFritzBox
) -> None:
    with pytest.raises(FritzBoxConnectionError) as caught:
        await client_of(session, f"https://{box.host}").box_info()
    assert type(caught.value) is FritzBoxConnectionError


async def test_http_where_only_https_is_spoken_is_no_box(
    session: aiohttp.ClientSession, home: Home, clock: ManualClock, tmp_path: Path
) -> None:
    tls = await asyncio.to_thread(own_certificate, tmp_path)
    box = SimulatedFritzBox(home, clock, tls=tls)
    await box.start()
    with pytest.raises(FritzBoxError):
        await client_of(session, box.host).box_info()
    await box.stop()
