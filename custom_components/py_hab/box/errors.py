"""Translates errors of a FRITZ!Box for Home Assistant: text, time to wait, repair issue."""

from collections.abc import Mapping
from datetime import timedelta
import logging
import random
from typing import Final

from homeassistant.const import CONF_USERNAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.update_coordinator import UpdateFailed

from ..const import DOMAIN
from ..entry import AnyConfigEntry
from ..fritzbox.errors import (
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
    SessionRefusedError,
    UnsafeChallengeError,
)
from ..util.documentation import page_of_notices
from ..util.texts import as_markdown, clean_text, short_duration

_LOGGER = logging.getLogger(__name__)

LONGEST_BACK_OFF: Final = timedelta(minutes=15)
"""The longest time between two attempts, not counting the random part."""

ERROR_KEYS: Final[Mapping[type[FritzBoxError], str]] = {
    FritzBoxCertificateError: "invalid_certificate",
    FritzBoxConnectionError: "cannot_connect",
    InvalidAnswerError: "invalid_answer",
    LoginBlockedError: "login_blocked",
    LoginPostponedError: "login_postponed",
    LoginRejectedError: "invalid_auth",
    NotAFritzBoxError: "not_a_fritzbox",
    NotPermittedError: "no_homeauto_right",
    OtherBoxError: "other_box",
    SessionRefusedError: "session_refused",
    UnsafeChallengeError: "unsafe_challenge",
}
"""Translation key of each error, for exceptions and for forms."""


def no_right_issue(entry_id: str) -> str:
    """Return the id of the repair issue about a missing Smart Home right."""
    return f"no_homeauto_right_{entry_id}"


class FritzBoxErrors:
    """Translates the errors of one entry's box, and decides when to try again."""

    def __init__(self, hass: HomeAssistant, entry: AnyConfigEntry, *, host: str) -> None:
        """Start without an error. `host` names the box in texts."""
        self._hass = hass
        self._entry = entry
        self._host = host
        self._refusals = 0
        self._has_warned = False
        """Whether a warning was logged about the unreadable answers since the last good one."""

    @callback
    def clear(self) -> None:
        """Delete the repair issue and reset the back-off, because the box has answered."""
        self._refusals = 0
        self._has_warned = False
        ir.async_delete_issue(self._hass, DOMAIN, no_right_issue(self._entry.entry_id))

    @callback
    def warn_of_unreadable(self, err: InvalidAnswerError) -> None:
        """Log a warning about the first of several unreadable answers."""
        if not self._has_warned:
            self._has_warned = True
            title = clean_text(self._entry.title)
            _LOGGER.warning("%s sent an answer that cannot be read: %s", title, err)

    @callback
    def to_update_failed(self, err: FritzBoxError, *, interval: timedelta) -> UpdateFailed:
        """Return the translated error, with a time to wait if it differs from the poll interval."""
        retry_after: timedelta | None = None
        match err:
            case LoginBlockedError() | LoginPostponedError():
                retry_after = err.retry_after
            case NotPermittedError():
                # Each attempt is a login, and only the user can grant the right.
                retry_after = LONGEST_BACK_OFF
                self._report_missing_right()
            case SessionRefusedError():
                # Another program keeps ending our sessions. Our logins would end its sessions, too.
                self._refusals += 1
                retry_after = _back_off(interval, self._refusals)
        return UpdateFailed(
            translation_domain=DOMAIN,
            translation_key=ERROR_KEYS[type(err)],
            translation_placeholders={
                "host": self._host,
                "time": short_duration(retry_after) if retry_after else "",
            },
            retry_after=retry_after.total_seconds() if retry_after else None,
        )

    def _report_missing_right(self) -> None:
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            no_right_issue(self._entry.entry_id),
            is_fixable=False,
            learn_more_url=page_of_notices(self._hass.config.language),
            severity=ir.IssueSeverity.ERROR,
            translation_key="no_homeauto_right",
            translation_placeholders={
                "host": self._host,
                "username": as_markdown(self._entry.data[CONF_USERNAME]) or "-",
            },
        )


def _back_off(interval: timedelta, refusals: int) -> timedelta:
    """Return an exponential back-off with a random part of 20 %."""
    seconds = interval.total_seconds() * 2 ** min(refusals, 10)
    return timedelta(
        seconds=min(seconds, LONGEST_BACK_OFF.total_seconds()) * random.uniform(0.8, 1.2)
    )
