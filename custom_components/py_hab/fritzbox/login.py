"""Parsers for what a FRITZ!Box reports about itself and about a login session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import hashlib
import re
from typing import Final

from ..util.texts import clean_text
from .xml import MalformedAnswerError, parse_xml

ZERO_SID: Final = "0" * 16
"""The SID of a client that is not logged in."""
MIN_ITERATIONS: Final = 1_000
"""FRITZ!Boxes ask for 10,000 or 60,000 iterations on the password itself. With fewer than this, the
response would let a stranger try passwords quickly."""
MAX_ITERATIONS: Final = 10_000_000
"""FRITZ!Boxes ask for about 66,000 iterations. More than this is an attempt to exhaust our CPU."""
RETRY_PAUSES: Final = (timedelta(minutes=1), timedelta(minutes=5))
"""Pauses before a password that has worked is tried again, at least the box's `BlockTime`. Boxes
refuse the right password now and then."""
RETRY_WINDOW: Final = timedelta(hours=1)
"""Refusals that are older than this do not count."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionInfo:
    """The answer of `login_sid.lua`: the state of a session, and the challenge for a login."""

    sid: str
    challenge: str
    block_time: timedelta
    """How long the box refuses every login."""
    rights: Mapping[str, int]
    """Access by name of the right: 0 none, 1 read, 2 write."""
    default_user: str
    """The user that the box preselects, empty if there is none."""

    @property
    def logged_in(self) -> bool:
        """Whether the SID is valid."""
        return self.sid != ZERO_SID

    @property
    def may_read_devices(self) -> bool:
        """Whether the user has the Smart Home right."""
        return self.rights.get("HomeAuto", 0) > 0


@dataclass(frozen=True, kw_only=True, slots=True)
class BoxInfo:
    """What the box reports about itself without a login."""

    model: str
    firmware_version: str | None
    """FRITZ!OS, such as "8.25"."""
    serial: str
    """Twelve hex digits, equal to the first MAC address; empty if the box does not report it."""


class WeakChallengeError(ValueError):
    """The response to a challenge would be too easy to attack."""


@dataclass(kw_only=True, slots=True)
class LoginRecord:
    """What is known from earlier logins of one user to one box. It outlives restarts."""

    serial: str = ""
    """The serial number of the box."""
    user: str = ""
    """Who has logged in. Without a configured name, that is whom the box preselects, and it preselects
    whoever has logged in last."""
    has_worked: bool = False
    """Whether the box has accepted the password, and has not refused it for good since."""
    offers_pbkdf2: bool = False
    """Whether a login with PBKDF2 has succeeded. The box never goes back to MD5."""
    refused_at: list[datetime] = field(default_factory=list)
    """When the box has refused the password since it last accepted it, oldest first."""
    block_time: float = 0.0
    """Seconds for which the box blocked logins after the last refusal."""

    def accepted(self, *, pbkdf2: bool, user: str = "") -> None:
        """Record a successful login."""
        self.user = user
        self.has_worked = True
        self.offers_pbkdf2 |= pbkdf2
        self.refused_at = []
        self.block_time = 0.0

    def refused(self, now: datetime, block_time: timedelta) -> None:
        """Record a refused login. After the last attempt, the password counts as wrong."""
        self.refused_at = [*self._recent(now), now]
        self.block_time = block_time.total_seconds()
        if len(self.refused_at) > len(RETRY_PAUSES):
            self.has_worked = False
            self.user = ""
            self.refused_at = []

    def pause(self, now: datetime) -> timedelta:
        """Return how long to wait before the next attempt."""
        recent = self._recent(now)
        if not recent:
            return timedelta()
        blocked = timedelta(seconds=min(self.block_time, RETRY_WINDOW.total_seconds()))
        pause = max(RETRY_PAUSES[len(recent) - 1], blocked)
        return max(recent[-1] + pause - now, timedelta())

    def _recent(self, now: datetime) -> list[datetime]:
        """Return the refusals that count. A clock that was ahead has left some in the future."""
        recent = [at for at in self.refused_at if timedelta() <= now - at < RETRY_WINDOW]
        return recent[-len(RETRY_PAUSES) :]


