"""Client for a FRITZ!Box: its requests, within a single session.

When an address sends an invalid SID, the box ends all sessions of that address, including those of
other programs. After failed logins it blocks the user. So the client verifies its SID after a pause
or a refusal, logs in only when it has no valid SID, and does not log in while the box blocks logins.

Anybody can answer at an address. So the client compares the serial number after a lost connection
and before each login, and answers only challenges that do not help to find out the password.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
import logging
import time
from typing import Final, NoReturn
from urllib.parse import quote

import aiohttp
from yarl import URL

from .fritzbox.address import base_url
from .fritzbox.device_stats import DeviceStats, parse_basic_statistics, parse_unit_statistics
from .fritzbox.devices import DeviceList, parse_device_list
from .fritzbox.errors import (
    FritzBoxCertificateError,
    FritzBoxConnectionError,
    FritzBoxError,
    InvalidAnswerError,
    LoginBlockedError,
    LoginPostponedError,
    LoginRejectedError,
    NotAFritzBoxError,
    NotPermittedError,
    OtherBoxError,
    RestNotOfferedError,
    SessionRefusedError,
    UnsafeChallengeError,
)
from .fritzbox.login import (
    BoxInfo,
    LoginRecord,
    SessionInfo,
    WeakChallengeError,
    challenge_response,
    parse_box_info,
    parse_session_info,
    parse_udn,
    uses_pbkdf2,
)
from .fritzbox.rest import (
    NO_PERMISSION,
    UID_NOT_FOUND,
    Overview,
    parse_error_code,
    parse_overview,
)
from .fritzbox.xml import MalformedAnswerError

_LOGGER = logging.getLogger(__name__)

REQUEST_TIMEOUT: Final = timedelta(seconds=20)
"""Older boxes need more than ten seconds for a long list (home-assistant core#159545)."""
VERIFY_AFTER: Final = timedelta(minutes=15)
"""An SID expires after 20 minutes without a request (AVM's help page on session ids)."""
VERIFY_FOR: Final = timedelta(hours=1)
"""How long the SID is verified before each use after the box has refused one: another program at
our address has ended the session, and may do so again."""
MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
DESCRIPTION: Final = "/tr64desc.xml"
"""Path of the UPnP description of a box, which is served on `DESCRIPTION_PORT`."""
DESCRIPTION_PORT: Final = 49000
_REFUSALS: Final = frozenset({401, 403})
"""HTTP status for an invalid SID. 401 is from the REST API, 403 from AHA, also for a missing right."""


async def read_body(response: aiohttp.ClientResponse) -> str:
    """Return the text of an answer. Raises InvalidAnswerError if it is too large."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise InvalidAnswerError("the answer is too large", "")
    return body.decode(errors="replace")


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
        self._session = session
        self._username = username
        self._password = password
        self.url = base_url(host)
        self.record = LoginRecord()
        """What is known from earlier logins. If it contains a serial number, only that box is sent
        a login."""
        self._is_identified = False
        self._sid = ""
        self._last_use_at = 0.0
        self._needs_verification = False
        self._credentials_rejected = False
        self._verify_until = 0.0
        self._lock = asyncio.Lock()

    @property
    def has_session(self) -> bool:
        """Whether there is a session to log out of."""
        return bool(self._sid)

    def is_for(self, other: FritzBoxClient) -> bool:
        """Whether both clients have the same box and credentials, so that they can share a session."""
        return (self._session, self.url, self._username, self._password) == (
            other._session,
            other.url,
            other._username,
            other._password,
        )

    async def box_info(self) -> BoxInfo:
        """Return model, version and serial number. Needs no login."""
        async with self._lock:
            return await self._box_info()

    async def _box_info(self) -> BoxInfo:
        self._is_identified = False
        text = await self._text("/jason_boxinfo.xml")
        try:
            info = parse_box_info(text)
        except MalformedAnswerError as err:
            raise InvalidAnswerError(str(err), text) from err
        if info.serial:
            self._compare(info.serial)
        return info

    async def _identify(self) -> None:
        """Compare the serial number, unless that has been done. Raises OtherBoxError.

        A box that does not serve its short description has the number in its UPnP description.
        """
        if self._is_identified or not self.record.serial:
            return
        try:
            await self._box_info()
        except NotAFritzBoxError, InvalidAnswerError:
            _LOGGER.debug("The box does not describe itself")
        if not self._is_identified:
            self._compare(await self._described_serial())

    def _compare(self, serial: str) -> None:
        if self.record.serial not in {"", serial}:
            raise OtherBoxError("another serial number, or none, is reported at this address")
        self._is_identified = True

    async def _described_serial(self) -> str:
        """Return the serial number in the UPnP description, empty if the box does not serve it."""
        for url in (self.url, self.url.with_scheme("http").with_port(DESCRIPTION_PORT)):
            try:
                status, text = await self._request(DESCRIPTION, at=url)
                if status == 200 and (serial := parse_udn(text)):
                    return serial
            except FritzBoxError, MalformedAnswerError:
                _LOGGER.debug("No description at port %s", url.port)
        return ""

    async def device_list(self) -> DeviceList:
        """Return all devices with their current values."""
        text = await self._aha("getdevicelistinfos")
        try:
            return parse_device_list(text)
        except MalformedAnswerError as err:
            # The box may be restarting, which ends its sessions.
            self._needs_verification = True
            raise InvalidAnswerError(str(err), text) from err

    async def overview(self) -> Overview:
        """Return what the device list lacks. May also raise RestNotOfferedError."""
        text = await self._rest("/smarthome/overview")
        try:
            return parse_overview(text)
        except MalformedAnswerError as err:
            self._needs_verification = True
            raise InvalidAnswerError(str(err), text) from err

    async def basic_statistics(self, ain: str) -> DeviceStats:
        """Return the AHA statistics of a device, by day and month. FRITZ!OS 6.98 and newer.

        The AIN may contain its blank. Raises FritzBoxConnectionError also for an unknown device, and
        on older boxes. The box may request the statistics by radio: ask for one device at a time,
        with pauses.
        """
        return self._statistics(
            await self._aha("getbasicdevicestats", ain=ain), parse_basic_statistics
        )

    async def unit_statistics(self, uid: str) -> DeviceStats:
        """Return the REST statistics of a unit (`RestDetails.unit`), down to steps of 15 minutes.

        May also raise RestNotOfferedError. Raises InvalidAnswerError for an unknown unit. For plugs
        the box requests the statistics by radio, and many requests at once disturb that (REST,
        helper_statistics_unit).
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
        """End the session on the box. Never raises."""
        async with self._lock:
            await self._end_session()

    async def _end_session(self) -> None:
        sid, self._sid = self._sid, ""
        if not sid:
            return
        self._is_identified = False
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
            raise FritzBoxConnectionError(
                f"{command} was answered with status {status}", has_answered=True
            )
        return text

    async def _rest(self, path: str, uid: str | None = None) -> str:
        """Return the resource at a path of the REST API, or the one with a UID below that path."""
        # A UID contains an AIN, so error messages name the path without it.
        part = "" if uid is None else f"/{quote(uid, safe='', errors='replace')}"
        status, text = await self._in_session(
            lambda: self._request(
                f"/api/v0{path}{part}", headers={"Authorization": f"AVM-SID {self._sid}"}
            )
        )
        # Older boxes answer with status 404, or with a web page.
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
            raise FritzBoxConnectionError(
                f"{path} was answered with status {status}, code {code}", has_answered=True
            )
        return text

    async def _in_session(self, send: Callable[[], Awaitable[tuple[int, str]]]) -> tuple[int, str]:
        """Return status and text of a request. Sends it once more if the box refuses the session.

        If the returned status is in `_REFUSALS`, the box has refused a session that it had opened
        or confirmed immediately before.
        """
        async with self._lock:
            await self._ensure_session()
            try:
                status, text = await send()
                if status in _REFUSALS:
                    # The session has ended, or the user has lost the right. A verification shows which.
                    self._needs_verification = True
                    # If the session has ended, our request has just ended the sessions of other
                    # programs at our address, and theirs will end our next one. Verifying the SID
                    # first breaks this circle.
                    self._verify_until = time.monotonic() + VERIFY_FOR.total_seconds()
                    await self._ensure_session()
                    status, text = await send()
            except FritzBoxError:
                # The box may have restarted, which ends its sessions.
                self._needs_verification = True
                raise
            if status == 200:
                self._last_use_at = time.monotonic()
            else:
                self._needs_verification = True
            return status, text

    async def _ensure_session(self) -> None:
        """Ensure that the SID is valid and has the right to read devices."""
        now = time.monotonic()
        needs_verification = (
            self._needs_verification
            or now - self._last_use_at > VERIFY_AFTER.total_seconds()
            or now < self._verify_until
        )
        if self._sid and not needs_verification:
            return
        await self._identify()
        query = {"version": "2", "sid": self._sid} if self._sid else {"version": "2"}
        info = await self._session_info(query)
        if not self._sid or info.sid != self._sid:
            if self._sid:
                # Another box does not know our session.
                self._is_identified = False
            self._sid = ""
            info = await self._login(info)
        if not info.may_read_devices:
            # A session keeps the rights it had at login, so a new right needs a new login.
            await self._end_session()
            raise NotPermittedError("the user lacks the Smart Home right")
        self._last_use_at = time.monotonic()
        self._needs_verification = False

    async def _login(self, info: SessionInfo) -> SessionInfo:
        """Log in with a single attempt.

        A password that has never worked is not tried again after a refusal, one that has worked
        only after a pause.
        """
        if self._credentials_rejected:
            raise LoginRejectedError("user or password were wrong before")
        if pause := self.record.pause(_now()):
            raise LoginPostponedError(pause)
        if info.block_time:
            # The box would refuse even the right password, and count it as another failed login.
            raise LoginBlockedError(info.block_time)
        await self._identify()
        response = await self._response(info.challenge)
        self._is_identified = False
        user = self._username or self.record.user or info.default_user
        answer = await self._session_info(
            {"version": "2"},
            # In the body, because proxies log URLs.
            form={"username": user, "response": response},
        )
        if not answer.logged_in:
            self._refused(answer.block_time)
        self.record.accepted(pbkdf2=uses_pbkdf2(info.challenge), user=user)
        self._is_identified = True
        self._sid = answer.sid
        return answer

    async def _response(self, challenge: str) -> str:
        """Return the response to a challenge. Raises UnsafeChallengeError for a weak one."""
        if self.record.offers_pbkdf2 and not uses_pbkdf2(challenge):
            raise UnsafeChallengeError("MD5 from a box that has offered PBKDF2 before")
        try:
            return await asyncio.to_thread(challenge_response, challenge, self._password)
        except WeakChallengeError as err:
            raise UnsafeChallengeError(str(err)) from err
        except ValueError as err:
            raise NotAFritzBoxError("the login challenge has an unknown form") from err

    def _refused(self, block_time: timedelta) -> NoReturn:
        """Record a refused login. Raises LoginPostponedError or LoginRejectedError."""
        if self.record.has_worked:
            self.record.refused(_now(), block_time)
        if pause := self.record.pause(_now()):
            raise LoginPostponedError(pause)
        self._credentials_rejected = True
        raise LoginRejectedError("user or password are wrong")

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
        """Return the text of an answer. Raises an error for any status but 200."""
        status, text = await self._request(path, query, form)
        if status == 404 or 300 <= status < 400:
            raise NotAFritzBoxError(f"{path} was answered with status {status}")
        if status != 200:
            raise FritzBoxConnectionError(
                f"{path} was answered with status {status}", has_answered=True
            )
        return text

    async def _request(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        at: URL | None = None,
    ) -> tuple[int, str]:
        """Send one request to a path that is already quoted; return status and text.

        `at` is the address if it is not that of the box.
        """
        try:
            async with self._session.request(
                "POST" if form else "GET",
                (at or self.url).with_path(path, encoded=True),
                params=query,
                data=form,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT.total_seconds()),
            ) as response:
                return response.status, await read_body(response)
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ServerFingerprintMismatch) as err:
            self._is_identified = False
            raise FritzBoxCertificateError("the certificate is not trusted") from err
        except aiohttp.ClientResponseError as err:
            self._is_identified = False
            raise NotAFritzBoxError("the answer is not HTTP") from err
        except TimeoutError as err:
            self._is_identified = False
            raise FritzBoxConnectionError("no answer in time") from err
        except (aiohttp.ClientError, OSError, ValueError) as err:
            self._is_identified = False
            # The message of the error may contain the URL, and with it the SID.
            raise FritzBoxConnectionError(f"no connection ({type(err).__name__})") from err


def _now() -> datetime:
    return datetime.now(UTC)
