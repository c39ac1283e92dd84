"""What a box reports without a login, before anything is sent to it."""

import aiohttp
from yarl import URL

from ..fritzbox.connection import DESCRIPTION, REQUEST_TIMEOUT, read_body
from ..fritzbox.errors import (
    FritzBoxConnectionError,
    FritzBoxError,
    InvalidAnswerError,
    NotAFritzBoxError,
)
from ..fritzbox.login import BoxInfo
from ..fritzbox_api import FritzBoxClient


async def described_box(client: FritzBoxClient) -> BoxInfo:
    """Return model, version and serial number of a box, or only a general model name.

    Not every model serves its description. The login shows whether it is a FRITZ!Box at all. Raises
    FritzBoxError if the box does not answer.
    """
    try:
        return await client.box_info()
    except NotAFritzBoxError, InvalidAnswerError:
        return BoxInfo(model="FRITZ!Box", firmware_version=None, serial="")


async def offers_smart_home(session: aiohttp.ClientSession, description: URL) -> bool:
    """Return whether the device with this UPnP description offers smart home functions.

    Repeaters announce themselves like boxes. Returns True if the device does not answer, because
    users can switch off access for applications (TR-064). Never raises.
    """
    try:
        async with session.get(
            description.with_path(DESCRIPTION),
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT.total_seconds()),
        ) as response:
            return response.status != 200 or "X_AVM-DE_Homeauto" in await read_body(response)
    except aiohttp.ClientError, FritzBoxError, OSError, ValueError:
        return True


async def reported_serial(session: aiohttp.ClientSession, host: str) -> str | None:
    """Return the serial number that a box at an address reports. Sends no login, never raises.

    Returns None if nothing answers there, and an empty text if something answers without a number.
    """
    try:
        return (
            await FritzBoxClient(session, host=host, username="", password="").box_info()
        ).serial
    except FritzBoxConnectionError as err:
        return "" if err.has_answered else None
    except FritzBoxError, ValueError:
        return ""
