"""What a box reports without a login."""

from datetime import timedelta

import aiohttp
import pytest
from yarl import URL

from custom_components.py_hab.box import identity
from custom_components.py_hab.box.identity import (
    described_box,
    offers_smart_home,
    reported_serial,
)
from custom_components.py_hab.fritzbox.connection import MAX_ANSWER_BYTES
from custom_components.py_hab.fritzbox.login import BoxInfo
from simulator.fritzbox import Fault, Gate, SimulatedFritzBox
from tests.support.box_clients import DROPPED, answering, attempts, client_of, news


async def test_a_box_reports_its_serial_number_and_nobody_logs_in(
    session: aiohttp.ClientSession, box: SimulatedFritzBox
) -> None:
    assert await reported_serial(session, box.url) == box.identity.serial
    assert box.logins == []


@pytest.mark.parametrize(
    "fault", [Fault(status=404), Fault(status=500), Fault(edit=lambda _: "<html>")]
)
async def test_what_answers_without_a_number_is_no_known_box(
    session: aiohttp.ClientSession, box: SimulatedFritzBox, fault: Fault
) -> None:
    box.fault(fault)
    assert await reported_serial(session, box.url) == ""


async def test_nobody_answers(session: aiohttp.ClientSession, box: SimulatedFritzBox) -> None:
    await box.stop()
    assert await reported_serial(session, box.url) is None


async def test_what_is_no_address_reports_nothing(session: aiohttp.ClientSession) -> None:
    assert await reported_serial(session, "not an address") == ""


@pytest.mark.parametrize("fault", [Fault(status=404), Fault(edit=lambda _: "<html>")])
async def test_a_box_without_a_description_has_a_general_name(
    session: aiohttp.ClientSession, box: SimulatedFritzBox, fault: Fault
) -> None:
    client = client_of(session, box.url)
    assert (await described_box(client)).model == box.identity.name
    box.fault(fault)
    general = BoxInfo(model="FRITZ!Box", firmware_version=None, serial="")
    assert await described_box(client) == general


# What a discovered device offers


async def test_a_box_offers_smart_home(
    session: aiohttp.ClientSession, box: SimulatedFritzBox
) -> None:
    assert await offers_smart_home(session, URL(box.url) / "igddesc.xml")
    assert news(box) == ["/tr64desc.xml"]


async def test_a_repeater_offers_none(
    session: aiohttp.ClientSession, box: SimulatedFritzBox
) -> None:
    box.fault(Fault(edit=lambda text: text.replace("X_AVM-DE_Homeauto", "X_AVM-DE_WLAN")))
    assert not await offers_smart_home(session, URL(box.url) / "igddesc.xml")


@pytest.mark.parametrize(
    "fault",
    [
        DROPPED,
        Fault(status=404),
        Fault(status=401),
        Fault(status=302),
        Fault(edit=lambda _: " " * (MAX_ANSWER_BYTES + 1)),
    ],
    ids=["dropped", "404", "401", "redirect", "endless"],
)
async def test_whoever_does_not_report_may_have_smart_home(
    session: aiohttp.ClientSession, box: SimulatedFritzBox, fault: Fault
) -> None:
    box.fault(fault)
    assert await offers_smart_home(session, URL(box.url) / "igddesc.xml")
    assert len(box.requests) == attempts(fault)


async def test_a_description_that_never_arrives_reports_nothing(
    session: aiohttp.ClientSession, box: SimulatedFritzBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    box.fault(Fault(gate=gate), times=1)
    monkeypatch.setattr(identity, "REQUEST_TIMEOUT", timedelta(milliseconds=100))
    assert await offers_smart_home(session, URL(box.url) / "igddesc.xml")
    gate.open()


@pytest.mark.parametrize(
    "text", [b"", b"SSH-2.0-OpenSSH_10.2\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<"]
)
async def test_what_is_no_web_server_reports_nothing(
    session: aiohttp.ClientSession, text: bytes
) -> None:
    async with answering(text) as address:
        assert await offers_smart_home(session, URL(f"http://{address}/igddesc.xml"))


@pytest.mark.parametrize("address", ["", "/igddesc.xml", "ftp://192.168.178.1/igddesc.xml"])
async def test_an_address_that_nobody_can_ask_reports_nothing(
    session: aiohttp.ClientSession, address: str
) -> None:
    assert await offers_smart_home(session, URL(address))
