"""Rules for the integration's Python: who may import whom, what must be there, what must not."""

import ast
from collections.abc import Iterator
from pathlib import Path
import re
from typing import Final

from homeassistant.const import Platform

from .files import (
    DOMAIN,
    Module,
    Rule,
    at,
    callee,
    constants,
    english,
    integration,
    keyword,
    manifest,
    module,
    modules,
    string,
)
from .texts import registrations

# A file imports from its own floor or from one below, and never in a circle.
# On floor 1 nobody knows that Home Assistant exists. A folder stands for all files in it.
FLOORS: Final[dict[str, int]] = {
    "fritzbox_model.py": 1,
    "fritzbox_login.py": 1,
    "fritzbox_rest.py": 1,
    "fritzbox_statistics.py": 1,
    "fritzbox_xml.py": 1,
    "device_absence.py": 1,
    "fritzbox_api.py": 1,
    "hosts.py": 1,
    "sml_registers.py": 1,
    "sml_vocabulary.py": 1,
    "tasmota_sml.py": 1,
    "tasmota_topics.py": 1,
    "register_choice.py": 1,
    "register_behaviour.py": 1,
    "register_evidence.py": 1,
    "meter_places.py": 1,
    "meter_id.py": 1,
    "meter_trouble.py": 1,
    "sampling.py": 1,
    "counter.py": 1,
    "counter_gap.py": 1,
    "const.py": 2,
    "counter_memory.py": 2,
    "local_number.py": 2,
    "fritzbox_failures.py": 2,
    "fritzbox_session.py": 2,
    "reader_probe.py": 2,
    "meter.py": 2,
    "head_link.py": 2,
    "meter_notices.py": 2,
    "meter_coordinator.py": 2,
    "coordinator.py": 2,
    "entity.py": 3,
    "meter_sensors.py": 3,
    "sensor.py": 3,
    "binary_sensor.py": 3,
    "event.py": 3,
    "history": 3,
    "jobs.py": 4,
    "queries.py": 4,
    "data_services.py": 4,
    "services.py": 4,
    "http.py": 4,
    "history_flow.py": 4,
    "register_form.py": 4,
    "options_flow.py": 4,
    "config_flow.py": 4,
    "diagnostics.py": 4,
    "repairs.py": 4,
    "system_health.py": 4,
    "__init__.py": 5,
}

PLATFORMS: Final = {platform.value for platform in Platform}
# Integrations that any other may import without naming them (hassfest).
IMPORTABLE: Final = {
    *PLATFORMS,
    "alert",
    "automation",
    "conversation",
    "default_config",
    "device_automation",
    "frontend",
    "group",
    "homeassistant",
    "input_boolean",
    "input_button",
    "input_datetime",
    "input_number",
    "input_select",
    "input_text",
    "media_source",
    "mjpeg",
    "onboarding",
    "panel_custom",
    "persistent_notification",
    "person",
    "script",
    "shopping_list",
    "stream",
    "sun",
    "system_health",
    "system_log",
    "timer",
    "webhook",
    "websocket_api",
    "zone",
}
# These may be imported by whom they discover.
DISCOVERIES: Final = {"bluetooth", "dhcp", "mqtt", "ssdp", "usb", "zeroconf"}

FORBIDDEN: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern, re.MULTILINE), instead)
    for pattern, instead in (
        (r"hass\.data(\[|\.setdefault\(|\.get\()DOMAIN", "keep it in entry.runtime_data"),
        (r"\badd_update_listener\b", "use OptionsFlowWithReload"),
        (r"\bvia_device\s*=|[\"']via_device[\"']", "use via_device_id"),
        (r"\basync_get_device\(", "use async_get_device_by_identifier"),
        (r"^\s*(import|from) requests\b", "use aiohttp"),
        (r"\btime\.sleep\b|^\s*from time import .*\bsleep\b", "it stops the event loop"),
        (r"#\s*type:\s*ignore", "say it in types"),
        (r"#\s*noqa", "write it as the linter asks"),
        (r"\b(TODO|FIXME|XXX)\b", "do it, or open an issue"),
        (r"^\s*from __future__ import", "Python 3.14 needs none"),
        (r"\b_attr_icon\b|\bicon\s*=\s*[\"']mdi:", "put it into icons.json"),
        (r"\b_attr_force_update\b|\bforce_update\s*=", "each state is a row in the database"),
        (r"\bClientSession\(", "take the session of Home Assistant"),
        (r"\basyncio\.create_task\(", "use the entry's async_create_background_task"),
        (r"\bhas_mean\b", "use mean_type"),
        (r"\bshow_advanced_options\b", "use a section that is folded"),
        (r"\bself\.entity_id\s*=|\b_attr_entity_id\b", "Home Assistant chooses it"),
        (r"^\s*(import probatio|from (probatio|voluptuous) import)", "import voluptuous as vol"),
    )
)

