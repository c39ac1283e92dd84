"""Parsers for what a FRITZ!Box reports about itself and about a login session."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
import hashlib
import re
from typing import Final

from ..util.texts import clean_text
from .xml import MalformedAnswerError, parse_xml

ZERO_SID: Final = "0" * 16
"""The SID of a client that is not logged in."""
MAX_ITERATIONS: Final = 10_000_000
"""FRITZ!Boxes ask for about 66,000 iterations. More than this is an attempt to exhaust our CPU."""


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


def challenge_response(challenge: str, password: str) -> str:
    """Return the response to a login challenge. Slow for version 2, which uses PBKDF2.

    A challenge of version 2 (FRITZ!OS 7.24 and newer) is "2$iterations$salt$iterations$salt", one of
    version 1 has eight hex digits. Raises ValueError for any other form.
    """
    if re.fullmatch("[0-9A-Za-z]+", challenge):
        # Version 1 hashes UTF-16LE, with a dot for each character above code point 255.
        known = "".join(char if ord(char) < 256 else "." for char in password)
        digest = hashlib.md5(f"{challenge}-{known}".encode("utf-16-le"), usedforsecurity=False)
        return f"{challenge}-{digest.hexdigest()}"
    version, rounds1, salt1, rounds2, salt2 = challenge.split("$")
    if version != "2":
        raise ValueError("unknown version of the login")
    secret = password.encode()
    for rounds, salt in ((int(rounds1), salt1), (int(rounds2), salt2)):
        if not 0 < rounds <= MAX_ITERATIONS:
            raise ValueError("unreasonable number of iterations")
        secret = hashlib.pbkdf2_hmac("sha256", secret, bytes.fromhex(salt), rounds)
    return f"{salt2}${secret.hex()}"
