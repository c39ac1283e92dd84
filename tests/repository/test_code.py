"""The integration's code: what must not be in it, and errors in the user's language."""

import ast
from collections.abc import Iterator
import re
from typing import Final

import pytest

from scripts.import_graph import PACKAGE

from .files import nodes

FORBIDDEN: Final = {
    r"hass\.data(\[|\.setdefault\(|\.get\()DOMAIN": "keep it in entry.runtime_data",
    r"\badd_update_listener\b": "use OptionsFlowWithReload",
    r"\bvia_device\s*=|[\"']via_device[\"']": "use via_device_id",
    r"\basync_get_device\(": "use async_get_device_by_identifier",
    r"^\s*(import|from) requests\b": "use aiohttp",
    r"\btime\.sleep\b|^\s*from time import .*\bsleep\b": "it stops the event loop",
    r"#\s*type:\s*ignore": "say it in types",
    r"#\s*noqa": "write it as the linter asks",
    r"\b(TODO|FIXME|XXX)\b": "do it, or open an issue",
    r"^\s*from __future__ import": "Python 3.14 needs none",
    r"\b_attr_icon\b|\bicon\s*=\s*[\"']mdi:": "put it into icons.json",
    r"\b_attr_force_update\b|\bforce_update\s*=": "each state is a row in the database",
    r"\bClientSession\(": "take the session of Home Assistant",
    r"\basyncio\.create_task\(": "use async_create_background_task of the entry",
    r"\bhas_mean\b": "use mean_type",
    r"\bshow_advanced_options\b": "use a section that is folded",
    r"\bself\.entity_id\s*=|\b_attr_entity_id\b": "Home Assistant chooses it",
    r"^\s*(import probatio|from (probatio|voluptuous) import)": "import voluptuous as vol",
}
"""Patterns of what is deprecated, hides a fault or harms the home, and what to do instead."""
EXAMPLES: Final = """\
hass.data[DOMAIN] = {}
hass.data.setdefault(DOMAIN, {})
entry.add_update_listener(f)
DeviceInfo(via_device=box)
info["via_device"] = box
registry.async_get_device(identifiers=x)
import requests
time.sleep(1)
from time import monotonic, sleep
x = 1  # type: ignore[assignment]
x = 1  # noqa: F841
# TODO: later
from __future__ import annotations
_attr_icon = "x"
Description(icon="mdi:flash")
_attr_force_update = True
aiohttp.ClientSession()
asyncio.create_task(f())
{"has_mean": True}
if self.show_advanced_options: ...
self.entity_id = "sensor.x"
_attr_entity_id = "sensor.x"
import probatio
from voluptuous import Schema
"""
TRANSLATED: Final = re.compile(
    r"\b(ConfigEntry(AuthFailed|Error|NotReady)|(HomeAssistant|ServiceValidation)Error|UpdateFailed)$"
)
"""Errors whose text a user may see."""


def offences(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of what a module must not contain, and what to do instead."""
    for pattern, instead in FORBIDDEN.items():
        for hit in re.finditer(pattern, text, re.MULTILINE):
            yield text.count("\n", 0, hit.end()) + 1, instead


def is_untranslated(node: ast.AST) -> bool:
    """Return whether an error is raised that a user may see, without a text in his language."""
    match node:
        case ast.Raise(exc=ast.Call(func=error, keywords=keywords)):
            lacks = {"translation_domain", "translation_key"} - {given.arg for given in keywords}
            return bool(TRANSLATED.search(ast.unparse(error)) and lacks)
        case ast.Raise(exc=ast.expr() as error):
            return bool(TRANSLATED.search(ast.unparse(error)))
    return False


def test_nothing_forbidden_is_in_the_code() -> None:
    texts = {path: path.read_text("utf-8") for path in PACKAGE.rglob("*.py")}
    assert {path: found for path, text in texts.items() if (found := [*offences(text)])} == {}


def test_what_is_forbidden_is_found() -> None:
    found = list(offences(EXAMPLES))
    assert sorted(line for line, _ in found) == list(range(1, EXAMPLES.count("\n") + 1))
    assert {instead for _, instead in found} == set(FORBIDDEN.values())


def test_errors_are_translated() -> None:
    assert [ast.unparse(node) for _, node in nodes() if is_untranslated(node)] == []


@pytest.mark.parametrize(
    ("code", "untranslated"),
    [
        ("raise UpdateFailed(translation_key='x')", True),
        ("raise exceptions.HomeAssistantError('no', translation_domain=DOMAIN)", True),
        ("raise ConfigEntryNotReady", True),
        ("raise UpdateFailed(translation_domain=DOMAIN, translation_key='x')", False),
        ("raise ValueError('no')", False),
    ],
)
def test_an_untranslated_error_is_found(*, code: str, untranslated: bool) -> None:
    assert is_untranslated(ast.parse(code).body[0]) is untranslated
