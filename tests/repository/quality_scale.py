"""Rules for quality_scale.yaml, which nobody but this project checks for a custom integration."""

from collections.abc import Callable, Iterator
from pathlib import Path
import re
from typing import Any, Final

from homeassistant.util.yaml import parse_yaml

from .files import Rule, english, integration, manifest, modules, read
from .texts import actions

TIERS: Final[dict[str, tuple[str, ...]]] = {
    "bronze": (
        "action-setup",
        "appropriate-polling",
        "brands",
        "common-modules",
        "config-flow",
        "config-flow-test-coverage",
        "dependency-transparency",
        "docs-actions",
        "docs-conditions",
        "docs-high-level-description",
        "docs-installation-instructions",
        "docs-removal-instructions",
        "docs-triggers",
        "entity-event-setup",
        "entity-unique-id",
        "has-entity-name",
        "runtime-data",
        "test-before-configure",
        "test-before-setup",
        "unique-config-entry",
    ),
    "silver": (
        "action-exceptions",
        "config-entry-unloading",
        "docs-configuration-parameters",
        "docs-installation-parameters",
        "entity-unavailable",
        "integration-owner",
        "log-when-unavailable",
        "parallel-updates",
        "reauthentication-flow",
        "test-coverage",
    ),
    "gold": (
        "devices",
        "diagnostics",
        "discovery",
        "discovery-update-info",
        "docs-data-update",
        "docs-examples",
        "docs-known-limitations",
        "docs-supported-devices",
        "docs-supported-functions",
        "docs-troubleshooting",
        "docs-use-cases",
        "dynamic-devices",
        "entity-category",
        "entity-device-class",
        "entity-disabled-by-default",
        "entity-translations",
        "exception-translations",
        "icon-translations",
        "reconfiguration-flow",
        "repair-issues",
        "stale-devices",
    ),
    "platinum": ("async-dependency", "inject-websession", "strict-typing"),
}
NAMES: Final = tuple(name for tier in TIERS.values() for name in tier)
STATUSES: Final = {"done", "exempt", "todo"}


def in_code(pattern: str) -> Callable[[Path], bool]:
    """Return whether the integration's code holds a pattern."""
    return lambda root: any(re.search(pattern, each.text) for each in modules(root))


def has_file(name: str) -> Callable[[Path], bool]:
    """Return whether the integration has a file."""
    return lambda root: (integration(root) / name).is_file()


def has_heading(pattern: str) -> Callable[[Path], bool]:
    """Return whether the README has a heading with a pattern."""
    heading = re.compile(rf"^#+ .*({pattern})", re.IGNORECASE | re.MULTILINE)
    return lambda root: heading.search(read(root / "README.md")) is not None


