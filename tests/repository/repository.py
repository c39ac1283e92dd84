"""Rules for what stands around the code: manifest, HACS, licence, brand, versions, workflows."""

from collections.abc import Iterator
import importlib.util
import itertools
from pathlib import Path
import re
import struct
import tomllib
from typing import Any, Final

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.yaml import parse_yaml

from .files import DOMAIN, Json, Rule, integration, load_json, manifest, read, tracked_files

FIRST: Final = ("domain", "name")
REQUIRED: Final = (
    *FIRST,
    "codeowners",
    "config_flow",
    "documentation",
    "integration_type",
    "iot_class",
    "issue_tracker",
    "version",
)
# What hassfest knows of a custom integration's manifest.
KNOWN: Final = {
    *REQUIRED,
    "after_dependencies",
    "bluetooth",
    "dependencies",
    "dhcp",
    "disabled",
    "homekit",
    "import_executor",
    "loggers",
    "mqtt",
    "preview_features",
    "quality_scale",
    "requirements",
    "single_config_entry",
    "ssdp",
    "usb",
    "zeroconf",
}
TYPES: Final[dict[str, type]] = {
    "domain": str,
    "name": str,
    "config_flow": bool,
    "documentation": str,
    "integration_type": str,
    "iot_class": str,
    "issue_tracker": str,
    "version": str,
    "after_dependencies": list,
    "codeowners": list,
    "dependencies": list,
    "loggers": list,
    "mqtt": list,
    "requirements": list,
    "ssdp": list,
    "single_config_entry": bool,
}
INTEGRATION_TYPES: Final = {
    "device",
    "entity",
    "hardware",
    "helper",
    "hub",
    "service",
    "system",
    "virtual",
}
IOT_CLASSES: Final = {
    "assumed_state",
    "calculated",
    "cloud_polling",
    "cloud_push",
    "local_polling",
    "local_push",
}
HACS_KEYS: Final[dict[str, type]] = {
    "name": str,
    "content_in_root": bool,
    "country": list,
    "filename": str,
    "hacs": str,
    "hide_default_branch": bool,
    "homeassistant": str,
    "persistent_directory": str,
    "zip_release": bool,
}
SEMVER: Final = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-(0|[1-9]\d*|\d*[a-z-][\da-z-]*)(\.(0|[1-9]\d*|\d*[a-z-][\da-z-]*))*)?",
    re.IGNORECASE,
)

