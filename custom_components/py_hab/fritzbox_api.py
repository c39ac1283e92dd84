"""How to ask a FRITZ!Box: one careful session, and its requests.

The box ends every session of an address that sends a dead SID, other programs' included, and
locks its user out after failed logins. So a SID is verified after a pause or a refusal, a login
is made once for each need, and nothing is sent while the box blocks logins.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
import logging
import time
from typing import Final
from urllib.parse import quote

import aiohttp
from yarl import URL

from .fritzbox.address import base_url
from .fritzbox.device_stats import DeviceStats, parse_basic_statistics, parse_unit_statistics
from .fritzbox.devices import DeviceList, parse_device_list
from .fritzbox.login import (
    BoxInfo,
    SessionInfo,
    challenge_response,
    parse_box_info,
    parse_session_info,
)
from .fritzbox.rest import (
    NO_PERMISSION,
    UID_NOT_FOUND,
    RestDetails,
    parse_error_code,
    parse_overview,
)
from .fritzbox.xml import MalformedAnswerError

_LOGGER = logging.getLogger(__name__)

REQUEST_TIMEOUT: Final = timedelta(seconds=20)
"""Older boxes take more than ten seconds for a long list (home-assistant core#159545)."""
VERIFY_AFTER: Final = timedelta(minutes=15)
"""The box forgets a SID that rested for 20 minutes (AVM's help page on session ids)."""
VERIFY_FOR: Final = timedelta(hours=1)
"""So long a SID is verified before each use once it was refused: somebody at our address has ended
it, and may do so again."""
MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
_REFUSALS: Final = frozenset({401, 403})
"""The REST API's status for a dead SID, and AHA's for that and for a missing right."""


class FritzBoxError(Exception):
    """Base of all that can go wrong with a box."""


class FritzBoxConnectionError(FritzBoxError):
    """The box does not answer, or answers with an error."""


class SessionRefusedError(FritzBoxConnectionError):
    """The box has refused a session that it had just opened or confirmed."""


class FritzBoxCertificateError(FritzBoxConnectionError):
    """The box's certificate is not trusted."""


class NotAFritzBoxError(FritzBoxError):
    """Something answers, but it is no FRITZ!Box."""


class LoginRejectedError(FritzBoxError):
    """User or password are wrong. Must not be tried again with the same."""


class LoginBlockedError(FritzBoxError):
    """The box refuses logins for a while after failed ones."""

    def __init__(self, retry_after: timedelta) -> None:
        """Tell how long the box will refuse."""
        super().__init__(f"logins are blocked for {retry_after.total_seconds():.0f} s")
        self.retry_after = retry_after


class NotPermittedError(FritzBoxError):
    """The user lacks the Smart Home right."""


class RestNotOfferedError(FritzBoxError):
    """The box has no REST API (FRITZ!OS before 8.20), or not for this user."""


class InvalidAnswerError(FritzBoxError):
    """The box has answered, but not with what was asked for. Holds the text in `answer`."""

    def __init__(self, reason: str, answer: str) -> None:
        """Keep the answer for a debug log: it may contain AINs and names."""
        super().__init__(reason)
        self.answer = answer


async def offers_smart_home(session: aiohttp.ClientSession, description: URL) -> bool:
    """Tell from a UPnP description's address whether the device there has smart home.

    Repeaters announce themselves as boxes do, too. True also when it does not tell, since
    access for applications can be switched off.
    """
    try:
        async with session.get(
            description.with_path("/tr64desc.xml"),
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT.total_seconds()),
        ) as response:
            return response.status != 200 or "X_AVM-DE_Homeauto" in await _body(response)
    except aiohttp.ClientError, FritzBoxError, OSError, ValueError:
        return True


