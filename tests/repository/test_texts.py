"""What a user reads: both languages, the texts that the code asks for, actions."""

import ast
from collections.abc import Collection, Iterator, Mapping
import re
from typing import Any, Final

import pytest

from custom_components.py_hab.api.actions import async_register_data_actions
from custom_components.py_hab.services import async_register_actions
from homeassistant.core import HomeAssistant

from .files import nodes, ours

TEXTS_OF: Final = {
    "translation_key": r"^(exceptions|issues|selector|device|entity\.\w+)\.{}\.",
    "step_id": r"\bstep\.{}\.",
    "reason": r"\babort\.{}$",
    "progress_action": r"\bprogress\.{}$",
}
"""Arguments that name a text, and where it is."""
KEY: Final = re.compile(
    r"((config|options)\.(error|abort|progress)|device|entity\.\w+|exceptions|issues|selector)"
    r"\.(?P<key>\w+)"
)
"""The part of a path that code has to name."""
GIVEN: Final = {
    *("already_configured", "already_in_progress", "reauth_successful", "reconfigure_successful")
}
"""Reasons to abort that Home Assistant's own code names."""


def flat(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the texts of a JSON tree with their dotted paths."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flat(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


ENGLISH: Final = dict(flat(ours("translations/en.json")))
GERMAN: Final = dict(flat(ours("translations/de.json")))


def differences(german: Mapping[str, str], english: Mapping[str, str]) -> Iterator[str]:
    """Yield what is not said alike in both languages."""
    yield from (f"{path} is in one language only" for path in german.keys() ^ english.keys())
    for path in german.keys() & english.keys():
        here, there = german[path], english[path]
        if set(re.findall(r"{\w+}", here)) != set(re.findall(r"{\w+}", there)):
            yield f"{path} has other placeholders"
        if here == there and len(here.split()) > 3:
            yield f"{path} is not translated"


def undescribed(paths: Collection[str]) -> set[str]:
    """Return the fields of forms that lack a label or a description."""
    described = {path for path in paths if ".data_description." in path}
    labels = {path for path in paths if ".data." in path}
    return labels ^ {path.replace(".data_description.", ".data.") for path in described}


def unused(paths: Collection[str], code: Collection[str]) -> set[str]:
    """Return the texts whose key is no string of the code."""
    named = ((path, KEY.match(path)) for path in paths)
    return {path for path, match in named if match and match["key"] not in {*code, *GIVEN}}


def wanted(node: ast.AST) -> Iterator[str]:
    """Yield patterns of the paths of texts that code asks for, as far as it names them."""
    match node:
        case ast.Call(keywords=keywords):
            named = {given.arg: given.value for given in keywords if given.arg in TEXTS_OF}
            if "progress_action" in named:
                named.pop("step_id", None)  # a progress has no form
            for argument, value in named.items():
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield TEXTS_OF[str(argument)].format(value.value)
        case ast.Assign(
            targets=[ast.Subscript(value=ast.Name(id="errors"))], value=ast.Constant(value=str(key))
        ):
            yield rf"\berror\.{key}$"


def untitled(paths: Collection[str]) -> set[str]:
    """Return the steps and progresses without a title: they would show the integration's name."""
    steps = {
        path[: match.end()].replace(".progress.", ".step.")
        for path in paths
        if (match := re.match(r"(config|options)\.(step|progress)\.\w+", path))
    }
    return {step for step in steps if f"{step}.title" not in paths}


def misnamed(texts: Mapping[str, str]) -> set[str]:
    """Return the ways through the options in bold that name no option: **Configure > Prices**."""
    options = {text for path, text in texts.items() if ".menu_options." in path}
    ways = (way for text in texts.values() for way in re.findall(r"\*\*([^*]+ > [^*]+)\*\*", text))
    return {way for way in ways if not options.issuperset(way.split(" > ")[1:])}


def absent(patterns: Collection[str], paths: Collection[str]) -> set[str]:
    """Return the patterns that no path fits."""
    return {each for each in patterns if not any(re.search(each, path) for path in paths)}


def unnamed(pages: str, texts: Mapping[str, str]) -> Iterator[str]:
    """Yield the entities that no table of the documentation names, and fields without a word."""
    rows = [line for line in pages.splitlines() if line.startswith("|")]
    # A name may contain a comma.
    splits = (r"[|,]|<br>", r"\||<br>")
    cells = {cell.strip(" `*_") for row in rows for at in splits for cell in re.split(at, row)}
    for path, text in texts.items():
        # Anything may stand for a placeholder.
        likely = re.compile("[^|\n]{1,30}?".join(map(re.escape, re.split(r"{\w+}", text))))
        if re.fullmatch(r"entity\.\w+\.\w+\.name", path) and not any(map(likely.fullmatch, cells)):
            yield f"no table names the entity {text}"
        if ".data." in path and not likely.search(pages):
            yield f"the field {text} is not explained"


def mismatches(
    actions: Mapping[str, Any], texts: Mapping[str, Any], *others: Collection[str]
) -> Iterator[str]:
    """Yield what services.yaml, the texts and others that know the actions do not agree on."""
    for known in (texts, *others):
        yield from (f"{name} is not known everywhere" for name in actions.keys() ^ {*known})
    for name in actions.keys() & texts.keys():
        fields = (actions[name] or {}).get("fields", {}).keys()
        for field in fields ^ texts[name].get("fields", {}).keys():
            yield f"{name}: {field} is not in both services.yaml and the texts"


def test_both_languages_say_the_same() -> None:
    assert list(differences(GERMAN, ENGLISH)) == []


@pytest.mark.parametrize(
    ("german", "english", "offence"),
    [
        ({"a": "x"}, {}, "a is in one language only"),
        ({"a": "{x} und {y}"}, {"a": "{x} and {z}"}, "a has other placeholders"),
        ({"a": "These are four words"}, {"a": "These are four words"}, "a is not translated"),
    ],
)
def test_a_difference_between_languages_is_found(
    german: dict[str, str], english: dict[str, str], offence: str
) -> None:
    assert list(differences(german, english)) == [offence]


def test_every_field_is_described() -> None:
    assert undescribed(ENGLISH) == set()
    both = {"c.data.z", "c.data_description.z"}
    assert undescribed({"a.data.x", "b.data_description.y", *both}) == {"a.data.x", "b.data.y"}


def test_every_step_has_a_title() -> None:
    assert untitled(ENGLISH) == set()
    titled = {"config.step.a.title", "options.step.b.title", "options.progress.b"}
    assert untitled({"config.step.x.data.y", "options.progress.z", *titled}) == {
        "config.step.x",
        "options.step.z",
    }


@pytest.mark.parametrize("texts", [ENGLISH, GERMAN])
def test_a_text_that_leads_to_an_option_names_it_as_the_menu_does(texts: dict[str, str]) -> None:
    assert misnamed(texts) == set()
    menu = {"options.step.init.menu_options.x": "History"}
    assert misnamed({**menu, "a": "**Configure > Past** or **Configure > History**"}) == {
        "Configure > Past"
    }


def test_no_text_is_unused() -> None:
    strings = {node.value for _, node in nodes() if isinstance(node, ast.Constant)}
    assert unused(ENGLISH, {text for text in strings if isinstance(text, str)}) == set()
    used = {"config.step.x.title", "issues.z.title", "config.abort.already_configured"}
    assert unused({"entity.sensor.y.name", "options.error.x", *used}, {"z"}) == {
        "entity.sensor.y.name",
        "options.error.x",
    }


def test_texts_that_the_code_asks_for_exist() -> None:
    assert absent({pattern for _, node in nodes() for pattern in wanted(node)}, ENGLISH) == set()


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ('self.async_show_form(step_id="x")', "config.step.x.title"),
        ('self.async_abort(reason="x")', "options.abort.x"),
        ('self.async_show_progress(step_id="y", progress_action="x")', "options.progress.x"),
        ('HomeAssistantError(translation_key="x")', "exceptions.x.message"),
        ('Description(key="y", translation_key="x")', "entity.sensor.x.name"),
        ('errors["base"] = "x"', "config.error.x"),
    ],
)
def test_an_absent_text_is_found(code: str, path: str) -> None:
    asked = {each for node in ast.walk(ast.parse(code)) for each in wanted(node)}
    assert absent(asked, {path}) == set()
    assert absent(asked, {path.replace("x", "z")}) == asked != set()


