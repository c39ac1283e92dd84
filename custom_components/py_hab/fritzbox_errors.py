"""What a box's errors mean in Home Assistant: a text, a time to wait, a repair issue."""

from collections.abc import Mapping
from datetime import timedelta
import random
from typing import Final

from homeassistant.const import CONF_USERNAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.update_coordinator import UpdateFailed

from .const import DOMAIN
from .entry import AnyConfigEntry
from .fritzbox_api import (
    FritzBoxCertificateError,
    FritzBoxConnectionError,
    FritzBoxError,
    InvalidAnswerError,
    LoginBlockedError,
    LoginRejectedError,
    NotAFritzBoxError,
    NotPermittedError,
    SessionRefusedError,
)

LONGEST_BACK_OFF: Final = timedelta(minutes=15)

ERROR_KEYS: Final[Mapping[type[FritzBoxError], str]] = {
    FritzBoxCertificateError: "invalid_certificate",
    FritzBoxConnectionError: "cannot_connect",
    InvalidAnswerError: "invalid_answer",
    LoginBlockedError: "login_blocked",
    LoginRejectedError: "invalid_auth",
    NotAFritzBoxError: "not_a_fritzbox",
    NotPermittedError: "no_homeauto_right",
    SessionRefusedError: "session_refused",
}
"""Translation keys of what can go wrong with a box, for exceptions and for forms."""


def no_right_issue(entry_id: str) -> str:
    """Return the id of the repair issue about a missing Smart Home right."""
    return f"no_homeauto_right_{entry_id}"


class FritzBoxErrors:
    """Translates the errors of one entry's box, and decides when to try again."""

    def __init__(self, hass: HomeAssistant, entry: AnyConfigEntry, *, host: str) -> None:
        """Begin without an error; `host` is the name of the box in texts."""
        self._hass = hass
        self._entry = entry
        self._host = host
        self._refusals = 0

    @callback
    def clear(self) -> None:
        """The box has answered: withdraw the repair issue, and forget refusals."""
        self._refusals = 0
        ir.async_delete_issue(self._hass, DOMAIN, no_right_issue(self._entry.entry_id))

    @callback
    def to_update_failed(self, err: FritzBoxError, *, interval: timedelta) -> UpdateFailed:
        """Return the translated error, with the time to wait where that is not the interval."""
        retry_after: timedelta | None = None
        match err:
            case LoginBlockedError():
                retry_after = err.retry_after
            case NotPermittedError():
                # Each attempt is a login, and the right comes back by hand only.
                retry_after = LONGEST_BACK_OFF
                self._report_missing_right()
            case SessionRefusedError():
                # Somebody keeps ending our sessions: do not answer in kind.
                self._refusals += 1
                retry_after = _back_off(interval, self._refusals)
        return UpdateFailed(
            translation_domain=DOMAIN,
            translation_key=ERROR_KEYS[type(err)],
            translation_placeholders={
                "host": self._host,
                "seconds": f"{retry_after.total_seconds():.0f}" if retry_after else "",
            },
            retry_after=retry_after.total_seconds() if retry_after else None,
        )

    def _report_missing_right(self) -> None:
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            no_right_issue(self._entry.entry_id),
            is_fixable=False,
            severity=ir.IssueSeverity.ERROR,
            translation_key="no_homeauto_right",
            translation_placeholders={
                "host": self._host,
                "username": self._entry.data[CONF_USERNAME] or "-",
            },
        )


def _back_off(interval: timedelta, refusals: int) -> timedelta:
    """Return twice the time of the refusal before, with some chance in it."""
    seconds = interval.total_seconds() * 2 ** min(refusals, 10)
    return timedelta(
        seconds=min(seconds, LONGEST_BACK_OFF.total_seconds()) * random.uniform(0.8, 1.2)
    )
