"""Constants that stored entries, the texts and the manifest rely on."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from custom_components.py_hab import const
from custom_components.py_hab.const import (
    DEFAULT_POWER_INTERVAL,
    DEFAULT_SCAN_INTERVAL,
    DOMAIN,
    MAX_SCAN_INTERVAL,
    MIN_SCAN_INTERVAL,
    EntryKind,
    OutageShape,
)

FOLDER: Final = Path(const.__file__).parent
STORED: Final = {
    "CONF_KIND": "kind",
    "CONF_TOPIC": "topic",
    "CONF_PREFIX": "prefix",
    "CONF_COMMAND_TOPIC": "command_topic",
    "CONF_ANSWER_TOPIC": "answer_topic",
    "CONF_REGISTERS": "registers",
    "CONF_POWER_INTERVAL": "power_interval",
    "CONF_MAX_POWER": "max_power",
    "CONF_HISTORY": "history",
    "CONF_POWER_HISTORY": "power_history",
    "CONF_SHAPE": "outage_shape",
}


def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def test_the_domain_is_that_of_the_manifest_and_of_the_folder() -> None:
    assert read("manifest.json")["domain"] == DOMAIN == FOLDER.name


def test_names_in_stored_entries_do_not_change() -> None:
    names = {name: value for name, value in vars(const).items() if name.startswith("CONF_")}
    assert names == STORED
    assert len(set(names.values())) == len(names)


@pytest.mark.parametrize(
    ("kind", "values"),
    [(EntryKind, ["fritzbox", "meter"]), (OutageShape, ["even", "week_before"])],
)
def test_values_in_stored_entries_do_not_change(
    kind: type[EntryKind | OutageShape], values: list[str]
) -> None:
    assert [member.value for member in kind] == values


@pytest.mark.parametrize("language", ["en", "de"])
def test_each_shape_of_an_outage_has_a_text(language: str) -> None:
    texts = read(f"translations/{language}.json")["selector"]["outage_shape"]["options"]
    assert texts.keys() == set(OutageShape)


def test_default_intervals_are_within_their_limits() -> None:
    assert MIN_SCAN_INTERVAL < DEFAULT_SCAN_INTERVAL < MAX_SCAN_INTERVAL
    assert DEFAULT_POWER_INTERVAL > 0
