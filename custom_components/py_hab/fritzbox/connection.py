"""HTTP requests to one FRITZ!Box, and whether the box that answers is the right one.

Any device can answer at an address. So the serial number is compared before each login, and again
after a connection was lost.
"""

from collections.abc import Mapping
from datetime import timedelta
import logging
from typing import Final

import aiohttp
from yarl import URL

from .address import base_url
from .errors import (
    FritzBoxCertificateError,
    FritzBoxConnectionError,
    FritzBoxError,
    InvalidAnswerError,
    NotAFritzBoxError,
    OtherBoxError,
)
from .login import BoxInfo, parse_box_info, parse_udn
from .xml import MalformedAnswerError

_LOGGER = logging.getLogger(__name__)

REQUEST_TIMEOUT: Final = timedelta(seconds=20)
"""Older boxes need more than ten seconds for a long list (home-assistant core#159545)."""
MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
DESCRIPTION: Final = "/tr64desc.xml"
"""Path of the UPnP description of a box, which is served on `DESCRIPTION_PORT`."""
DESCRIPTION_PORT: Final = 49000


async def read_body(response: aiohttp.ClientResponse) -> str:
    """Return the text of an answer. Raises InvalidAnswerError if it is too large."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise InvalidAnswerError("the answer is too large", "")
    return body.decode(errors="replace")


class BoxConnection:
    """Sends requests to the address of one box, and identifies the box that answers there.

    Every method that sends something may raise FritzBoxConnectionError, FritzBoxCertificateError,
    NotAFritzBoxError and InvalidAnswerError.
    """

    def __init__(self, session: aiohttp.ClientSession, *, host: str) -> None:
        """Initialize without sending anything. Raises ValueError for an invalid host."""
        self._session = session
        self.url: Final = base_url(host)
        self._is_identified = False

    def is_for(self, other: BoxConnection) -> bool:
        """Return whether both send to the same address, with the same rules for certificates."""
        return (self._session, self.url) == (other._session, other.url)

    async def identify(self, serial: str) -> None:
        """Compare the serial number, unless that has been done. Raises OtherBoxError.

        A box that does not serve its short description has the number in its UPnP description.
        Nothing is compared with an empty number.
        """
        if self._is_identified or not serial:
            return
        try:
            await self.box_info(serial)
        except NotAFritzBoxError, InvalidAnswerError:
            _LOGGER.debug("The box does not describe itself")
        if not self._is_identified:
            self._compare(await self._described_serial(), serial)

    def confirm_identity(self) -> None:
        """Count the box as identified, because it has accepted a login."""
        self._is_identified = True

    def forget_identity(self) -> None:
        """Compare the serial number anew when the box is identified next."""
        self._is_identified = False

    async def box_info(self, serial: str) -> BoxInfo:
        """Return model, version and serial number. Raises OtherBoxError if that is another number.

        Nothing is compared with an empty number, and a box may report none.
        """
        self.forget_identity()
        text = await self.text("/jason_boxinfo.xml")
        try:
            info = parse_box_info(text)
        except MalformedAnswerError as err:
            raise InvalidAnswerError(str(err), text) from err
        if info.serial:
            self._compare(info.serial, serial)
        return info

    def _compare(self, reported: str, expected: str) -> None:
        if expected not in {"", reported}:
            raise OtherBoxError("another serial number, or none, is reported at this address")
        self.confirm_identity()

    async def _described_serial(self) -> str:
        """Return the serial number in the UPnP description, empty if the box does not serve it."""
        for url in (self.url, self.url.with_scheme("http").with_port(DESCRIPTION_PORT)):
            try:
                status, text = await self.request(DESCRIPTION, at=url)
                if status == 200 and (serial := parse_udn(text)):
                    return serial
            except FritzBoxError, MalformedAnswerError:
                _LOGGER.debug("No description at port %s", url.port)
        return ""

    async def text(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> str:
        """Return the text of an answer. Raises an error for any status but 200."""
        status, text = await self.request(path, query, form)
        if status == 404 or 300 <= status < 400:
            raise NotAFritzBoxError(f"{path} was answered with status {status}")
        if status != 200:
            raise FritzBoxConnectionError(
                f"{path} was answered with status {status}", has_answered=True
            )
        return text

    async def request(
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
        except (aiohttp.ClientError, OSError, ValueError) as err:
            self.forget_identity()
            raise _as_fritzbox_error(err) from err


def _as_fritzbox_error(err: Exception) -> FritzBoxError:
    """Return the error that a failed request means."""
    match err:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ServerFingerprintMismatch():
            return FritzBoxCertificateError("the certificate is not trusted")
        case aiohttp.ClientResponseError():
            return NotAFritzBoxError("the answer is not HTTP")
        case TimeoutError():
            return FritzBoxConnectionError("no answer in time")
        case _:
            # The message of the error may contain the URL, and with it the SID.
            return FritzBoxConnectionError(f"no connection ({type(err).__name__})")
