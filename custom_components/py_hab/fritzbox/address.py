"""Addresses of boxes as users type them and as boxes announce them."""

from ipaddress import IPv4Address, IPv6Address, ip_address

from ..fritzbox_api import base_url


def host_of(typed: str) -> str:
    """Return the name or address in what was typed, empty for none."""
    try:
        return base_url(typed).host or ""
    except ValueError:
        return ""


def with_host(typed: str, host: str) -> str:
    """Return an address as it was typed, scheme and port included, with another host."""
    url = str(base_url(typed).with_host(host))
    return url if "://" in typed else url.removeprefix("http://")


def as_ip_address(host: str) -> IPv4Address | IPv6Address | None:
    """Return a host as an IP address, None for a name."""
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None
