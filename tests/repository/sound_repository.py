"""Writes a small repository that keeps every rule, for the tests of the rules to spoil."""

import json
from pathlib import Path
import subprocess
from typing import Any, Final

from scripts.draw_brand import png

from .files import DOMAIN
from .repository import MIT

MANIFEST: Final[dict[str, Any]] = {
    "domain": DOMAIN,
    "name": "Probe",
    "after_dependencies": ["mqtt", "recorder"],
    "codeowners": ["@somebody"],
    "config_flow": True,
    "documentation": "https://example.com/probe",
    "integration_type": "hub",
    "iot_class": "local_polling",
    "issue_tracker": "https://example.com/probe/issues",
    "mqtt": ["tasmota/discovery/+/sensors"],
    "requirements": [],
    "ssdp": [{"st": "urn:example:device:box:1"}],
    "version": "1.2.3",
}

ENGLISH: Final[dict[str, Any]] = {
    "config": {
        "flow_title": "{name}",
        "step": {
            "user": {"title": "What is it?", "menu_options": {"box": "A box", "meter": "A meter"}},
            "box": {
                "description": "Enter the box at {url} that you see on your desk.",
                "data": {"host": "Host name"},
                "data_description": {"host": "Where it is."},
                "sections": {
                    "more": {
                        "name": "More",
                        "data": {"verify": "Check certificate"},
                        "data_description": {"verify": "Off for its own."},
                    }
                },
            },
            "meter": {
                "data": {"topic": "Device topic"},
                "data_description": {"topic": "The name in Tasmota."},
            },
        },
        "error": {
            "cannot_connect": "No answer from {host}.",
            "invalid_auth": "Wrong password.",
            "login_blocked": "Wait.",
        },
        "abort": {"already_configured": "It is there.", "not_supported": "Too old."},
    },
    "options": {
        "step": {
            "init": {"data": {"rate": "Rate"}, "data_description": {"rate": "How often."}},
        }
    },
    "device": {"reader": {"name": "Reader"}},
    "entity": {"sensor": {"power": {"name": "Power"}, "power_phase": {"name": "Power L{phase}"}}},
    "exceptions": {"not_loaded": {"message": "{title} is not loaded."}},
    "issues": {"locked": {"title": "{name} is locked", "description": "Enter its PIN."}},
    "selector": {"side": {"options": {"grid": "Grid"}}},
    "services": {
        "repair": {
            "name": "Repair",
            "description": "Repairs the past.",
            "fields": {"start": {"name": "Start", "description": "From when."}},
            "sections": {"fine": {"name": "Fine tuning"}},
        }
    },
}

ICONS: Final[dict[str, Any]] = {
    "entity": {
        "sensor": {
            "power": {"default": "mdi:flash", "range": {"0": "mdi:flash-off", "9": "mdi:flash"}},
            "power_phase": {"default": "mdi:sine-wave", "state": {"off": "mdi:flash-off"}},
        }
    },
    "services": {"repair": {"service": "mdi:wrench"}},
}