TRANSLATED_ERRORS: Final = {
    "ConfigEntryAuthFailed",
    "ConfigEntryError",
    "ConfigEntryNotReady",
    "HomeAssistantError",
    "ServiceValidationError",
    "UpdateFailed",
}
DISCOVERY_STEPS: Final = {
    f"async_step_{source}" for source in ("bluetooth", "dhcp", "mqtt", "ssdp", "usb", "zeroconf")
}


class _Imports(ast.NodeVisitor):
    """Collects the integrations of Home Assistant that a file imports when it runs."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_If(self, node: ast.If) -> None:
        """Leave out what only the type checker sees."""
        if ast.unparse(node.test) not in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """See `from homeassistant.components.x import y` and `from homeassistant.components import x`."""
        if node.level == 0 and node.module == "homeassistant.components":
            self.found.update(alias.name for alias in node.names)
        elif node.level == 0:
            self._add(node.module or "")

    def visit_Import(self, node: ast.Import) -> None:
        """See `import homeassistant.components.x`."""
        for alias in node.names:
            self._add(alias.name)

    def _add(self, name: str) -> None:
        if name.startswith("homeassistant.components."):
            self.found.add(name.split(".")[2])


def imported_integrations_are_declared(root: Path) -> Iterator[str]:
    """Whoever is imported is a dependency, or may be imported without (hassfest)."""
    found = manifest(root)
    allowed = {
        *IMPORTABLE,
        *found.get("dependencies", ()),
        *found.get("after_dependencies", ()),
        *(DISCOVERIES & found.keys()),
    }
    folder = integration(root)
    for each in modules(root):
        imports = _Imports()
        imports.visit(each.tree)
        for name in sorted(imports.found - allowed):
            if not (folder / f"{name}.py").is_file() and not (folder / name).is_dir():
                yield f"{each.name}: {name} is neither in dependencies nor in after_dependencies"


def own_imports(each: Module, names: set[str]) -> Iterator[str]:
    """Yield the integration's files that a file imports from, for types or to run."""
    package = [DOMAIN, *Path(each.name).parts[:-1]]
    for node in ast.walk(each.tree):
        match node:
            case ast.ImportFrom(module=name, level=level, names=aliases) if level:
                base = [*package[: len(package) - level + 1], *(name.split(".") if name else ())]
            case ast.ImportFrom(module=str(name), names=aliases):
                if not name.startswith(f"custom_components.{DOMAIN}"):
                    continue
                base = name.split(".")[1:]
            case ast.Import(names=aliases):
                for alias in aliases:
                    if alias.name.startswith(f"custom_components.{DOMAIN}"):
                        yield as_file(alias.name.split(".")[2:], names)
                continue
            case _:
                continue
        for alias in aliases:
            as_module = as_file([*base[1:], alias.name], names)
            yield as_module if as_module in names else as_file(base[1:], names)


def as_file(parts: list[str], names: set[str]) -> str:
    """Return the file that a dotted name stands for."""
    path = "/".join(parts)
    package = f"{path}/__init__.py" if path else "__init__.py"
    return package if package in names else f"{path}.py"


def floor(name: str) -> int | None:
    """Return the floor of a file, None if the table has none."""
    return FLOORS.get(name, FLOORS.get(name.partition("/")[0]))


def imports_go_down(root: Path) -> Iterator[str]:
    """A file knows its own floor and those below; floor 1 does not know Home Assistant."""
    found = modules(root)
    names = {each.name for each in found}
    for each in found:
        own = floor(each.name)
        if own is None:
            yield f"{each.name} has no floor; add it to FLOORS"
            continue
        for target in set(own_imports(each, names)):
            below = floor(target)
            if below is not None and below > own:
                yield f"{each.name} (floor {own}) imports from {target} (floor {below})"
        if own == 1 and re.search(r"^\s*(from|import) homeassistant\b", each.text, re.MULTILINE):
            yield f"{each.name} is on floor 1 and imports Home Assistant"