# What must be there at least before a rule may be called done.
EVIDENCE: Final[dict[str, Callable[[Path], bool]]] = {
    "action-setup": in_code(r"\b(services\.async_register|async_register_admin_service)\("),
    "appropriate-polling": in_code(r"\bupdate_interval="),
    "brands": has_file("brand/icon.png"),
    "common-modules": lambda root: all(
        (integration(root) / name).is_file() for name in ("coordinator.py", "entity.py")
    ),
    "config-flow": lambda root: manifest(root).get("config_flow") is True,
    "config-flow-test-coverage": lambda root: any((root / "tests").glob("test_config_flow*.py")),
    "dependency-transparency": lambda root: not manifest(root).get("requirements"),
    "docs-actions": has_heading("actions"),
    "docs-data-update": has_heading("update|how .* works"),
    "docs-examples": has_heading("example"),
    "docs-installation-instructions": has_heading("install"),
    "docs-known-limitations": has_heading("limit"),
    "docs-removal-instructions": has_heading("remov"),
    "docs-supported-devices": has_heading("supported devices|devices"),
    "docs-supported-functions": has_heading("entities|functions"),
    "docs-troubleshooting": has_heading("troubleshoot"),
    "docs-use-cases": has_heading("use case|use it|what .* for"),
    "entity-unique-id": in_code(r"\b_attr_unique_id\b"),
    "has-entity-name": in_code(r"\b_attr_has_entity_name = True"),
    "runtime-data": in_code(r"\bentry\.runtime_data\b"),
    "test-before-setup": in_code(r"\basync_config_entry_first_refresh\("),
    "unique-config-entry": in_code(r"\b_abort_if_unique_id_configured\("),
    "action-exceptions": in_code(r"\braise ServiceValidationError\("),
    "config-entry-unloading": in_code(r"\bdef async_unload_entry\("),
    "integration-owner": lambda root: bool(manifest(root).get("codeowners")),
    "log-when-unavailable": in_code(r"\bUpdateFailed\("),
    "parallel-updates": in_code(r"^PARALLEL_UPDATES|\nPARALLEL_UPDATES"),
    "reauthentication-flow": in_code(r"\bdef async_step_reauth\("),
    "test-coverage": lambda root: "fail_under" in read(root / "pyproject.toml"),
    "devices": in_code(r"\bDeviceInfo\("),
    "diagnostics": has_file("diagnostics.py"),
    "discovery": lambda root: bool({"dhcp", "mqtt", "ssdp", "zeroconf"} & manifest(root).keys()),
    "discovery-update-info": in_code(
        r"_abort_if_unique_id_configured\(\s*(updates=|{)|async_update_entry\("
    ),
    "entity-category": in_code(r"\bEntityCategory\.DIAGNOSTIC\b"),
    "entity-device-class": in_code(r"\bSensorDeviceClass\."),
    "entity-disabled-by-default": in_code(r"entity_registry_enabled_default"),
    "entity-translations": lambda root: bool(english(root).get("entity")),
    "exception-translations": lambda root: bool(english(root).get("exceptions")),
    "icon-translations": has_file("icons.json"),
    "reconfiguration-flow": in_code(r"\bdef async_step_reconfigure\("),
    "repair-issues": in_code(r"\basync_create_issue\("),
    "stale-devices": in_code(r"\basync_remove_device\(|async_remove_config_entry_device"),
    "async-dependency": lambda root: not in_code(r"async_add_executor_job\(.*client")(root),
    "inject-websession": in_code(r"\basync_(get|create)_clientsession\("),
    "strict-typing": lambda root: "strict = true" in read(root / "pyproject.toml"),
}


def statuses(root: Path) -> dict[str, Any]:
    """Return what quality_scale.yaml says of each rule."""
    parsed = parse_yaml(read(integration(root) / "quality_scale.yaml") or "{}")
    rules = parsed.get("rules") if isinstance(parsed, dict) else None
    return rules if isinstance(rules, dict) else {}


def status(entry: Any) -> tuple[str, str]:
    """Return status and comment of one rule, whichever way it is written."""
    if isinstance(entry, dict):
        return str(entry.get("status")), str(entry.get("comment") or "")
    return str(entry), ""


def every_rule_is_judged(root: Path) -> Iterator[str]:
    """All rules of the quality scale, no others, each by one of three words."""
    found = statuses(root)
    for name in NAMES:
        if name not in found:
            yield f"quality_scale.yaml: {name} is missing"
    for name, entry in found.items():
        if name not in NAMES:
            yield f"quality_scale.yaml: {name} is no rule"
        if status(entry)[0] not in STATUSES:
            yield f"quality_scale.yaml: {name} must be done, exempt or todo"


def exemptions_are_explained(root: Path) -> Iterator[str]:
    """An exemption says why, and does not hide what exists."""
    exists = {
        "action-setup": bool(actions(root)),
        "action-exceptions": bool(actions(root)),
        "docs-actions": bool(actions(root)),
        "docs-triggers": has_file("triggers.yaml")(root),
        "docs-conditions": has_file("conditions.yaml")(root),
        "discovery-update-info": EVIDENCE["discovery"](root),
    }
    for name, entry in statuses(root).items():
        word, comment = status(entry)
        if word != "exempt":
            continue
        if len(comment.split()) < 3:
            yield f"quality_scale.yaml: {name} is exempt without a comment"
        if exists.get(name):
            yield f"quality_scale.yaml: {name} cannot be exempt, there is something to judge"


def what_is_done_is_there(root: Path) -> Iterator[str]:
    """A rule is only called done if the least it asks for can be found."""
    for name, entry in statuses(root).items():
        proof = EVIDENCE.get(name)
        if status(entry)[0] == "done" and proof is not None and not proof(root):
            yield f"quality_scale.yaml: {name} is called done, but nothing shows it"


RULES: Final[tuple[Rule, ...]] = (
    every_rule_is_judged,
    exemptions_are_explained,
    what_is_done_is_there,
)
