"""A login session of a FRITZ!Box.

When an address sends an invalid SID, the box ends all sessions of that address, including those of
other programs. After failed logins it blocks the user. So the SID is verified after a pause or a
refusal, a login is sent only when there is no valid SID, and none is sent while the box blocks
logins. Only challenges that do not help to find out the password are answered.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
import logging
import time
from typing import Final, NoReturn

from .connection import BoxConnection
from .errors import (
    FritzBoxError,
    LoginBlockedError,
    LoginPostponedError,
    LoginRejectedError,
    NotAFritzBoxError,
    NotPermittedError,
    UnsafeChallengeError,
)
from .login import (
    BoxInfo,
    LoginRecord,
    SessionInfo,
    WeakChallengeError,
    challenge_response,
    parse_session_info,
    uses_pbkdf2,
)
from .xml import MalformedAnswerError

_LOGGER = logging.getLogger(__name__)

VERIFY_AFTER: Final = timedelta(minutes=15)
"""An SID expires after 20 minutes without a request (AVM's help page on session ids)."""
VERIFY_FOR: Final = timedelta(hours=1)
"""How long the SID is verified before each use after the box has refused one: another program at
our address has ended the session, and may do so again."""
REFUSALS: Final = frozenset({401, 403})
"""HTTP status for an invalid SID. 401 is from the REST API, 403 from AHA, also for a missing right."""
_LOGIN_PAGE: Final = "/login_sid.lua"

type Send = Callable[[str], Awaitable[tuple[int, str]]]
"""Sends a request with a SID; returns status and text of the answer."""


class LoginSession:
    """Logs a user in to a box, and sends requests one at a time within that session."""

    def __init__(self, connection: BoxConnection, *, username: str, password: str) -> None:
        """Initialize without sending anything."""
        self._connection = connection
        self._username = username
        self._password = password
        self.record = LoginRecord()
        """What is known from earlier logins. If it contains a serial number, only that box is sent
        a login."""
        self._sid = ""
        self._last_use_at = 0.0
        self._needs_verification = False
        self._credentials_rejected = False
        self._verify_until = 0.0
        self._lock = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether there is a session to log out of."""
        return bool(self._sid)

    def is_for(self, other: LoginSession) -> bool:
        """Return whether both have the same box and credentials, so that one can serve for both."""
        return self._connection.is_for(other._connection) and (
            (self._username, self._password) == (other._username, other._password)
        )

    async def box_info(self) -> BoxInfo:
        """Return model, version and serial number, after the request that is under way."""
        async with self._lock:
            return await self._connection.box_info(self.record.serial)

    async def request(self, send: Send) -> tuple[int, str]:
        """Return status and text of a request. Sends it once more if the box refuses the session.

        If the returned status is in `REFUSALS`, the box has refused a session that it had opened
        or confirmed immediately before.
        """
        async with self._lock:
            await self._ensure_valid()
            try:
                status, text = await send(self._sid)
                if status in REFUSALS:
                    # The session has ended, or the user has lost the right. A verification shows which.
                    self._needs_verification = True
                    # If the session has ended, our request has just ended the sessions of other
                    # programs at our address, and theirs will end our next one. Verifying the SID
                    # first breaks this circle.
                    self._verify_until = time.monotonic() + VERIFY_FOR.total_seconds()
                    await self._ensure_valid()
                    status, text = await send(self._sid)
            except FritzBoxError:
                # The box may have restarted, which ends its sessions.
                self._needs_verification = True
                raise
            if status == 200:
                self._last_use_at = time.monotonic()
            else:
                self._needs_verification = True
            return status, text

    def verify_before_next_use(self) -> None:
        """Verify the SID before the next request, because the box may have ended the session."""
        self._needs_verification = True

    async def close(self) -> None:
        """End the session on the box. Never raises."""
        async with self._lock:
            await self._end()

    async def _end(self) -> None:
        sid, self._sid = self._sid, ""
        if not sid:
            return
        self._connection.forget_identity()
        try:
            await self._connection.text(_LOGIN_PAGE, {"version": "2", "logout": "1", "sid": sid})
        except FritzBoxError as err:
            _LOGGER.debug("Logout failed: %s", err)

    async def _ensure_valid(self) -> None:
        """Ensure that the SID is valid and has the right to read devices."""
        now = time.monotonic()
        needs_verification = (
            self._needs_verification
            or now - self._last_use_at > VERIFY_AFTER.total_seconds()
            or now < self._verify_until
        )
        if self._sid and not needs_verification:
            return
        await self._connection.identify(self.record.serial)
        query = {"version": "2", "sid": self._sid} if self._sid else {"version": "2"}
        info = await self._session_info(query)
        if not self._sid or info.sid != self._sid:
            if self._sid:
                # Another box does not know our session.
                self._connection.forget_identity()
            self._sid = ""
            info = await self._login(info)
        if not info.may_read_devices:
            # A session keeps the rights it had at login, so a new right needs a new login.
            await self._end()
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
        await self._connection.identify(self.record.serial)
        response = await self._response(info.challenge)
        self._connection.forget_identity()
        user = self._username or self.record.user or info.default_user
        answer = await self._session_info(
            {"version": "2"},
            # In the body, because proxies log URLs.
            form={"username": user, "response": response},
        )
        if not answer.logged_in:
            self._refused(answer.block_time)
        self.record.accepted(pbkdf2=uses_pbkdf2(info.challenge), user=user)
        self._connection.confirm_identity()
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
        text = await self._connection.text(_LOGIN_PAGE, query, form)
        try:
            return parse_session_info(text)
        except MalformedAnswerError as err:
            raise NotAFritzBoxError("the login page is not a FRITZ!Box's") from err


def _now() -> datetime:
    return datetime.now(UTC)
