"""Rules for what a user reads: translations, icons, the texts of actions, the README's tables."""

import ast
from collections.abc import Iterator
from pathlib import Path
import re
from typing import Any, Final

from homeassistant.util.yaml import parse_yaml

from .files import (
    Json,
    Module,
    Rule,
    at,
    callee,
    constants,
    english,
    integration,
    literals,
    load_json,
    modules,
    placeholders,
    read,
    string,
    texts,
)

LANGUAGES: Final = ("de", "en")

# What may stand where; `*` is any key. The structure is hassfest's for custom integrations.
FLOW: Final = (
    "step.*.title",
    "step.*.description",
    "step.*.data.*",
    "step.*.data_description.*",
    "step.*.menu_options.*",
    "step.*.menu_option_descriptions.*",
    "step.*.submit",
    "step.*.sections.*.name",
    "step.*.sections.*.description",
    "step.*.sections.*.data.*",
    "step.*.sections.*.data_description.*",
    "error.*",
    "abort.*",
    "progress.*",
    "create_entry.*",
)
STRUCTURE: Final = tuple(
    re.compile(path.replace(".", r"\.").replace("*", "[^.]+"))
    for path in (
        "title",
        "config.flow_title",
        *(f"config.{path}" for path in FLOW),
        *(f"options.{path}" for path in FLOW),
        "device.*.name",
        "entity.*.*.name",
        "entity.*.*.unit_of_measurement",
        "entity.*.*.state.*",
        "entity.*.*.state_attributes.*.name",
        "entity.*.*.state_attributes.*.state.*",
        "exceptions.*.message",
        "issues.*.title",
        "issues.*.description",
        *(f"issues.*.fix_flow.{path}" for path in FLOW),
        "selector.*.options.*",
        "services.*.name",
        "services.*.description",
        "services.*.fields.*.name",
        "services.*.fields.*.description",
        "services.*.sections.*.name",
        "services.*.sections.*.description",
        "system_health.info.*",
    )
)
KEY: Final = re.compile(r"(?!.+[_-]{2})(?![_-])[a-z0-9_-]+(?<![_-])")
URL: Final = re.compile(r"(ftps?|https?|mqtts?|socket)://|\bwww\.", re.IGNORECASE)
OFFENCES: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"<[^>]*>"), "holds HTML"),
    (URL, "holds an address; use a placeholder"),
    (re.compile(r"'{\w+}'"), "has a placeholder in single quotes"),
    (re.compile(r"^\s|\s$"), "begins or ends with a blank"),
    (re.compile(r"\[%|%\]"), "has a reference, which nobody resolves here"),
    (re.compile(r"^$"), "is empty"),
)

ICON: Final = re.compile(r"mdi:[a-z0-9]+(-[a-z0-9]+)*")
# Home Assistant's own texts begin with these; ours need not name them in code.
GIVEN_ABORTS: Final = {
    "already_configured",
    "already_in_progress",
    "reauth_successful",
    "reconfigure_successful",
    "unique_id_mismatch",
}


def translations(root: Path) -> dict[str, Json]:
    """Return the texts of each language."""
    folder = integration(root) / "translations"
    return {language: load_json(folder / f"{language}.json") for language in LANGUAGES}


def translations_are_where_home_assistant_looks(root: Path) -> Iterator[str]:
    """English and German in translations/; strings.json is only for core."""
    folder = integration(root)
    if (folder / "strings.json").exists():
        yield "strings.json: a custom integration has none"
    for language, found in translations(root).items():
        if not found:
            yield f"{language}.json is missing"


def translations_have_the_known_structure(root: Path) -> Iterator[str]:
    """Sections and keys are those that Home Assistant reads, in allowed characters."""
    for language, found in translations(root).items():
        for path, _ in texts(found):
            if not any(known.fullmatch(path) for known in STRUCTURE):
                yield f"{language}.json: nothing reads {path}"
            for key in path.split("."):
                if not KEY.fullmatch(key):
                    yield f"{language}.json: {path} has the key {key}, allowed are a-z 0-9 _ -"
        for key, issue in found.get("issues", {}).items():
            if "title" not in issue or ("description" in issue) == ("fix_flow" in issue):
                yield f"{language}.json: issues.{key} needs a title, and a description or a fix_flow"