def test_actions_are_the_same_everywhere(hass: HomeAssistant) -> None:
    async_register_actions(hass)
    async_register_data_actions(hass)
    registered = hass.services.async_services()["py_hab"]
    known = ours("translations/en.json")["services"], ours("icons.json")["services"]
    assert list(mismatches(ours("services.yaml"), *known, registered)) == []


@pytest.mark.parametrize(
    ("texts", "registered"),
    [
        ({"a": {"fields": {"b": {}}}}, {}),
        ({"a": {"fields": {"b": {}}}}, {"a", "c"}),
        ({"a": {"fields": {"c": {}, "b": {}}}}, {"a"}),
        ({}, {"a"}),
    ],
)
def test_an_action_that_is_not_known_everywhere_is_found(
    texts: dict[str, Any], registered: set[str]
) -> None:
    assert len(list(mismatches({"a": {"fields": {"b": {}}}}, texts, registered))) == 1


def test_an_entity_that_is_not_documented_is_found() -> None:
    texts = {"entity.sensor.a.name": "Power", "entity.sensor.b.name": "Power L{n}"}
    readme = "| Power of all, Power L1 |\n\nPower; Address of it"
    assert list(unnamed(readme, texts | {"x.data.y": "Addresses", "x.data.z": "Address"})) == [
        "no table names the entity Power",
        "the field Addresses is not explained",
    ]