def parse_session_info(text: str) -> SessionInfo:
    """Parse an answer of `login_sid.lua`. Raises MalformedAnswerError."""
    root = parse_xml(text, "SessionInfo")
    sid = (root.findtext("SID") or "").strip()
    if not re.fullmatch(r"[0-9A-Za-z]{16}", sid):
        raise MalformedAnswerError("no SID in the answer")
    block_time = (root.findtext("BlockTime") or "0").strip()
    names = [name.text or "" for name in root.iterfind("Rights/Name")]
    access = [value.text or "" for value in root.iterfind("Rights/Access")]
    users = root.findall("Users/User")
    default_user = next((user.text or "" for user in users if user.get("last") == "1"), "")
    return SessionInfo(
        sid=sid,
        challenge=(root.findtext("Challenge") or "").strip(),
        block_time=timedelta(
            seconds=int(block_time) if re.fullmatch("[0-9]{1,9}", block_time) else 0
        ),
        rights={
            name: int(value)
            for name, value in zip(names, access, strict=False)
            if re.fullmatch("[0-9]", value)
        },
        default_user=default_user,
    )


def parse_udn(text: str) -> str:
    """Return the serial number in a UPnP description, empty if there is none.

    The last part of the UDN of a FRITZ!Box is its serial number. Raises MalformedAnswerError.
    """
    root = parse_xml(text, "root")
    names = (child.text or "" for child in root.iter() if child.tag.rpartition("}")[2] == "UDN")
    return serial_of(next(names, ""))


def serial_of(identifier: str) -> str:
    """Return the serial number at the end of a UDN or MAC address, empty if there is none."""
    serial = identifier.strip().replace(":", "").upper()[-12:]
    return serial if re.fullmatch("[0-9A-F]{12}", serial) else ""


def parse_box_info(text: str) -> BoxInfo:
    """Parse `jason_boxinfo.xml`, which needs no login. Raises MalformedAnswerError."""
    root = parse_xml(text, "BoxInfo")
    fields = {child.tag.rpartition("}")[2]: clean_text(child.text or "") for child in root}
    serial = fields.get("Serial", "").upper()
    # "285.08.25": the number of the model, then the version of FRITZ!OS.
    version = re.fullmatch(r"[0-9]+\.0*([0-9]+)\.([0-9]+)", fields.get("Version", ""))
    return BoxInfo(
        model=fields.get("Name") or "FRITZ!Box",
        firmware_version=f"{version[1]}.{version[2]}" if version else None,
        serial=serial if re.fullmatch("[0-9A-F]{12}", serial) else "",
    )


def uses_pbkdf2(challenge: str) -> bool:
    """Return whether a challenge is one of version 2."""
    return challenge.startswith("2$")


def challenge_response(challenge: str, password: str) -> str:
    """Return the response to a login challenge. Slow for version 2, which uses PBKDF2.

    A challenge of version 2 (FRITZ!OS 7.24 and newer) is "2$iterations$salt$iterations$salt", one of
    version 1 has eight hex digits. Raises WeakChallengeError for too few iterations, and ValueError
    for any other form.
    """
    if re.fullmatch("[0-9A-Za-z]+", challenge):
        # Version 1 hashes UTF-16LE, with a dot for each character above code point 255.
        known = "".join(char if ord(char) < 256 else "." for char in password)
        digest = hashlib.md5(f"{challenge}-{known}".encode("utf-16-le"), usedforsecurity=False)
        return f"{challenge}-{digest.hexdigest()}"
    version, rounds1, salt1, rounds2, salt2 = challenge.split("$")
    if version != "2":
        raise ValueError("unknown version of the login")
    # The first number protects the password. The second only binds the result to this challenge.
    if 0 < int(rounds1) < MIN_ITERATIONS:
        raise WeakChallengeError("too few iterations")
    secret = password.encode()
    for rounds, salt in ((int(rounds1), salt1), (int(rounds2), salt2)):
        if not 0 < rounds <= MAX_ITERATIONS:
            raise ValueError("unreasonable number of iterations")
        secret = hashlib.pbkdf2_hmac("sha256", secret, bytes.fromhex(salt), rounds)
    return f"{salt2}${secret.hex()}"
