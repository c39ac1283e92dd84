"""Addresses of boxes as users type them and as boxes announce them."""

from ipaddress import IPv4Address, IPv6Address, ip_address
import re

from yarl import URL


def base_url(host: str) -> URL:
    """Return the address of a box that a user has typed: a name, an address or a URL.

    "fritz.box", "192.168.178.1:8080", "[fd00::1]" and "https://fritz.box:8443/" are all fine;
    without a scheme it is http. Raises ValueError for what cannot be an address, and for one
    with a user in it: names and passwords have fields of their own.
    """
    text = host.strip()
    if text.count(":") > 1 and "://" not in text and not text.startswith("["):
        text = f"[{text}]"
    try:
        url = URL(text if "://" in text else f"http://{text}")
    except IndexError as err:
        # This is how yarl refuses "http://[::]@".
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
    # As text the port that goes without saying is left out, so that equal addresses are equal.
    return URL(str(url.origin()))


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
