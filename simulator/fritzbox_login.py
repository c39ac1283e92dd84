"""The login of the simulated FRITZ!Box: challenges, passwords, sessions, and who is locked out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import hashlib
from hmac import compare_digest
import math
import secrets
from typing import Final, NamedTuple

NO_SID: Final = "0" * 16
"""What the box calls "not logged in"."""

SESSION_LIFETIME: Final = timedelta(minutes=20)
"""Without activity (AVM's help page on session ids)."""

CHALLENGE_LIFETIME: Final = timedelta(minutes=10)
"""Longer than the longest block, since clients wait for its end before they respond."""

LONGEST_BLOCK: Final = timedelta(seconds=256)

ALL_RIGHTS: Final[Mapping[str, int]] = {
    "Dial": 2,
    "App": 2,
    "HomeAuto": 2,
    "BoxAdmin": 2,
    "Phone": 2,
    "NAS": 2,
}
"""Access 1 reads, 2 writes; a right that is missing is not granted."""


class User(NamedTuple):
    """Somebody who may log in."""

    password: str
    rights: Mapping[str, int] = ALL_RIGHTS


@dataclass(frozen=True, kw_only=True)
class Session:
    """A login that is valid for one client address."""

    sid: str
    user: str
    rights: Mapping[str, int]
    address: str
    last_used: datetime


@dataclass(frozen=True, kw_only=True)
class Login:
    """One answered challenge, as tests want to count them."""

    user: str
    success: bool
    blocked: bool
    """The box did not accept any password at this moment."""
    address: str
    at: datetime


def md5_response(challenge: str, password: str) -> str:
    """Return the response of the first protocol: `<challenge>-<MD5 hex>`.

    The digest is of `challenge-password` in UTF-16LE, in which characters above code point
    255 are dots.
    """
    text = "".join(char if ord(char) < 256 else "." for char in f"{challenge}-{password}")
    digest = hashlib.md5(text.encode("utf-16le"), usedforsecurity=False).hexdigest()
    return f"{challenge}-{digest}"


def pbkdf2_response(challenge: str, password: str) -> str:
    """Return the response of the second protocol, since FRITZ!OS 7.24: `<salt2>$<hash hex>`.

    The challenge is `2$<iterations>$<salt hex>$<iterations>$<salt hex>`; the password in UTF-8
    is hashed with the first pair, its hash with the second (PBKDF2-HMAC-SHA256).
    """
    _, iterations1, salt1, iterations2, salt2 = challenge.split("$")
    static = hashlib.pbkdf2_hmac(
        "sha256", password.encode(), bytes.fromhex(salt1), int(iterations1)
    )
    dynamic = hashlib.pbkdf2_hmac("sha256", static, bytes.fromhex(salt2), int(iterations2))
    return f"{salt2}${dynamic.hex()}"


def expected_response(challenge: str, password: str) -> str:
    """Return the response to a challenge of either protocol."""
    respond = pbkdf2_response if challenge.startswith("2$") else md5_response
    return respond(challenge, password)


class LoginService:
    """Lets users in.

    A challenge is good for one response. Each failed login doubles the time during which
    nobody gets in. A session belongs to the client address it was opened from.
    """

    def __init__(
        self, users: Mapping[str, User], *, pbkdf2: bool, iterations: tuple[int, int]
    ) -> None:
        """Know these users; `pbkdf2` is False for firmware that speaks only the first protocol."""
        self.users = dict(users)
        self.last_user = next(iter(users), "")
        """Who logged in last."""
        self.logins: list[Login] = []
        self._pbkdf2 = pbkdf2
        self._iterations = iterations
        self._salt1 = secrets.token_hex(16)
        self._challenges: dict[str, tuple[str, datetime]] = {}
        self._sessions: dict[str, Session] = {}
        self._failures = 0
        self._blocked_until: datetime | None = None

    @property
    def sessions(self) -> Iterable[Session]:
        """The sessions that were not ended; some may have rested too long."""
        return tuple(self._sessions.values())

    def forget(self) -> None:
        """Lose everything that a reboot loses: sessions, challenges, failures."""
        self._sessions.clear()
        self._challenges.clear()
        self._failures = 0
        self._blocked_until = None

    def challenge(self, at: datetime, *, version: int) -> str:
        """Return a new challenge of the asked version, or of the first if there is no other."""
        if version >= 2 and self._pbkdf2:
            key = secrets.token_hex(16)
            first, second = self._iterations
            challenge = f"2${first}${self._salt1}${second}${key}"
        else:
            key = challenge = secrets.token_hex(4)
        self._challenges[key] = challenge, at
        return challenge

    def block_time(self, at: datetime) -> int:
        """Return the whole seconds during which nobody can log in."""
        if self._blocked_until is None:
            return 0
        return max(0, math.ceil((self._blocked_until - at).total_seconds()))

    def log_in(self, user: str, response: str, *, address: str, at: datetime) -> Session | None:
        """Return a new session, or None for a wrong or late response, and during a block."""
        right = self._is_right(user, response, at)
        blocked = self.block_time(at) > 0
        success = right and not blocked
        self.logins.append(
            Login(user=user, success=success, blocked=blocked, address=address, at=at)
        )
        if not right:
            self._failures += 1
            block = min(timedelta(seconds=2**self._failures), LONGEST_BLOCK)
            self._blocked_until = at + block
        if not success:
            return None
        self._failures = 0
        self._blocked_until = None
        self.last_user = user
        session = Session(
            sid=secrets.token_hex(8),
            user=user,
            rights=self.users[user].rights,
            address=address,
            last_used=at,
        )
        self._sessions[session.sid] = session
        return session

    def is_alive(self, sid: str, *, address: str, at: datetime) -> bool:
        """Return whether this is a session of this address that did not rest too long."""
        session = self._sessions.get(sid)
        return (
            session is not None
            and session.address == address
            and at - session.last_used < SESSION_LIFETIME
        )

    def session(self, sid: str, *, address: str, at: datetime) -> Session | None:
        """Return the live session of this address and keep it alive, None if there is none."""
        if not self.is_alive(sid, address=address, at=at):
            return None
        session = self._sessions[sid] = replace(self._sessions[sid], last_used=at)
        return session

    def log_out(self, sid: str, *, address: str) -> None:
        """End this session of this address; one that does not exist is no harm."""
        if (session := self._sessions.get(sid)) and session.address == address:
            del self._sessions[sid]

    def end_sessions(self, address: str | None = None) -> None:
        """End all sessions of an address, or all there are."""
        self._sessions = {
            sid: session
            for sid, session in self._sessions.items()
            if address not in {None, session.address}
        }

    def _is_right(self, user: str, response: str, at: datetime) -> bool:
        """Return whether the response fits the user's password; its challenge is used up."""
        separator = "$" if "$" in response else "-"
        key = response.rpartition(separator)[0]
        challenge, issued = self._challenges.pop(key, ("", at))
        known = self.users.get(user)
        if not challenge or known is None or at - issued > CHALLENGE_LIFETIME:
            return False
        expected = expected_response(challenge, known.password)
        return compare_digest(expected.encode(), response.encode())
