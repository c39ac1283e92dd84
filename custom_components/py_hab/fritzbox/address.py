"""Addresses of FRITZ!Boxes, as users type them and as boxes announce them."""

from ipaddress import IPv4Address, IPv6Address, ip_address
import re

from yarl import URL


def base_url(host: str) -> URL:
    """Return the base URL for what a user has typed: a host name, an IP address or a URL.

    "fritz.box", "192.168.178.1:8080", "[fd00::1]" and "https://fritz.box:8443/" are all valid; the
    default scheme is http. Raises ValueError for an invalid address, and for one that contains a
    user name or password: those have their own fields.
    """
    text = host.strip()
    if text.count(":") > 1 and "://" not in text and not text.startswith("["):
        text = f"[{text}]"
    try:
        url = URL(text if "://" in text else f"http://{text}")
    except IndexError as err:
        # yarl raises it for "http://[::]@".
        raise ValueError("not an address") from err
    if (
        url.scheme not in {"http", "https"}
        or not url.host
        or url.user is not None
        or url.password is not None
        or re.search(r"[\x00-\x20\x7f\s/@]", url.host)
    ):
        raise ValueError("not an address")
    if ":" in url.host:
        IPv6Address(url.host)
    # The conversion to text drops a default port, so that equal addresses compare equal.
    return URL(str(url.origin()))


def host_of(typed: str) -> str:
    """Return the host of a typed address, empty if the address is invalid."""
    try:
        return base_url(typed).host or ""
    except ValueError:
        return ""


def with_host(typed: str, host: str) -> str:
    """Return a typed address with another host; scheme and port stay as they were typed."""
    url = str(base_url(typed).with_host(host))
    return url if "://" in typed else url.removeprefix("http://")


def is_link_local(address: IPv4Address | IPv6Address) -> bool:
    """Return whether an address is valid on one link only, also as an IPv4 address within IPv6."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_link_local


def as_ip_address(host: str) -> IPv4Address | IPv6Address | None:
    """Return a host as an IP address, None if it is a name."""
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None