def translations_are_plain_text(root: Path) -> Iterator[str]:
    """What hassfest forbids in a text."""
    for language, found in translations(root).items():
        for path, text in texts(found):
            for pattern, offence in OFFENCES:
                if pattern.search(text):
                    yield f"{language}.json: {path} {offence}"
            for name in placeholders(text):
                if not name.isidentifier():
                    yield f"{language}.json: {path} has the placeholder {name}, not an identifier"


def translations_say_the_same(root: Path) -> Iterator[str]:
    """Both languages have the same keys and the same placeholders, and German is German."""
    german, english_texts = (dict(texts(found)) for found in translations(root).values())
    for path in german.keys() ^ english_texts.keys():
        yield f"{path} is not in both languages"
    for path in german.keys() & english_texts.keys():
        here, there = german[path], english_texts[path]
        if placeholders(here) != placeholders(there):
            yield f"{path} has not the same placeholders in both languages"
        if here == there and len(here.split()) > 3:
            yield f"{path} is not translated"


def forms(found: Json) -> Iterator[tuple[str, Json]]:
    """Yield the forms of all flows, and their sections, with their paths."""
    flows = [(kind, found.get(kind, {})) for kind in ("config", "options")]
    flows += [
        (f"issues.{key}.fix_flow", issue.get("fix_flow", {}))
        for key, issue in found.get("issues", {}).items()
    ]
    for path, flow in flows:
        for name, step in flow.get("step", {}).items():
            yield f"{path}.step.{name}", step
            for section, content in step.get("sections", {}).items():
                yield f"{path}.step.{name}.sections.{section}", content


def every_field_is_described(root: Path) -> Iterator[str]:
    """Each field of a form has a label and a description (quality scale: config-flow)."""
    for language, found in translations(root).items():
        for path, form in forms(found):
            labels, described = form.get("data", {}), form.get("data_description", {})
            for key in labels.keys() ^ described.keys():
                yield f"{language}.json: {path}: {key} needs both data and data_description"


def no_text_is_unused(root: Path) -> Iterator[str]:
    """The last key of each text for an entity, an error and the like is written in the code."""
    written = literals(root) | GIVEN_ABORTS
    found = english(root)
    for pattern in (
        "config.error.*",
        "config.abort.*",
        "config.progress.*",
        "options.error.*",
        "options.abort.*",
        "options.progress.*",
        "device.*",
        "entity.*.*",
        "exceptions.*",
        "issues.*",
        "selector.*",
    ):
        for path in below(found, pattern.split(".")):
            if path.rpartition(".")[2] not in written:
                yield f"en.json: {path} is used nowhere"


def below(tree: Any, pattern: list[str], path: str = "") -> Iterator[str]:
    """Yield the dotted paths of a tree that a pattern with `*` matches."""
    if not pattern:
        yield path
    elif isinstance(tree, dict):
        for key, value in tree.items():
            if pattern[0] in ("*", key):
                yield from below(value, pattern[1:], f"{path}.{key}" if path else key)


def icons_are_sound(root: Path) -> Iterator[str]:
    """Only Material icons, for entities and actions that have a name, and none said twice."""
    found = load_json(integration(root) / "icons.json")
    names = english(root)
    for section in found.keys() - {"entity", "services"}:
        yield f"icons.json: nothing reads {section}"
    for service, icon in found.get("services", {}).items():
        if at(names, f"services.{service}") is None:
            yield f"icons.json: there is no action {service}"
        if not isinstance(icon, dict) or not icon.keys() <= {"service", "sections"}:
            yield f"icons.json: services.{service} must hold service, and sections if any"
    for path, icon in texts(found):
        if not ICON.fullmatch(icon):
            yield f"icons.json: {path} is not a mdi: icon"
    for path in below(found.get("entity", {}), ["*", "*"]):
        icon = at(found["entity"], path)
        if at(names, f"entity.{path}") is None:
            yield f"icons.json: entity.{path} has no text"
        if not icon.keys() <= {"default", "state", "range", "state_attributes"}:
            yield f"icons.json: entity.{path} has unknown keys"
        for state, other in icon.get("state", {}).items():
            if other == icon.get("default"):
                yield f"icons.json: entity.{path}: {state} equals the default"
        steps = list(icon.get("range", {}))
        try:
            if steps != sorted(steps, key=float):
                yield f"icons.json: entity.{path}: the range does not ascend"
        except ValueError:
            yield f"icons.json: entity.{path}: the range is not of numbers"


