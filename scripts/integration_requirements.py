"""Print the PyPI requirements of the Home Assistant integrations that the demo and the tests run.

Home Assistant installs them at the first start of each integration; having them
in the environment makes that start quick and independent of the network.
"""

import importlib.util
import json
from pathlib import Path

INTEGRATIONS = (
    "config",
    "energy",
    "fritzbox",
    "frontend",
    "history",
    "logbook",
    "mqtt",
    "recorder",
    "system_health",
    "tasmota",
)


def components_dir() -> Path:
    """Return the folder of the installed Home Assistant's integrations."""
    spec = importlib.util.find_spec("homeassistant")
    if spec is None or spec.origin is None:
        raise SystemExit("Home Assistant is not installed")
    return Path(spec.origin).with_name("components")


def requirements(components: Path) -> set[str]:
    """Collect the requirements of the integrations and of all they depend on."""
    waiting = list(INTEGRATIONS)
    seen: set[str] = set()
    found: set[str] = set()
    while waiting:
        domain = waiting.pop()
        if domain in seen:
            continue
        seen.add(domain)
        manifest = json.loads((components / domain / "manifest.json").read_text())
        found.update(manifest.get("requirements", ()))
        waiting.extend(manifest.get("dependencies", ()))
    return found


if __name__ == "__main__":
    for requirement in sorted(requirements(components_dir())):
        print(requirement)  # noqa: T201
