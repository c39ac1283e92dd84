"""Print the PyPI requirements of the Home Assistant integrations that the demo and the tests run.

Home Assistant installs them at the first start of each integration; having them
in the environment makes that start quick and independent of the network.
"""

import json
from pathlib import Path

from homeassistant import bootstrap

INTEGRATIONS = {
    "config",
    "energy",
    "fritzbox",
    "hassio",  # imported by MQTT's config flow
    "history",
    "isal",
    "logbook",
    "mqtt",
    "tasmota",
}
"""What the demo and the tests use beside what every Home Assistant loads."""
WITHOUT_WHEELS = {"pymicro-vad", "pyspeex-noise"}
"""Need a compiler; only voice assistants use them, and demo/stubs stands in."""


def requirements(components: Path) -> set[str]:
    """Collect the requirements of the integrations and of all they depend on."""
    waiting = list(INTEGRATIONS | bootstrap.DEFAULT_INTEGRATIONS)
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
    return {item for item in found if item.partition("==")[0] not in WITHOUT_WHEELS}


if __name__ == "__main__":
    for requirement in sorted(requirements(Path(bootstrap.__file__).with_name("components"))):
        print(requirement)
