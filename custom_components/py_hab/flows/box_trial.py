"""Tries the address and the credentials of a FRITZ!Box that a user has entered."""

from collections.abc import Mapping
import logging
from types import TracebackType
from typing import Any, Self

from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant

from ..box.errors import ERROR_KEYS
from ..box.identity import described_box
from ..box.login_notes import async_store_login, stored_login
from ..box.session import async_create_client
from ..entry import AnyConfigEntry, async_counters_of
from ..fritzbox.devices import DeviceList
from ..fritzbox.errors import FritzBoxError, LoginBlockedError, LoginPostponedError
from ..fritzbox.login import BoxInfo, LoginRecord
from ..util.texts import short_duration
from .source import FormError

_LOGGER = logging.getLogger(__name__)


class BoxTrial:
    """Tries credentials at a box, as an asynchronous context.

    On exit, the trial logs out, and raises a FritzBoxError as the FormError that the user sees.
    """

    def __init__(
        self, hass: HomeAssistant, data: Mapping[str, Any], entry: AnyConfigEntry | None
    ) -> None:
        """Initialize for the entered data, and the entry that they change if there is one.

        Raises FormError for an invalid host.
        """
        self._hass = hass
        self._entry = entry
        try:
            self._client = async_create_client(hass, data)
        except ValueError as err:
            raise FormError("invalid_host", field=CONF_HOST) from err

    async def __aenter__(self) -> Self:
        """Start without sending anything."""
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        err: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Log out, and translate an error of the box. Raises FormError."""
        await self._client.logout()
        if isinstance(err, FritzBoxError):
            _LOGGER.debug("The box refused: %s", err)
            raise _to_form_error(err) from err

    async def async_identify(self) -> BoxInfo:
        """Return what the box reports without a login. Raises FritzBoxError."""
        return await described_box(self._client)

    async def async_log_in(self, box: BoxInfo, *, is_successor: bool) -> DeviceList:
        """Log in to an identified box and read its device list. Raises FritzBoxError.

        Nothing is known of logins to a successor of the entry's box.
        """
        entry = self._entry
        self._client.record = LoginRecord(serial=box.serial)
        if entry is None:
            return await self._client.device_list()
        counters = await async_counters_of(self._hass, entry)
        if not is_successor:
            known = stored_login(entry, counters.notes)
            # What the user has entered is tried once, whatever has worked before.
            self._client.record = LoginRecord(
                serial=known.serial, offers_pbkdf2=known.offers_pbkdf2
            )
        answer = await self._client.device_list()
        await async_store_login(counters, self._client.record)
        return answer


def _to_form_error(err: FritzBoxError) -> FormError:
    wait = (
        {"time": short_duration(err.retry_after)}
        if isinstance(err, LoginBlockedError | LoginPostponedError)
        else {}
    )
    return FormError(ERROR_KEYS[type(err)], **wait)
