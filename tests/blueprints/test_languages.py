"""Blueprints in both languages: the same automation, with the texts of the integration."""

from typing import Any, Final

import pytest

from homeassistant.core import HomeAssistant
from homeassistant.util.yaml import load_yaml_dict
from tests.repository.files import ours
from tests.support.blueprints import FOLDER, LANGUAGES, Blueprints, path_of

TEXTS: Final = {
    *("name", "description", "label", "alias", "source_url"),
    *("title", "message", "notices", "registers"),
}
"""Keys below which the languages differ."""
NAMES: Final = sorted(
    path.name.removesuffix(".yaml") for path in FOLDER.iterdir() if ".de" not in path.suffixes
)


def without_texts(value: Any) -> Any:
    """Return what is the same in all languages."""
    if isinstance(value, dict):
        return {key: without_texts(each) for key, each in value.items() if key not in TEXTS}
    if isinstance(value, list):
        return [without_texts(each) for each in value]
    return value


def loaded(name: str, language: str) -> dict[str, Any]:
    """Return the content of a blueprint."""
    return load_yaml_dict(str(path_of(name, language)))


def test_each_blueprint_exists_in_each_language() -> None:
    expected = {path_of(name, language) for name in NAMES for language in LANGUAGES}
    assert set(FOLDER.iterdir()) == expected
    assert len(NAMES) == 8


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_are_the_same_automation(name: str) -> None:
    english, german = loaded(name, "en"), loaded(name, "de")
    assert without_texts(english) == without_texts(german)
    for about in ("name", "description"):
        assert english["blueprint"][about] != german["blueprint"][about]
    for key, each in english["blueprint"]["input"].items():
        assert {"name", "description"} <= each.keys()
        assert each["description"] != german["blueprint"]["input"][key]["description"]


async def test_all_can_be_imported_from_their_addresses(
    hass: HomeAssistant, blueprints: Blueprints
) -> None:
    for name in NAMES:
        for language, suffix in LANGUAGES.items():
            assert await blueprints.import_file(name, language) == f"jankstar/{name}{suffix}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_notices_are_named_as_on_the_repairs_page(language: str) -> None:
    [variables, *_] = loaded("meter_or_box_problem", language)["actions"]
    titles = {
        key: text["title"] for key, text in ours(f"translations/{language}.json")["issues"].items()
    }
    notices: dict[str, str] = variables["variables"]["notices"]
    assert notices == {key: titles[key] for key in notices}
    # The others are no trouble of a meter or a box.
    assert titles.keys() - notices.keys() == {
        *("dashboard_resource", "journal_set_aside", "unknown_schema", "unreadable_journal")
    }