def imports_make_no_circle(root: Path) -> Iterator[str]:
    """No file imports from its own caller, however far away."""
    found = modules(root)
    names = {each.name for each in found}
    circle = {each.name: set(own_imports(each, names)) for each in found}
    size = 0
    # Who imports none of the rest, or is imported by none of it, is in no circle.
    while len(circle) != size:
        size = len(circle)
        imported = set().union(*circle.values())
        circle = {
            name: targets & circle.keys()
            for name, targets in circle.items()
            if name in imported and targets & circle.keys()
        }
    if circle:
        yield f"these files import each other in a circle: {', '.join(sorted(circle))}"


def forbidden_things_are_absent(root: Path) -> Iterator[str]:
    """What is deprecated, hides a fault or harms the home."""
    for each in modules(root):
        for pattern, instead in FORBIDDEN:
            for hit in pattern.finditer(each.text):
                line = each.text.count("\n", 0, hit.start()) + 1
                yield f"{each.name}:{line}: {hit.group().strip()!r}: {instead}"


def assigned(each: Module) -> set[str]:
    """Return the names that are bound at the top of a module."""
    found: set[str] = set()
    for node in each.tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else ()
        found.update(target.id for target in targets if isinstance(target, ast.Name))
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


def functions(each: Module) -> dict[str, ast.AsyncFunctionDef | ast.FunctionDef]:
    """Return all functions and methods of a module."""
    return {
        node.name: node
        for node in ast.walk(each.tree)
        if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)
    }


def platforms_limit_their_updates(root: Path) -> Iterator[str]:
    """Each platform says how many updates run at once (quality scale: parallel-updates)."""
    for each in modules(root):
        is_platform = each.name == f"{each.stem}.py" and each.stem in PLATFORMS
        if is_platform and "PARALLEL_UPDATES" not in assigned(each):
            yield f"{each.name} lacks PARALLEL_UPDATES"


def setup_is_by_entry_only(root: Path) -> Iterator[str]:
    """With async_setup goes CONFIG_SCHEMA (hassfest); actions are registered there, not by entry."""
    for each in modules(root):
        found = functions(each)
        if "async_setup" in found and "CONFIG_SCHEMA" not in assigned(each):
            yield f"{each.name} has async_setup without CONFIG_SCHEMA"
        if entry_setup := found.get("async_setup_entry"):
            inside = {id(node) for node in ast.walk(entry_setup)}
            if any(id(call) in inside for call in registrations(each)):
                yield f"{each.name} registers an action in async_setup_entry"


def classes_are_where_one_looks(root: Path) -> Iterator[str]:
    """Coordinators stand in coordinator.py, the flow in config_flow.py (quality scale: common-modules).

    A second source may have a coordinator file of its own, named after it.
    """
    homes = {"DataUpdateCoordinator": "coordinator.py", "ConfigFlow": "config_flow.py"}
    for each in modules(root):
        for node in ast.walk(each.tree):
            if not isinstance(node, ast.ClassDef):
                continue
            for base in node.bases:
                name = ast.unparse(base).partition("[")[0].rpartition(".")[2]
                if not each.name.endswith(homes.get(name, each.name)):
                    yield f"{each.name}: {node.name} belongs into {homes[name]}"


def discoveries_are_recognised(root: Path) -> Iterator[str]:
    """A discovered device gets a unique id, so that it is offered once (hassfest)."""
    flow = module(root, "config_flow.py")
    if flow is None:
        return
    if "_abort_if_unique_id_configured" not in flow.text:
        yield "config_flow.py never aborts for what is configured already"
    for name in functions(flow).keys() & DISCOVERY_STEPS:
        if "async_set_unique_id" not in flow.text:
            yield f"config_flow.py: {name} sets no unique id"
        if name.removeprefix("async_step_") not in manifest(root):
            yield f"config_flow.py has {name}, but the manifest no such discovery"


def errors_are_translated(root: Path) -> Iterator[str]:
    """What a user may see is raised with a key (quality scale: exception-translations)."""
    for each in modules(root):
        for node in ast.walk(each.tree):
            match node:
                case ast.Raise(exc=ast.Call() as call) if callee(call) in TRANSLATED_ERRORS:
                    for name in ("translation_domain", "translation_key"):
                        if keyword(call, name) is None:
                            yield f"{each.name}:{node.lineno}: {callee(call)} without {name}"
                case ast.Raise(exc=ast.Name(id=name)) if name in TRANSLATED_ERRORS:
                    yield f"{each.name}:{node.lineno}: {name} without a text"


