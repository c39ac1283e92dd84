"""What a box reports without a login; `offers_smart_home` is tested beside the client."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from custom_components.py_hab.box.identity import reported_serial
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_faults import Fault


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


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
