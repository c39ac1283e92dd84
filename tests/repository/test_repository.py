"""The repository keeps the rules of hassfest, HACS and this project, and each rule can tell."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

import pytest

from . import repository, source, texts
from .files import DOMAIN, Rule
from .sound_repository import blank_image, track, write, write_sound_repository

ROOT = Path(__file__).parents[2]
RULES = (*repository.RULES, *source.RULES, *texts.RULES)
OURS = f"custom_components/{DOMAIN}"
MANIFEST = f"{OURS}/manifest.json"
ENGLISH = f"{OURS}/translations/en.json"
ICONS = f"{OURS}/icons.json"

type Change = Callable[[Path], None]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_our_repository_keeps(rule: Rule) -> None:
    assert list(rule(ROOT)) == []


# What spoils a sound repository.


def put(name: str, content: str) -> Change:
    return lambda root: write(root / name, content)


def put_image(name: str, width: int, height: int) -> Change:
    return lambda root: void((root / OURS / "brand" / name).write_bytes(blank_image(width, height)))


def void(_: object) -> None:
    """Drop a result."""


def remove(name: str) -> Change:
    return lambda root: (root / name).unlink()


def swap(name: str, old: str, new: str) -> Change:
    def change(root: Path) -> None:
        before = (root / name).read_text(encoding="utf-8")
        assert old in before
        write(root / name, before.replace(old, new, 1))

    return change


def add(name: str, content: str) -> Change:
    return lambda root: write(root / name, (root / name).read_text(encoding="utf-8") + content)


def put_json(name: str, path: str, value: Any) -> Change:
    """Set what is at a dotted path; None takes it away."""

    def change(root: Path) -> None:
        tree = json.loads((root / name).read_text(encoding="utf-8"))
        place = tree
        *way, last = path.split(".")
        for key in way:
            place = place.setdefault(key, {})
        if value is None:
            del place[last]
        else:
            place[last] = value
        write(root / name, json.dumps(tree))

    return change


def both(path: str, value: Any) -> Change:
    """Set a text in both languages."""

    def change(root: Path) -> None:
        for language in texts.LANGUAGES:
            put_json(f"{OURS}/translations/{language}.json", path, value)(root)

    return change


@dataclass(frozen=True, kw_only=True)
class Offence:
    """One way to break a rule, and a part of what the rule says to it."""

    rule: Rule
    change: Change
    answer: str

    @property
    def name(self) -> str:
        """What pytest shows."""
        return f"{self.rule.__name__}: {self.answer}"


def offences(rule: Rule, *cases: tuple[Change, str]) -> Iterator[Offence]:
    return (Offence(rule=rule, change=change, answer=answer) for change, answer in cases)


OFFENCES = (
    *offences(
        repository.manifest_has_the_right_keys,
        (remove(MANIFEST), "domain is missing"),
        (put_json(MANIFEST, "version", None), "version is missing"),
        (put_json(MANIFEST, "homeassistant", "2026.8.3"), "homeassistant is unknown"),
        (put_json(MANIFEST, "config_flow", "true"), "config_flow is not a bool"),
        (put_json(MANIFEST, "dependencies", []), "the order must be domain, name, after"),
        (swap(MANIFEST, '"name": "Probe",', '"aname": "",'), "name is missing"),
    ),
    *offences(
        repository.manifest_has_sound_values,
        (put_json(MANIFEST, "domain", "other"), "not the folder's name"),
        (
            put_json(MANIFEST, "documentation", "http://example.com"),
            "documentation is not an https",
        ),
        (put_json(MANIFEST, "issue_tracker", None), "issue_tracker is not an https"),
        (
            put_json(MANIFEST, "documentation", "https://www.home-assistant.io/integrations/x"),
            "Home Assistant's own pages",
        ),
        (put_json(MANIFEST, "codeowners", []), "codeowners"),
        (put_json(MANIFEST, "codeowners", ["somebody"]), "codeowners"),
        (put_json(MANIFEST, "integration_type", "gateway"), "integration_type"),
        (put_json(MANIFEST, "iot_class", "polling"), "iot_class"),
        (put_json(MANIFEST, "version", "1.2"), "semantic version"),
        (put_json(MANIFEST, "version", "v1.2.3"), "semantic version"),
        (put_json(MANIFEST, "requirements", ["something==1"]), "requirements must stay empty"),
        (remove(f"{OURS}/config_flow.py"), "without a config_flow.py"),
    ),
    *offences(
        repository.manifest_depends_on_what_exists,
        (put_json(MANIFEST, "after_dependencies", ["mqqt"]), "no integration mqqt"),
        (put_json(MANIFEST, "dependencies", ["mqtt"]), "mqtt is both"),
        (put_json(MANIFEST, "after_dependencies", ["recorder", "mqtt"]), "not sorted"),
    ),
    *offences(
        repository.manifest_discovers_quietly,
        (put_json(MANIFEST, "ssdp", [{}]), "ssdp matcher"),
        (put_json(MANIFEST, "ssdp", [{"st": 1}]), "ssdp matcher"),
        (put_json(MANIFEST, "mqtt", ["tele/+/SENSOR"]), "tele/+/SENSOR is not"),
    ),
    *offences(
        repository.hacs_accepts_its_file,
        (remove("hacs.json"), "name is missing"),
        (put_json("hacs.json", "domains", ["sensor"]), "domains is unknown"),
        (put_json("hacs.json", "hide_default_branch", "yes"), "hide_default_branch is not a bool"),
        (put_json("hacs.json", "zip_release", True), "zip_release needs filename"),
        (put_json("hacs.json", "homeassistant", "2026.1.0"), "ha-floor"),
    ),
    *offences(
        repository.hacs_finds_the_integration,
        (put("custom_components/aaa/manifest.json", "{}"), "['aaa', 'py_hab']"),
        (remove("README.md"), "missing or thin"),
        (put("README.md", "# Probe\n"), "missing or thin"),
    ),
    *offences(
        repository.licence_is_the_unchanged_mit_text,
        (remove("LICENSE"), "not the unchanged"),
        (swap("LICENSE", "free of charge", "for a beer"), "not the unchanged"),
        (swap("LICENSE", "Copyright (c) 2026 somebody", ""), "one line of copyright"),
    ),
    *offences(
        repository.brand_images_have_the_right_sizes,
        (remove(f"{OURS}/brand/icon.png"), "icon.png is missing"),
        (put_image("icon.png", 128, 128), "shortest side must be 256 to 256, not 128"),
        (put_image("icon@2x.png", 512, 600), "icon@2x.png is not square"),
        (put_image("logo.png", 400, 100), "shortest side"),
        (put_image("logo.png", 256, 256), "equals the icon"),
        (put_image("banner.png", 256, 256), "serves no such file"),
        (put(f"{OURS}/brand/logo.png", "a picture of a house, in words"), "is not a PNG"),
    ),
    *offences(
        repository.version_is_the_same_everywhere,
        (put_json(MANIFEST, "version", "1.2.4"), "not the manifest's 1.2.4"),
        (put("CHANGELOG.md", "# Changelog\n"), "no section [1.2.3]"),
    ),
    *offences(
        repository.data_files_can_be_read,
        (put("data.json", '{"a": 1, "a": 2}'), "keys given twice: ['a']"),
        (put("data.json", '{"a": 1,}'), "data.json"),
        (put("data.yaml", "a: [1"), "data.yaml"),
    ),
    *offences(
        repository.no_file_names_a_registry_or_a_machine,
        (put("notes.md", f"see https://{repository.REGISTRIES[0]}/p\n"), "notes.md:1 names a pack"),
        (put("notes.md", f"\nin {Path('/', 'root', 'x')}"), "notes.md:2 names a path"),
        (put("notes.md", f"in {Path('/', 'home', 'me', 'x')}"), "notes.md:1 names a path"),
    ),
    *offences(
        repository.workflows_are_pinned_and_modest,
        (swap(".github/workflows/ci.yml", "@v4.2.2", "@main"), "not pinned"),
        (swap(".github/workflows/ci.yml", "@v4.2.2", "@v4"), "not pinned"),
        (swap(".github/workflows/ci.yml", "permissions: {}", "permissions: write-all"), "be empty"),
        (swap(".github/workflows/ci.yml", "timeout-minutes: 5", "name: x"), "a time limit"),
    ),
    *offences(
        source.imported_integrations_are_declared,
        (
            add(f"{OURS}/sensor.py", "\nfrom homeassistant.components import http\n"),
            "sensor.py: http",
        ),
        (
            add(
                f"{OURS}/sensor.py", "\ndef f():\n    import homeassistant.components.lovelace.x\n"
            ),
            "sensor.py: lovelace",
        ),
        (put_json(MANIFEST, "after_dependencies", ["mqtt"]), "coordinator.py: recorder"),
    ),
    *offences(
        source.imports_go_down,
        (
            add(f"{OURS}/const.py", "\nfrom .sensor import Phase\n"),
            "const.py (floor 2) imports from",
        ),
        (add(f"{OURS}/tasmota_sml.py", "\nimport homeassistant.const\n"), "imports Home Assistant"),
        (
            add(f"{OURS}/tasmota_sml.py", "\nfrom . import const\n"),
            "imports from const.py (floor 2)",
        ),
        (add(f"{OURS}/services.py", "\nfrom . import async_setup\n"), "imports from __init__.py"),
        (
            add(f"{OURS}/history/backfill.py", "\nfrom ..services import register\n"),
            "history/backfill.py (floor 3) imports from services.py (floor 4)",
        ),
        (
            put(f"{OURS}/entity.py", f"import custom_components.{DOMAIN}.services\n"),
            "entity.py (floor 3) imports from services.py",
        ),
        (put(f"{OURS}/helpers.py", ""), "helpers.py has no floor"),
    ),
    *offences(
        source.imports_make_no_circle,
        (
            add(f"{OURS}/fritzbox_model.py", "\nfrom . import tasmota_sml\n"),
            "in a circle: fritzbox_model.py, tasmota_sml.py",
        ),
    ),
    *offences(
        source.forbidden_things_are_absent,
        *(
            (add(f"{OURS}/sensor.py", f"\n{line}\n"), answer)
            for line, answer in (
                ("hass.data[DOMAIN] = {}", "runtime_data"),
                ("hass.data.setdefault(DOMAIN, {})", "runtime_data"),
                ("entry.add_update_listener(f)", "OptionsFlowWithReload"),
                ("DeviceInfo(via_device=box)", "via_device_id"),
                ('info["via_device"] = box', "via_device_id"),
                ("registry.async_get_device(identifiers=x)", "by_identifier"),
                ("import requests", "aiohttp"),
                ("time.sleep(1)", "event loop"),
                ("from time import monotonic, sleep", "event loop"),
                ("x = 1  # type: ignore[assignment]", "in types"),
                ("x = 1  # noqa: F841", "linter"),
                ("# TODO: later", "open an issue"),
                ("from __future__ import annotations", "3.14"),
                ('_attr_icon = "mdi:flash"', "icons.json"),
                ("_attr_force_update = True", "row in the database"),
                ("aiohttp.ClientSession()", "session of Home Assistant"),
                ("asyncio.create_task(f())", "background_task"),
                ('x = {"has_mean": True}', "mean_type"),
                ("if self.show_advanced_options: pass", "folded"),
                ('self.entity_id = "sensor.x"', "chooses it"),
                ("import probatio", "voluptuous as vol"),
            )
        ),
    ),
    *offences(
        source.platforms_limit_their_updates,
        (swap(f"{OURS}/sensor.py", "PARALLEL_UPDATES = 0", ""), "sensor.py lacks"),
        (put(f"{OURS}/switch.py", ""), "switch.py lacks"),
    ),
    *offences(
        source.setup_is_by_entry_only,
        (swap(f"{OURS}/__init__.py", "CONFIG_SCHEMA", "SCHEMA"), "without CONFIG_SCHEMA"),
        (
            add(f"{OURS}/__init__.py", "    hass.services.async_register(DOMAIN, 'repair', f)\n"),
            "in async_setup_entry",
        ),
    ),
    *offences(
        source.classes_are_where_one_looks,
        (
            add(f"{OURS}/sensor.py", "\nclass Mine(DataUpdateCoordinator[int]): ...\n"),
            "Mine belongs into coordinator.py",
        ),
        (
            add(f"{OURS}/sensor.py", "\nclass Mine(config_entries.ConfigFlow): ...\n"),
            "Mine belongs into config_flow.py",
        ),
    ),
    *offences(
        source.discoveries_are_recognised,
        (
            swap(f"{OURS}/config_flow.py", "self._abort_if_unique_id_configured()", "pass"),
            "never aborts",
        ),
        (
            swap(f"{OURS}/config_flow.py", "await self.async_set_unique_id(info.udn)", "pass"),
            "async_step_ssdp sets no unique id",
        ),
        (put_json(MANIFEST, "ssdp", None), "no such discovery"),
    ),
    *offences(
        source.errors_are_translated,
        (
            swap(f"{OURS}/coordinator.py", "translation_domain=DOMAIN, ", ""),
            "UpdateFailed without translation_domain",
        ),
        (
            add(f"{OURS}/services.py", '\ndef f():\n    raise HomeAssistantError("no")\n'),
            "HomeAssistantError without translation_key",
        ),
        (
            add(f"{OURS}/services.py", "\ndef f():\n    raise HomeAssistantError\n"),
            "HomeAssistantError without a text",
        ),
    ),
    *offences(
        source.translation_keys_have_texts,
        (both("entity.sensor.power", None), "entity.sensor.power"),
        (both("entity.sensor.power_phase", None), "entity.sensor.power_phase"),
        (both("exceptions.not_loaded", None), "exceptions.not_loaded.message"),
        (both("issues.locked", None), "issues.locked.title"),
        (both("device.reader", None), "device.reader.name"),
        (both("selector.side", None), "selector.side"),
    ),
    *offences(
        source.flow_texts_exist,
        (both("config.step.box", None), "config.step.box"),
        (both("config.step.user.menu_options.meter", None), "menu_options.meter"),
        (both("config.error.cannot_connect", None), "config.error.cannot_connect"),
        (both("config.error.invalid_auth", None), "config.error.invalid_auth"),
        (both("config.abort.already_configured", None), "config.abort.already_configured"),
        (both("config.abort.not_supported", None), "config.abort.not_supported"),
        (both("config.error.login_blocked", None), "config.error.login_blocked"),
        (both("options.step.init", None), "options.step.init"),
        (
            add(f"{OURS}/config_flow.py", "\nasync def async_step_reauth(self): ...\n"),
            "config.abort.reauth_successful",
        ),
    ),
    *offences(
        texts.translations_are_where_home_assistant_looks,
        (put(f"{OURS}/strings.json", "{}"), "strings.json"),
        (remove(f"{OURS}/translations/de.json"), "de.json is missing"),
    ),
    *offences(
        texts.translations_have_the_known_structure,
        (put_json(ENGLISH, "state.on", "On"), "nothing reads state.on"),
        (
            put_json(ENGLISH, "config.step.box.datas.x", "X"),
            "nothing reads config.step.box.datas.x",
        ),
        (put_json(ENGLISH, "entity.sensor.Power.name", "X"), "has the key Power"),
        (put_json(ENGLISH, "entity.sensor.a__b.name", "X"), "has the key a__b"),
        (put_json(ENGLISH, "issues.locked.title", None), "issues.locked needs a title"),
        (put_json(ENGLISH, "issues.locked.description", None), "issues.locked needs a title"),
    ),
    *offences(
        texts.translations_are_plain_text,
        *(
            (put_json(ENGLISH, "title", text), answer)
            for text, answer in (
                ("a <b>bold</b> word", "holds HTML"),
                ("see https://example.com", "holds an address"),
                ("see www.example.com", "holds an address"),
                ("the '{name}'", "single quotes"),
                ("ends with a blank ", "blank"),
                ("[%key:common::x%]", "reference"),
                ("", "is empty"),
                ("{not it}", "placeholder not it"),
            )
        ),
    ),
    *offences(
        texts.translations_say_the_same,
        (put_json(ENGLISH, "entity.sensor.x.name", "X"), "entity.sensor.x.name is not in both"),
        (put_json(ENGLISH, "issues.locked.title", "Locked"), "not the same placeholders"),
        (both("title", "These are four words"), "title is not translated"),
    ),
    *offences(
        texts.every_field_is_described,
        (both("config.step.box.data_description.host", None), "host needs both"),
        (both("config.step.box.data.host", None), "host needs both"),
        (both("config.step.box.sections.more.data_description", None), "verify needs both"),
        (both("options.step.init.data_description", None), "rate needs both"),
    ),
    *offences(
        texts.no_text_is_unused,
        (both("config.error.unknown", "Something"), "config.error.unknown is used nowhere"),
        (both("entity.sensor.gas.name", "Gas"), "entity.sensor.gas is used nowhere"),
        (both("exceptions.gone.message", "Gone"), "exceptions.gone is used nowhere"),
    ),
    *offences(
        texts.icons_are_sound,
        (put_json(ICONS, "entity.sensor.power.default", "hass:flash"), "not a mdi: icon"),
        (put_json(ICONS, "entity.sensor.gas.default", "mdi:fire"), "entity.sensor.gas has no text"),
        (put_json(ICONS, "entity.sensor.power.states", {}), "unknown keys"),
        (put_json(ICONS, "entity.sensor.power.range.5", "mdi:fire"), "does not ascend"),
        (put_json(ICONS, "entity.sensor.power.range.low", "mdi:fire"), "not of numbers"),
        (
            put_json(ICONS, "entity.sensor.power_phase.state.on", "mdi:sine-wave"),
            "equals the default",
        ),
        (put_json(ICONS, "device.x", "mdi:fire"), "nothing reads device"),
        (put_json(ICONS, "services.clean", {"service": "mdi:broom"}), "no action clean"),
        (put_json(ICONS, "services.repair", "mdi:broom"), "must hold service"),
    ),
    *offences(
        texts.actions_are_described,
        (both("services.repair", None), "repair is not in both"),
        (both("services.clean.name", "Clean"), "clean is not in both"),
        (put_json(ICONS, "services.repair", None), "repair has no icon"),
        (both("services.repair.description", None), "services.repair.description is missing"),
        (both("services.repair.fields.start.name", None), "fields.start.name is missing"),
        (both("services.repair.sections.fine", None), "sections.fine.name is missing"),
        (both("services.repair.fields.end.name", "End"), "fields.end is not in services.yaml"),
    ),
    *offences(
        texts.actions_are_registered,
        (remove(f"{OURS}/services.yaml"), "there is no services.yaml"),
        (swap(f"{OURS}/const.py", '"repair"', '"mend"'), "mend is not in services.yaml"),
        (
            swap(f"{OURS}/services.py", "hass.services.async_register", "print"),
            "repair is registered nowhere",
        ),
        (
            add(
                f"{OURS}/services.py",
                "\ndef f():\n    async_register_platform_entity_service(hass, DOMAIN, 'x')\n",
            ),
            "the action x is not in services.yaml",
        ),
    ),
    *offences(
        texts.readme_names_every_entity,
        (swap("README.md", "| Power | now |\n", ""), "entity Power ("),
        (swap("README.md", "Power L1", "power of"), "Power L{phase}"),
    ),
    *offences(
        texts.readme_explains_every_field,
        (swap("README.md", "Check certificate", ""), "Check certificate is not explained"),
    ),
)


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    write_sound_repository(tmp_path)
    return tmp_path


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_sound_repository_keeps(sound: Path, rule: Rule) -> None:
    track(sound)
    assert list(rule(sound)) == []


@pytest.mark.parametrize("offence", OFFENCES, ids=lambda offence: offence.name)
def test_an_offence_is_told(sound: Path, offence: Offence) -> None:
    offence.change(sound)
    track(sound)
    assert any(offence.answer in told for told in offence.rule(sound))


def test_every_rule_is_proven_by_an_offence() -> None:
    assert {offence.rule for offence in OFFENCES} == set(RULES)