def section_of(call: ast.Call, each: Module) -> str:
    """Return where in the texts a call's translation_key must be, with `{}` for the key."""
    name = callee(call)
    if re.search(r"Error$|Failed$|NotReady$", name):
        return "exceptions.{}.message"
    if name == "async_create_issue":
        return "issues.{}.title"
    if name.endswith("DeviceInfo") or name.startswith("async_get_or_create"):
        return "device.{}.name"
    if name.endswith(("SelectorConfig", "Selector")):
        return "selector.{}"
    return f"entity.{each.stem}.{{}}" if each.stem in PLATFORMS else ""


def translation_keys_have_texts(root: Path) -> Iterator[str]:
    """Each translation key that can be read off the code is in en.json, in the right section."""
    known, found = constants(root), english(root)
    for each in modules(root):
        wanted: set[tuple[str, str]] = set()
        for call in each.calls():
            if key := string(keyword(call, "translation_key"), known):
                wanted.add((section_of(call, each), key))
        for node in ast.walk(each.tree):
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id="_attr_translation_key")], value=value)
                    | ast.Assign(targets=[ast.Attribute(attr="_attr_translation_key")], value=value)
                ) if each.stem in PLATFORMS and (key := string(value, known)):
                    wanted.add((f"entity.{each.stem}.{{}}", key))
        for section, key in sorted(wanted):
            if section and at(found, section.format(key)) is None:
                yield f"{each.name}: en.json lacks {section.format(key)}"


def flow_texts(flow: ast.AST, known: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield section and key of the texts that a flow's code asks for."""
    for node in ast.walk(flow):
        match node:
            case ast.Call():
                name = callee(node)
                for argument, section in (
                    ("step_id", "step"),
                    ("reason", "abort"),
                    ("progress_action", "progress"),
                ):
                    if key := string(keyword(node, argument), known):
                        yield section, key
                if name == "AbortFlow" and node.args and (key := string(node.args[0], known)):
                    yield "abort", key
                if name in ("_abort_if_unique_id_configured", "_async_abort_entries_match"):
                    yield "abort", "already_configured"
                match keyword(node, "menu_options"), string(keyword(node, "step_id"), known):
                    case ast.List(elts=options) | ast.Tuple(elts=options), str(step):
                        for option in options:
                            yield f"step.{step}.menu_options", string(option, known) or ""
                match keyword(node, "errors"):
                    case ast.Dict(values=values):
                        for value in values:
                            yield "error", string(value, known) or ""
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict(values=values))
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Dict(values=values))
            ) if "error" in name.lower():
                for value in values:
                    yield "error", string(value, known) or ""
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name))], value=value):
                if "error" in name.lower():
                    yield "error", string(value, known) or ""


def flow_texts_exist(root: Path) -> Iterator[str]:
    """Steps, errors, menu entries and reasons to abort of the flows are in en.json."""
    flow = module(root, "config_flow.py")
    if flow is None:
        return
    found, known = english(root), constants(root)
    used = {node.id for node in ast.walk(flow.tree) if isinstance(node, ast.Name)}
    tables = [
        node
        for each in modules(root)
        for node in each.tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and {node.id for node in ast.walk(node) if isinstance(node, ast.Name)} & used
    ]
    for node in [*flow.tree.body, *tables]:
        options = isinstance(node, ast.ClassDef) and any(
            "OptionsFlow" in ast.unparse(base) for base in node.bases
        )
        kind = "options" if options else "config"
        for section, key in sorted(set(flow_texts(node, known))):
            if key and at(found, f"{kind}.{section}.{key}") is None:
                yield f"config_flow.py: en.json lacks {kind}.{section}.{key}"
    wanted = {"async_step_reauth": "reauth_successful"}
    wanted["async_step_reconfigure"] = "reconfigure_successful"
    for step, reason in wanted.items():
        if step in functions(flow) and at(found, f"config.abort.{reason}") is None:
            yield f"config_flow.py: en.json lacks config.abort.{reason}"


RULES: Final[tuple[Rule, ...]] = (
    imported_integrations_are_declared,
    imports_go_down,
    imports_make_no_circle,
    forbidden_things_are_absent,
    platforms_limit_their_updates,
    setup_is_by_entry_only,
    classes_are_where_one_looks,
    discoveries_are_recognised,
    errors_are_translated,
    translation_keys_have_texts,
    flow_texts_exist,
)