CODE: Final[dict[str, str]] = {
    "fritzbox_model.py": """\
LIMIT = 3
""",
    "tasmota_sml.py": """\
from .fritzbox_model import LIMIT
""",
    "const.py": """\
from typing import Final

DOMAIN: Final = "py_hab"
ACTION_REPAIR: Final = "repair"
KEY_LOCKED: Final = "locked"
""",
    "coordinator.py": """\
from typing import TYPE_CHECKING

from homeassistant.components.recorder import get_instance
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from . import tasmota_sml
from .const import DOMAIN, KEY_LOCKED

ERROR_KEYS = {TimeoutError: "login_blocked"}

if TYPE_CHECKING:
    from homeassistant.components.lovelace import ResourceStorageCollection


class Coordinator(DataUpdateCoordinator[int]):
    async def _async_update_data(self) -> int:
        ir.async_create_issue(self.hass, DOMAIN, "x", translation_key=KEY_LOCKED)
        raise UpdateFailed(translation_domain=DOMAIN, translation_key="not_loaded")
""",
    "sensor.py": """\
from homeassistant.components.sensor import SensorEntity, SensorEntityDescription

from .coordinator import Coordinator

PARALLEL_UPDATES = 0
SENSORS = (SensorEntityDescription(key="a", translation_key="power"),)


class Phase(SensorEntity):
    _attr_translation_key = "power_phase"
    _attr_device_info = DeviceInfo(translation_key="reader")
""",
    "history/__init__.py": "",
    "history/statistics.py": """\
from ..coordinator import Coordinator
""",
    "history/backfill.py": """\
from . import statistics
""",
    "services.py": """\
from custom_components.py_hab.history import backfill

from .const import ACTION_REPAIR, DOMAIN


def register(hass: HomeAssistant) -> None:
    hass.services.async_register(DOMAIN, ACTION_REPAIR, repair)
""",
    "system_health.py": """\
def async_register(hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    register.async_register_info(info)
""",
    "config_flow.py": """\
from homeassistant.config_entries import ConfigFlow, OptionsFlowWithReload

from .const import DOMAIN
from .coordinator import ERROR_KEYS

ERRORS = {OSError: "cannot_connect"}


class Flow(ConfigFlow, domain=DOMAIN):
    async def async_step_user(self, user_input):
        return self.async_show_menu(step_id="user", menu_options=["box", "meter"])

    async def async_step_ssdp(self, info):
        await self.async_set_unique_id(info.udn)
        self._abort_if_unique_id_configured()
        return self.async_abort(reason="not_supported")

    async def async_step_box(self, user_input):
        errors = {}
        errors["base"] = "invalid_auth"
        errors["host"] = ERROR_KEYS[TimeoutError]
        selector = SelectSelectorConfig(translation_key="side")
        return self.async_show_form(step_id="box", errors=errors)

    async def async_step_meter(self, user_input):
        return self.async_show_form(step_id="meter", errors={"base": "cannot_connect"})


class Options(OptionsFlowWithReload):
    async def async_step_init(self, user_input):
        return self.async_show_form(step_id="init")
""",
    "__init__.py": """\
from homeassistant.helpers import config_validation as cv

from .const import DOMAIN
from .services import register

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    register(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: Entry) -> bool:
    return True
""",
}

README: Final = f"""\
# Probe

{"One word after the other makes a page. " * 20}

| name | what |
|---|---|
| Power | now |
| Power L1, L2, L3 | each phase |

Host name, Check certificate, Device topic and Rate are asked for.
"""

AROUND: Final[dict[str, str]] = {
    "README.md": README,
    "LICENSE": MIT.replace("MIT License", "MIT License\n\nCopyright (c) 2026 somebody", 1),
    "CHANGELOG.md": "# Changelog\n\n## [1.2.3]\n",
    "hacs.json": json.dumps({"name": "Probe", "homeassistant": "2026.8.3"}),
    "pyproject.toml": """\
[project]
version = "1.2.3"

[dependency-groups]
ha-floor = ["homeassistant==2026.8.3"]
""",
    ".github/workflows/ci.yml": """\
on: push
permissions: {}
jobs:
  test:
    timeout-minutes: 5
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@v4.2.2
""",
    "custom_components/__init__.py": "",
    f"custom_components/{DOMAIN}/services.yaml": """\
repair:
  fields:
    start:
      required: true
      selector:
        datetime:
    fine:
      fields: {}
""",
}


def blank_image(width: int, height: int) -> bytes:
    """Return a transparent PNG."""
    return png(bytes((1 + 4 * width) * height), width=width, height=height)


def in_german(tree: Any) -> Any:
    """Return the texts as if they were translated."""
    if isinstance(tree, dict):
        return {key: in_german(value) for key, value in tree.items()}
    return f"{tree} (auf Deutsch)"


def write(path: Path, content: str) -> None:
    """Write a text, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def write_sound_repository(root: Path) -> None:
    """Write a repository that every rule accepts."""
    folder = root / "custom_components" / DOMAIN
    for name, content in AROUND.items():
        write(root / name, content)
    for name, content in CODE.items():
        write(folder / name, content)
    for name, tree in (
        ("manifest.json", MANIFEST),
        ("icons.json", ICONS),
        ("translations/en.json", ENGLISH),
        ("translations/de.json", in_german(ENGLISH)),
    ):
        write(folder / name, json.dumps(tree, indent=2))
    (folder / "brand").mkdir()
    for name, size in (
        ("icon.png", (256, 256)),
        ("icon@2x.png", (512, 512)),
        ("logo.png", (400, 128)),
        ("dark_logo@2x.png", (800, 256)),
    ):
        (folder / "brand" / name).write_bytes(blank_image(*size))
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)


def track(root: Path) -> None:
    """Let git know all files."""
    subprocess.run(["git", "add", "--all"], cwd=root, check=True)