# Without the line of the copyright; compared word by word, as GitHub's detection does.
MIT: Final = """
MIT License

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial
portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES
OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""

# Smallest and largest length of the shortest side (README of the brands repository).
BRAND_SIDES: Final[dict[str, tuple[int, int]]] = {
    f"{dark}{kind}{suffix}.png": (low * factor, high * factor)
    for dark, (kind, low, high), (suffix, factor) in itertools.product(
        ("", "dark_"), (("icon", 256, 256), ("logo", 128, 256)), (("", 1), ("@2x", 2))
    )
}

# Put together from pieces, as this file is searched as well.
REGISTRIES: Final = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("python" + "hosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("crates", "io"),
        ("golang", "org"),
        ("ghcr", "io"),
        ("docker", "io"),
        ("rubygems", "org"),
        ("anaconda", "org"),
    )
)
MACHINE_PATH: Final = re.compile(r"(?<![\w.}])/(?:work|root|home/[a-z]\w*|Users/\w+)" + "/")


def manifest_has_the_right_keys(root: Path) -> Iterator[str]:
    """Required and known keys only: domain, name, then the rest by alphabet (hassfest)."""
    found = manifest(root)
    for key in REQUIRED:
        if key not in found:
            yield f"manifest.json: {key} is missing"
    for key in found.keys() - KNOWN:
        yield f"manifest.json: {key} is unknown to hassfest"
    for key, expected in TYPES.items():
        if key in found and type(found[key]) is not expected:
            yield f"manifest.json: {key} is not a {expected.__name__}"
    in_order = sorted(found, key=lambda key: (key not in FIRST, key))
    if list(found) != in_order:
        yield f"manifest.json: the order must be {', '.join(in_order)}"


def manifest_has_sound_values(root: Path) -> Iterator[str]:
    """What hassfest, HACS and this project ask of the values."""
    found = manifest(root)
    if found.get("domain") != DOMAIN:
        yield "manifest.json: the domain is not the folder's name"
    for key in ("documentation", "issue_tracker"):
        if not str(found.get(key)).startswith("https://"):
            yield f"manifest.json: {key} is not an https address"
    if "www.home-assistant.io/integrations" in str(found.get("documentation")):
        yield "manifest.json: documentation points to Home Assistant's own pages"
    owners = found.get("codeowners") or [""]
    if not all(re.fullmatch(r"@[\w-]+", str(owner)) for owner in owners):
        yield "manifest.json: codeowners must name GitHub accounts, as @name"
    if found.get("integration_type") not in INTEGRATION_TYPES:
        yield "manifest.json: integration_type is not one of hassfest's list"
    if found.get("iot_class") not in IOT_CLASSES:
        yield "manifest.json: iot_class is not one of hassfest's list"
    if not SEMVER.fullmatch(str(found.get("version"))):
        yield "manifest.json: version is not a semantic version"
    if found.get("requirements"):
        yield "manifest.json: requirements must stay empty, Home Assistant brings all that is needed"
    if found.get("config_flow") and not (integration(root) / "config_flow.py").is_file():
        yield "manifest.json: config_flow is true without a config_flow.py"


def manifest_depends_on_what_exists(root: Path) -> Iterator[str]:
    """Dependencies are integrations of Home Assistant, each named once."""
    found = manifest(root)
    spec = importlib.util.find_spec("homeassistant.components")
    assert spec is not None
    assert spec.origin is not None
    components = Path(spec.origin).parent
    hard, soft = found.get("dependencies", []), found.get("after_dependencies", [])
    for name in [*hard, *soft]:
        if not (components / name / "manifest.json").is_file():
            yield f"manifest.json: Home Assistant has no integration {name}"
    for name in set(hard) & set(soft):
        yield f"manifest.json: {name} is both in dependencies and after_dependencies"
    for names in (hard, soft):
        if names != sorted(set(names)):
            yield f"manifest.json: {names} is not sorted and free of repetitions"


def manifest_discovers_quietly(root: Path) -> Iterator[str]:
    """Matchers are well-formed, and none starts a config flow for every message of a device."""
    found = manifest(root)
    for matcher in found.get("ssdp", []):
        if not matcher or not all(isinstance(value, str) for value in matcher.values()):
            yield "manifest.json: an ssdp matcher must map names to texts and not be empty"
    for topic in found.get("mqtt", []):
        if not isinstance(topic, str) or not topic.startswith("tasmota/discovery/"):
            yield f"manifest.json: the mqtt topic {topic} is not Tasmota's retained discovery"


def hacs_accepts_its_file(root: Path) -> Iterator[str]:
    """The keys of hacs.json (HACS), and the oldest Home Assistant is the one that is tested."""
    found = load_json(root / "hacs.json")
    if "name" not in found:
        yield "hacs.json: name is missing"
    for key, value in found.items():
        if key not in HACS_KEYS:
            yield f"hacs.json: {key} is unknown to HACS"
        elif type(value) is not HACS_KEYS[key]:
            yield f"hacs.json: {key} is not a {HACS_KEYS[key].__name__}"
    if found.get("zip_release") and "filename" not in found:
        yield "hacs.json: zip_release needs filename"
    floor = project(root).get("dependency-groups", {}).get("ha-floor", [])
    if f"homeassistant=={found.get('homeassistant')}" not in floor:
        yield "hacs.json: homeassistant is not the version of the group ha-floor in pyproject.toml"


def hacs_finds_the_integration(root: Path) -> Iterator[str]:
    """HACS takes the first folder under custom_components and the README at the root."""
    folders = [
        path.name
        for path in (root / "custom_components").iterdir()
        if path.is_dir() and path.name != "__pycache__"
    ]
    if folders != [DOMAIN]:
        yield f"custom_components holds {sorted(folders)}, HACS expects {DOMAIN} alone"
    if len(read(root / "README.md").split()) < 100:
        yield "README.md is missing or thin"


def licence_is_the_unchanged_mit_text(root: Path) -> Iterator[str]:
    """GitHub must recognise it (HACS)."""
    text = read(root / "LICENSE")
    notice = re.compile(r"^Copyright \(c\) \d{4}(-\d{4})? .+$", re.MULTILINE)
    if len(notice.findall(text)) != 1:
        yield "LICENSE: there must be one line of copyright"
    if notice.sub("", text).split() != MIT.split():
        yield "LICENSE: not the unchanged MIT text"


def brand_images_have_the_right_sizes(root: Path) -> Iterator[str]:
    """Home Assistant serves eight names from brand/; HACS wants icon.png."""
    folder = integration(root) / "brand"
    images = {path.name: path.read_bytes() for path in folder.glob("*")}
    for name in {"icon.png", "icon@2x.png"} - images.keys():
        yield f"brand/{name} is missing"
    for name, content in images.items():
        if name not in BRAND_SIDES:
            yield f"brand/{name}: Home Assistant serves no such file"
            continue
        if content[:8] != b"\x89PNG\r\n\x1a\n":
            yield f"brand/{name} is not a PNG"
            continue
        width, height, _, colour_type = struct.unpack(">IIBB", content[16:26])
        low, high = BRAND_SIDES[name]
        if not low <= min(width, height) <= high:
            yield f"brand/{name}: the shortest side must be {low} to {high}, not {min(width, height)}"
        if "icon" in name and width != height:
            yield f"brand/{name} is not square"
        if colour_type != 6:
            yield f"brand/{name} has no transparency"
        if "logo" in name and content == images.get(name.replace("logo", "icon")):
            yield f"brand/{name} equals the icon; leave it out"


def project(root: Path) -> Json:
    """Return pyproject.toml."""
    return tomllib.loads(read(root / "pyproject.toml"))


def version_is_the_same_everywhere(root: Path) -> Iterator[str]:
    """The manifest, pyproject.toml and the changelog tell of the same version."""
    version = manifest(root).get("version")
    if project(root).get("project", {}).get("version") != version:
        yield f"pyproject.toml: the version is not the manifest's {version}"
    if not re.search(
        rf"^## \[{re.escape(str(version))}\]", read(root / "CHANGELOG.md"), re.MULTILINE
    ):
        yield f"CHANGELOG.md has no section [{version}]"


def data_files_can_be_read(root: Path) -> Iterator[str]:
    """Every JSON and YAML file parses, and no JSON key is given twice."""
    for path in tracked_files(root):
        name = path.relative_to(root)
        try:
            match path.suffix:
                case ".json":
                    load_json(path)
                case ".yml" | ".yaml":
                    parse_yaml(read(path))
        except (ValueError, HomeAssistantError) as error:
            yield f"{name}: {error}"


def no_file_names_a_registry_or_a_machine(root: Path) -> Iterator[str]:
    """What is tracked holds for every machine."""
    for path in tracked_files(root):
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, content in enumerate(text.splitlines(), start=1):
            where = f"{path.relative_to(root)}:{number}"
            if any(host in content for host in REGISTRIES):
                yield f"{where} names a package registry"
            if MACHINE_PATH.search(content):
                yield f"{where} names a path of one machine"


def workflows_are_pinned_and_modest(root: Path) -> Iterator[str]:
    """Actions are pinned to a full version, and no job gets more than it asks for."""
    # This action has no releases.
    unreleased = "home-assistant/actions/hassfest@master"
    for path in sorted((root / ".github" / "workflows").glob("*.yml")):
        text = read(path)
        workflow: Any = parse_yaml(text)
        if workflow.get("permissions") != {}:
            yield f"{path.name}: permissions must be empty for the whole, and given to each job"
        for name, job in workflow["jobs"].items():
            if "permissions" not in job or "timeout-minutes" not in job:
                yield f"{path.name}: the job {name} lacks permissions or a time limit"
        for action in re.findall(r"uses:\s*(\S+)", text):
            if action != unreleased and not re.search(r"@(v?\d+\.\d+\.\d+|[0-9a-f]{40})$", action):
                yield f"{path.name}: {action} is not pinned to a full version"


RULES: Final[tuple[Rule, ...]] = (
    manifest_has_the_right_keys,
    manifest_has_sound_values,
    manifest_depends_on_what_exists,
    manifest_discovers_quietly,
    hacs_accepts_its_file,
    hacs_finds_the_integration,
    licence_is_the_unchanged_mit_text,
    brand_images_have_the_right_sizes,
    version_is_the_same_everywhere,
    data_files_can_be_read,
    no_file_names_a_registry_or_a_machine,
    workflows_are_pinned_and_modest,
)