async def _body(response: aiohttp.ClientResponse) -> str:
    """Return the text of an answer. Raises InvalidAnswerError if it has no end."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise InvalidAnswerError("the answer is too large", "")
    return body.decode(errors="replace")


class FritzBoxClient:
    """Asks one box, one request after the other, within one session.

    Every method may raise FritzBoxConnectionError (FritzBoxCertificateError),
    NotAFritzBoxError or InvalidAnswerError; those that need a login also LoginRejectedError,
    LoginBlockedError and NotPermittedError.
    """

    def __init__(
        self, session: aiohttp.ClientSession, *, host: str, username: str, password: str
    ) -> None:
        """Prepare for a box; nothing is sent yet. Raises ValueError for an impossible host."""
        self._session = session
        self._username = username
        self._password = password
        self.url = base_url(host)
        self._sid = ""
        self._last_use = 0.0
        self._needs_verification = False
        self._rejected = False
        self._verify_until = 0.0
        self._lock = asyncio.Lock()

    @property
    def has_session(self) -> bool:
        """Whether there is something to log out of."""
        return bool(self._sid)

    def is_for(self, other: FritzBoxClient) -> bool:
        """Whether both would ask the same box in the same way, so that a session serves both."""
        return (self._session, self.url, self._username, self._password) == (
            other._session,
            other.url,
            other._username,
            other._password,
        )

    async def box_info(self) -> BoxInfo:
        """Return model, version and serial number; needs no login."""
        async with self._lock:
            text = await self._text("/jason_boxinfo.xml")
        try:
            return parse_box_info(text)
        except MalformedAnswerError as err:
            raise InvalidAnswerError(str(err), text) from err

    async def device_list(self) -> DeviceList:
        """Return all devices with their present values."""
        text = await self._aha("getdevicelistinfos")
        try:
            return parse_device_list(text)
        except MalformedAnswerError as err:
            # A box that restarts answers like this too.
            self._needs_verification = True
            raise InvalidAnswerError(str(err), text) from err

    async def rest_details(self) -> Mapping[str, RestDetails]:
        """Return what the device list lacks, by AIN. May also raise RestNotOfferedError."""
        text = await self._rest("/smarthome/overview")
        try:
            return parse_overview(text)
        except MalformedAnswerError as err:
            self._needs_verification = True
            raise InvalidAnswerError(str(err), text) from err

    async def basic_statistics(self, ain: str) -> DeviceStats:
        """Return what the box remembers of a device: days and months. FRITZ!OS 6.98 and newer.

        The AIN may be written with its blank. A device that the box does not know, and older boxes,
        are a FritzBoxConnectionError. The box may fetch it over its radio: ask one device after the
        other, and slowly.
        """
        return self._statistics(
            await self._aha("getbasicdevicestats", ain=ain), parse_basic_statistics
        )

    async def unit_statistics(self, uid: str) -> DeviceStats:
        """Return what the REST API remembers of a unit (`Extras.unit`): down to 15 minutes.

        May also raise RestNotOfferedError; a unit that the box does not know is an
        InvalidAnswerError. For plugs the box asks by radio, and many requests at once disturb it
        (REST, helper_statistics_unit).
        """
        return self._statistics(
            await self._rest("/smarthome/overview/units", uid), parse_unit_statistics
        )

    def _statistics(self, text: str, parse: Callable[[str], DeviceStats]) -> DeviceStats:
        try:
            return parse(text)
        except MalformedAnswerError as err:
            self._needs_verification = True
            raise InvalidAnswerError(str(err), text) from err

    async def logout(self) -> None:
        """End the session, so that the box need not keep it. Never raises."""
        async with self._lock:
            await self._end_session()

    async def _end_session(self) -> None:
        sid, self._sid = self._sid, ""
        if not sid:
            return
        try:
            await self._text("/login_sid.lua", {"version": "2", "logout": "1", "sid": sid})
        except FritzBoxError as err:
            _LOGGER.debug("Logout failed: %s", err)

    async def _aha(self, command: str, **parameters: str) -> str:
        """Return the answer to an AHA command."""
        status, text = await self._in_session(
            lambda: self._request(
                "/webservices/homeautoswitch.lua",
                {"switchcmd": command, **parameters, "sid": self._sid},
            )
        )
        if status in _REFUSALS:
            raise SessionRefusedError(f"{command} was refused with status {status}")
        if status != 200:
            raise FritzBoxConnectionError(f"{command} was answered with status {status}")
        return text

    async def _rest(self, path: str, uid: str | None = None) -> str:
        """Return what stands at a path of the REST API, or what a UID names there."""
        # A UID contains an AIN: it is quoted for the request, and missing in all messages.
        part = "" if uid is None else f"/{quote(uid, safe='', errors='replace')}"
        status, text = await self._in_session(
            lambda: self._request(
                f"/api/v0{path}{part}", headers={"Authorization": f"AVM-SID {self._sid}"}
            )
        )
        # Older boxes do not know the path, or show a web page for it.
        is_page = status == 200 and text.lstrip().startswith("<")
        code = None if status == 200 else parse_error_code(text)
        if code == UID_NOT_FOUND:
            raise InvalidAnswerError(f"{path} does not have what was asked for", text)
        if is_page or status in {400, 404} or 300 <= status < 400 or code == NO_PERMISSION:
            raise RestNotOfferedError(f"{path} was answered with status {status}, code {code}")
        if status in _REFUSALS:
            raise SessionRefusedError(f"{path} was refused with status {status}")
        if status != 200:
            # 3012 while the box starts (evcc#29595), 3006 while it is busy.
            raise FritzBoxConnectionError(f"{path} was answered with status {status}, code {code}")
        return text

    async def _in_session(self, send: Callable[[], Awaitable[tuple[int, str]]]) -> tuple[int, str]:
        """Return status and text of a request, sent again if the box has refused its session.

        A status of `_REFUSALS` means that it refused a session that was alive a moment before.
        """
        async with self._lock:
            await self._ensure_session()
            try:
                status, text = await send()
                if status in _REFUSALS:
                    # Either the session has ended or the right was withdrawn: asking tells which.
                    self._needs_verification = True
                    # If it has ended, our SID has just ended those of others at our address, and
                    # theirs will end our next one. Whoever looks first breaks the circle.
                    self._verify_until = time.monotonic() + VERIFY_FOR.total_seconds()
                    await self._ensure_session()
                    status, text = await send()
            except FritzBoxError:
                # The box may have restarted: its sessions are gone then.
                self._needs_verification = True
                raise
            if status == 200:
                self._last_use = time.monotonic()
            else:
                self._needs_verification = True
            return status, text

    async def _ensure_session(self) -> None:
        """Make sure that the SID is alive, and may read devices."""
        now = time.monotonic()
        rested = now - self._last_use > VERIFY_AFTER.total_seconds()
        wary = now < self._verify_until
        if self._sid and not (rested or wary or self._needs_verification):
            return
        query = {"version": "2", "sid": self._sid} if self._sid else {"version": "2"}
        info = await self._session_info(query)
        if not self._sid or info.sid != self._sid:
            self._sid = ""
            info = await self._login(info)
        if not info.may_read_devices:
            # Rights belong to a login: only a new one can have them.
            await self._end_session()
            raise NotPermittedError("the user lacks the Smart Home right")
        self._last_use = time.monotonic()
        self._needs_verification = False

    async def _login(self, info: SessionInfo) -> SessionInfo:
        """Answer the challenge, exactly once; never again after the box has said no."""
        if self._rejected:
            raise LoginRejectedError("user or password were wrong before")
        if info.block_time:
            # Even the right password would be refused now, and count as one more attempt.
            raise LoginBlockedError(info.block_time)
        try:
            response = await asyncio.to_thread(challenge_response, info.challenge, self._password)
        except ValueError as err:
            raise NotAFritzBoxError("the login challenge has an unknown form") from err
        info = await self._session_info(
            {"version": "2"},
            # In the body, so that no proxy's log keeps it.
            form={"username": self._username or info.default_user, "response": response},
        )
        if not info.logged_in:
            self._rejected = True
            raise LoginRejectedError("user or password are wrong")
        self._sid = info.sid
        return info

    async def _session_info(
        self, query: Mapping[str, str], form: Mapping[str, str] | None = None
    ) -> SessionInfo:
        text = await self._text("/login_sid.lua", query, form)
        try:
            return parse_session_info(text)
        except MalformedAnswerError as err:
            raise NotAFritzBoxError("the login page is not a FRITZ!Box's") from err

    async def _text(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> str:
        """Return an answer that must have status 200."""
        status, text = await self._request(path, query, form)
        if status == 404 or 300 <= status < 400:
            raise NotAFritzBoxError(f"{path} was answered with status {status}")
        if status != 200:
            raise FritzBoxConnectionError(f"{path} was answered with status {status}")
        return text

    async def _request(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        """Send one request to a quoted path; return status and text."""
        try:
            async with self._session.request(
                "POST" if form else "GET",
                self.url.with_path(path, encoded=True),
                params=query,
                data=form,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT.total_seconds()),
            ) as response:
                return response.status, await _body(response)
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ServerFingerprintMismatch) as err:
            raise FritzBoxCertificateError("the certificate is not trusted") from err
        except aiohttp.ClientResponseError as err:
            raise NotAFritzBoxError("the answer is not HTTP") from err
        except TimeoutError as err:
            raise FritzBoxConnectionError("no answer in time") from err
        except (aiohttp.ClientError, OSError, ValueError) as err:
            # The message may contain the URL and with it the SID.
            raise FritzBoxConnectionError(f"no connection ({type(err).__name__})") from err
