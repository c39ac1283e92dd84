"""Addresses of boxes as users type them."""

import pytest

from custom_components.py_hab.fritzbox.address import as_ip_address, base_url, host_of, with_host


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("fritz.box", "http://fritz.box"),
        ("  FRITZ.box\n", "http://fritz.box"),
        ("192.168.178.1", "http://192.168.178.1"),
        ("192.168.178.1:8080", "http://192.168.178.1:8080"),
        ("fd00::1", "http://[fd00::1]"),
        ("[fd00::1]", "http://[fd00::1]"),
        ("[fd00::1]:8080", "http://[fd00::1]:8080"),
        ("fe80::1%eth0", "http://[fe80::1%eth0]"),
        ("http://fritz.box/", "http://fritz.box"),
        ("http://fritz.box:80", "http://fritz.box"),
        ("https://fritz.box:443", "https://fritz.box"),
        ("https://fritz.box:8443/", "https://fritz.box:8443"),
        ("HTTPS://[fd00::1]:8443/index.lua?sid=1#top", "https://[fd00::1]:8443"),
        ("fritz.box/smarthome", "http://fritz.box"),
        ("müller.example", "http://xn--mller-kva.example"),
    ],
)
def test_what_a_user_types_becomes_an_address(host: str, url: str) -> None:
    assert str(base_url(host)).rstrip("/") == url


@pytest.mark.parametrize(
    "host",
    [
        "",
        "  ",
        "http://",
        "https:///login",
        "://fritz.box",
        "ftp://fritz.box",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "fritz box",
        "fritz.box:http",
        "fritz.box:99999",
        "[fd00::1",
        "http://anna:secret@fritz.box/",
        "http://:secret@fritz.box/",
        "anna@fritz.box",
        "1:2:3",
        "fritz:box:80",
        "[1:2:3]",
        "[fritz.box]",
        "http://[::]@",
        "::]@/",
        "@",
        "?",
        "fritz\x00box",
        "\ud800",
    ],
    ids=repr,
)
def test_what_is_no_address_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        base_url(host)


@pytest.mark.parametrize(
    ("typed", "host"),
    [("fritz.box:80", "fritz.box"), ("https://[fd00::1]:8443", "fd00::1"), ("http://", "")],
)
def test_the_host_of_an_address(typed: str, host: str) -> None:
    assert host_of(typed) == host


@pytest.mark.parametrize(
    ("typed", "moved"),
    [
        ("192.168.178.1", "192.168.178.20"),
        ("192.168.178.1:8080", "192.168.178.20:8080"),
        ("https://192.168.178.1:8443", "https://192.168.178.20:8443"),
    ],
)
def test_a_box_that_has_moved_keeps_scheme_and_port(typed: str, moved: str) -> None:
    assert with_host(typed, "192.168.178.20") == moved


@pytest.mark.parametrize(
    ("host", "version"), [("192.168.178.1", 4), ("fe80::1%eth0", 6), ("fritz.box", None)]
)
def test_only_addresses_are_ip_addresses(host: str, version: int | None) -> None:
    found = as_ip_address(host)
    assert (found.version if found else None) == version