def actions(root: Path) -> Json:
    """Return services.yaml."""
    parsed = parse_yaml(read(integration(root) / "services.yaml") or "{}")
    return parsed if isinstance(parsed, dict) else {}


def fields(action: Json | None) -> Iterator[tuple[str, str]]:
    """Yield kind and name of an action's fields and of the sections they stand in."""
    for name, field in ((action or {}).get("fields") or {}).items():
        if isinstance(field, dict) and "fields" in field:
            yield "sections", name
            yield from fields(field)
        else:
            yield "fields", name


def actions_are_described(root: Path) -> Iterator[str]:
    """services.yaml, the texts and the icons know the same actions with the same fields."""
    known = actions(root)
    names = english(root).get("services", {})
    icons = load_json(integration(root) / "icons.json").get("services", {})
    for name in known.keys() ^ names.keys():
        yield f"the action {name} is not in both services.yaml and en.json"
    for name in known.keys() - icons.keys():
        yield f"the action {name} has no icon"
    for name in known.keys() & names.keys():
        wanted = {f"{kind}.{field}" for kind, field in fields(known[name])}
        for path in ("", *(f"{field}." for field in wanted)):
            for part in ("name", "description"):
                if path.startswith("sections.") and part == "description":
                    continue
                if at(names[name], f"{path}{part}") is None:
                    yield f"en.json: services.{name}.{path}{part} is missing"
        for kind in ("fields", "sections"):
            for field in names[name].get(kind, {}):
                if f"{kind}.{field}" not in wanted:
                    yield f"en.json: services.{name}.{kind}.{field} is not in services.yaml"


# Position of the action's name among the arguments.
REGISTERING: Final = {
    "async_register": 1,
    "async_register_admin_service": 2,
    "async_register_platform_entity_service": 2,
}


def registrations(each: Module) -> Iterator[ast.Call]:
    """Yield the calls that register an action."""
    for call in each.calls():
        match call.func:
            case ast.Attribute(attr="async_register", value=owner):
                if ast.unparse(owner).endswith("services"):
                    yield call
            case _ if callee(call) in REGISTERING.keys() - {"async_register"}:
                yield call


def actions_are_registered(root: Path) -> Iterator[str]:
    """What the code registers is in services.yaml, and the other way round."""
    known, given, written = actions(root), constants(root), literals(root)
    registers = False
    for each in modules(root):
        for call in registrations(each):
            registers = True
            name = string(call.args[REGISTERING[callee(call)]], given)
            if not known:
                yield f"{each.name} registers an action, and there is no services.yaml"
            elif name is not None and name not in known:
                yield f"{each.name}: the action {name} is not in services.yaml"
    for name in known:
        if not registers or name not in written:
            yield f"services.yaml: the action {name} is registered nowhere"


def readme_names_every_entity(root: Path) -> Iterator[str]:
    """Each name of an entity stands in a table of the README, alone or in a list with commas."""
    rows = [line for line in read(root / "README.md").splitlines() if line.startswith("|")]
    named = {part.strip(" `*_") for row in rows for part in re.split(r"[|,]|<br>", row)}
    found = english(root)
    for path in below(found, ["entity", "*", "*", "name"]):
        name = str(at(found, path))
        if not any(as_pattern(name).fullmatch(part) for part in named):
            yield f"README.md: no table names the entity {name} ({path})"


def readme_explains_every_field(root: Path) -> Iterator[str]:
    """Each label of a form stands in the README (quality scale: docs-…-parameters)."""
    readme = read(root / "README.md")
    labels = {label for _, form in forms(english(root)) for label in form.get("data", {}).values()}
    for label in sorted(labels):
        if not as_pattern(label).search(readme):
            yield f"README.md: the field {label} is not explained"


def as_pattern(text: str) -> re.Pattern[str]:
    """Return a pattern for a text, whatever stands for its placeholders."""
    return re.compile("[^|\n]{1,30}?".join(map(re.escape, re.split(r"{\w+}", text))))


RULES: Final[tuple[Rule, ...]] = (
    translations_are_where_home_assistant_looks,
    translations_have_the_known_structure,
    translations_are_plain_text,
    translations_say_the_same,
    every_field_is_described,
    no_text_is_unused,
    icons_are_sound,
    actions_are_described,
    actions_are_registered,
    readme_names_every_entity,
    readme_explains_every_field,
)
