"""Client for a FRITZ!Box: what it can be asked for.

`fritzbox/login_session` logs in and sends each request within one session, `fritzbox/connection` makes
HTTP of it. The client knows the two interfaces, AHA and REST, and how they refuse a request.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import quote

import aiohttp
from yarl import URL

from .fritzbox.connection import BoxConnection
from .fritzbox.device_stats import DeviceStats, parse_basic_statistics, parse_unit_statistics
from .fritzbox.devices import DeviceList, parse_device_list
from .fritzbox.errors import (
    FritzBoxConnectionError,
    InvalidAnswerError,
    RestNotOfferedError,
    SessionRefusedError,
)
from .fritzbox.login import BoxInfo, LoginRecord
from .fritzbox.login_session import REFUSALS, LoginSession
from .fritzbox.rest import (
    NO_PERMISSION,
    UID_NOT_FOUND,
    Overview,
    parse_error_code,
    parse_overview,
)
from .fritzbox.xml import MalformedAnswerError

_OVERVIEW: Final = "/smarthome/overview"


class FritzBoxClient:
    """Sends requests to one box, one at a time, within one session.

    Every method may raise FritzBoxConnectionError, FritzBoxCertificateError, NotAFritzBoxError,
    OtherBoxError and InvalidAnswerError. Methods that need a login may also raise
    SessionRefusedError, UnsafeChallengeError, LoginRejectedError, LoginBlockedError,
    LoginPostponedError and NotPermittedError.
    """

    def __init__(
        self, session: aiohttp.ClientSession, *, host: str, username: str, password: str
    ) -> None:
        """Initialize without sending anything. Raises ValueError for an invalid host."""
        self._connection = BoxConnection(session, host=host)
        self._session = LoginSession(self._connection, username=username, password=password)

    @property
    def url(self) -> URL:
        """The address of the box: scheme, host and port."""
        return self._connection.url

    @property
    def record(self) -> LoginRecord:
        """What is known from earlier logins (`LoginSession.record`)."""
        return self._session.record

    @record.setter
    def record(self, record: LoginRecord) -> None:
        self._session.record = record

    @property
    def has_session(self) -> bool:
        """Whether there is a session to log out of."""
        return self._session.is_open

    def is_for(self, other: FritzBoxClient) -> bool:
        """Return whether both have the same box and credentials, so that one can serve for both."""
        return self._session.is_for(other._session)

    async def box_info(self) -> BoxInfo:
        """Return model, version and serial number. Needs no login."""
        return await self._session.box_info()

    async def device_list(self) -> DeviceList:
        """Return all devices with their current values."""
        return self._parsed(await self._aha("getdevicelistinfos"), parse_device_list)

    async def overview(self) -> Overview:
        """Return what the device list lacks. May also raise RestNotOfferedError."""
        return self._parsed(await self._rest(_OVERVIEW), parse_overview)

    async def basic_statistics(self, ain: str) -> DeviceStats:
        """Return the AHA statistics of a device, by day and month. FRITZ!OS 6.98 and newer.

        The AIN may contain its blank. Raises FritzBoxConnectionError also for an unknown device, and
        on older boxes. The box may request the statistics by radio: ask for one device at a time,
        with pauses.
        """
        return self._parsed(await self._aha("getbasicdevicestats", ain=ain), parse_basic_statistics)

    async def unit_statistics(self, uid: str) -> DeviceStats:
        """Return the REST statistics of a unit (`RestDetails.unit`), down to steps of 15 minutes.

        May also raise RestNotOfferedError. Raises InvalidAnswerError for an unknown unit. For plugs
        the box requests the statistics by radio, and many requests at once disturb that (REST,
        helper_statistics_unit).
        """
        return self._parsed(await self._rest(f"{_OVERVIEW}/units", uid), parse_unit_statistics)

    async def logout(self) -> None:
        """End the session on the box. Never raises."""
        await self._session.close()

    async def _aha(self, command: str, **parameters: str) -> str:
        """Return the answer to an AHA command."""
        status, text = await self._session.request(
            lambda sid: self._connection.request(
                "/webservices/homeautoswitch.lua",
                {"switchcmd": command, **parameters, "sid": sid},
            )
        )
        if status in REFUSALS:
            raise SessionRefusedError(f"{command} was refused with status {status}")
        if status != 200:
            raise FritzBoxConnectionError(
                f"{command} was answered with status {status}", has_answered=True
            )
        return text

    async def _rest(self, path: str, uid: str | None = None) -> str:
        """Return the resource at a path of the REST API, or the one with a UID below that path."""
        # A UID contains an AIN, so error messages name the path without it.
        part = "" if uid is None else f"/{quote(uid, safe='', errors='replace')}"
        status, text = await self._session.request(
            lambda sid: self._connection.request(
                f"/api/v0{path}{part}", headers={"Authorization": f"AVM-SID {sid}"}
            )
        )
        # Older boxes answer with status 404, or with a web page.
        is_page = status == 200 and text.lstrip().startswith("<")
        code = None if status == 200 else parse_error_code(text)
        if code == UID_NOT_FOUND:
            raise InvalidAnswerError(f"{path} does not have what was asked for", text)
        if is_page or status in {400, 404} or 300 <= status < 400 or code == NO_PERMISSION:
            raise RestNotOfferedError(f"{path} was answered with status {status}, code {code}")
        if status in REFUSALS:
            raise SessionRefusedError(f"{path} was refused with status {status}")
        if status != 200:
            # 3012 while the box starts (evcc#29595), 3006 while it is busy.
            raise FritzBoxConnectionError(
                f"{path} was answered with status {status}, code {code}", has_answered=True
            )
        return text

    def _parsed[T](self, text: str, parse: Callable[[str], T]) -> T:
        """Return a parsed answer. Raises InvalidAnswerError."""
        try:
            return parse(text)
        except MalformedAnswerError as err:
            # The box may be restarting, which ends its sessions.
            self._session.verify_before_next_use()
            raise InvalidAnswerError(str(err), text) from err
