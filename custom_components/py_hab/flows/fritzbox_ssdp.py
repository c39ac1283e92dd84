"""Reads the SSDP announcement of a FRITZ!Box. Any device in the network can send one."""

from dataclasses import dataclass
import re
from typing import Final, Self

from yarl import URL

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.service_info.ssdp import (
    ATTR_UPNP_FRIENDLY_NAME,
    ATTR_UPNP_UDN,
    SsdpServiceInfo,
)

from ..box.identity import reported_serial
from ..fritzbox.address import as_ip_address, host_of, is_link_local, with_host
from ..util.texts import clean_text

_SERIAL: Final = re.compile(r"[0-9A-Fa-f]{12}")


@dataclass(frozen=True, kw_only=True, slots=True)
class AnnouncedBox:
    """A FRITZ!Box or a repeater that announces itself."""

    location: URL
    """The address of its UPnP description."""
    host: str
    serial: str
    """Its serial number, in upper case."""
    name: str

    @classmethod
    def of(cls, info: SsdpServiceInfo) -> Self:
        """Return the announced box. Raises AbortFlow if it cannot be set up."""
        try:
            location = URL(info.ssdp_location or "")
        except ValueError as err:
            raise AbortFlow("not_supported") from err
        host = location.host or ""
        address = as_ip_address(host)
        if address is not None and is_link_local(address):
            raise AbortFlow("ipv6_link_local" if address.version == 6 else "link_local")
        # The last part of the UDN of a FRITZ!Box is the serial number in its description.
        serial = str(info.upnp.get(ATTR_UPNP_UDN, ""))[-12:]
        if not _SERIAL.fullmatch(serial):
            raise AbortFlow("not_supported")
        name = info.upnp.get(ATTR_UPNP_FRIENDLY_NAME) or host
        return cls(location=location, host=host, serial=serial.upper(), name=clean_text(str(name)))


async def async_new_address(
    hass: HomeAssistant, entry: ConfigEntry, box: AnnouncedBox
) -> str | None:
    """Return the announced address of an entry's box, None if the box has not moved.

    It has moved if it no longer answers at its known address, and reports its serial number at the
    announced one. A host name is kept.
    """
    stored = entry.data.get(CONF_HOST, "")
    known, announced = as_ip_address(host_of(stored)), as_ip_address(box.host)
    if None in (known, announced) or known == announced or entry.disabled_by is not None:
        return None
    session = async_get_clientsession(hass, verify_ssl=entry.data.get(CONF_VERIFY_SSL, True))
    if await reported_serial(session, stored) in {box.serial, ""}:
        return None
    moved = with_host(stored, box.host)
    return moved if await reported_serial(session, moved) == box.serial else None
