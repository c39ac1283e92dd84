"""A simulated box that runs, and somebody who talks to it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final
from xml.etree.ElementTree import XML, Element

from aiohttp import ClientSession
import pytest

from simulator.fritzbox import DEFAULT_PASSWORD, DEFAULT_USER, SimulatedFritzBox
from simulator.fritzbox_login import expected_response
from simulator.home import Home, ManualClock

EVENING: Final = datetime(2026, 3, 20, 18, 7, 33, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(EVENING)


@pytest.fixture
def home() -> Home:
    return Home(installed=EVENING - timedelta(days=100))


@pytest.fixture
async def box(
    home: Home, clock: ManualClock, socket_enabled: None
) -> AsyncIterator[SimulatedFritzBox]:
    box = SimulatedFritzBox(home, clock, iterations=(1000, 1000), trust_forwarded_for=True)
    await box.start()
    yield box
    await box.stop()


class Client:
    """A program on some host of the home network."""

    def __init__(self, session: ClientSession, box: SimulatedFritzBox, address: str) -> None:
        self._session = session
        self._box = box
        self._headers = {"X-Forwarded-For": address}
        self.sid = ""

    async def get(self, path: str, **parameters: str) -> tuple[int, str]:
        url = f"{self._box.url}{path}"
        async with self._session.get(url, params=parameters, headers=self._headers) as answer:
            return answer.status, await answer.text()

    async def rest(self, path: str) -> tuple[int, int]:
        """Ask the REST API; return the status and the code of the error."""
        headers = {**self._headers, "Authorization": f"AVM-SID {self.sid}"}
        async with self._session.get(f"{self._box.url}/api/v0{path}", headers=headers) as answer:
            return answer.status, (await answer.json())["errors"][0]["code"]

    async def post(self, path: str, **form: str) -> tuple[int, str]:
        url = f"{self._box.url}{path}"
        async with self._session.post(url, data=form, headers=self._headers) as answer:
            return answer.status, await answer.text()

    async def info(self, **parameters: str) -> Element:
        """Ask the login page."""
        status, text = await self.get("/login_sid.lua", version="2", **parameters)
        assert status == 200
        return XML(text)

    async def respond(
        self, challenge: str, user: str = DEFAULT_USER, password: str = DEFAULT_PASSWORD
    ) -> Element:
        response = expected_response(challenge, password)
        status, text = await self.post("/login_sid.lua", username=user, response=response)
        assert status == 200
        info = XML(text)
        self.sid = info.findtext("SID", "")
        return info

    async def log_in(self, user: str = DEFAULT_USER, password: str = DEFAULT_PASSWORD) -> Element:
        """Ask for a challenge and respond to it."""
        return await self.respond((await self.info()).findtext("Challenge", ""), user, password)

    async def ask(self, command: str, ain: str = "", sid: str | None = None) -> tuple[int, str]:
        """Send an AHA command; the text comes without the line's end."""
        parameters = {"switchcmd": command, "sid": self.sid if sid is None else sid}
        if ain:
            parameters["ain"] = ain
        status, text = await self.get("/webservices/homeautoswitch.lua", **parameters)
        return status, text.strip()

    async def devices(self) -> Element:
        """Ask for the device list."""
        status, text = await self.ask("getdevicelistinfos")
        assert status == 200
        return XML(text)

    async def device(self, ain: str) -> Element:
        """Ask for the device list and pick one of it."""
        return next(entry for entry in await self.devices() if entry.get("identifier") == ain)

    async def statistics(self, ain: str) -> dict[tuple[str, int], list[str]]:
        """Ask for the values of each kind and grid."""
        status, text = await self.ask("getbasicdevicestats", ain)
        assert status == 200
        return {
            (kind.tag, int(stats.get("grid", ""))): (stats.text or "").split(",")
            for kind in XML(text)
            for stats in kind
        }


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


@pytest.fixture
def stranger(session: ClientSession, box: SimulatedFritzBox) -> Client:
    """A program on another host, not logged in."""
    return Client(session, box, "192.0.2.99")


@pytest.fixture
async def client(session: ClientSession, box: SimulatedFritzBox) -> Client:
    """A program that is logged in."""
    client = Client(session, box, "192.0.2.10")
    await client.log_in()
    return client
