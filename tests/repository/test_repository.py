"""What stands around the code: versions, workflows, the quality scale, no traces of one machine."""

from collections.abc import Iterator
import json
import re
import tomllib
from typing import Any, Final

import pytest

from homeassistant.util.yaml import parse_yaml
from scripts.import_graph import ROOT

from .files import ours, read, tracked

# Put together from pieces, as this file is searched as well.
REGISTRIES: Final = re.compile(
    r"\b(pypi\.(org)|python(hosted)\.org|npmjs\.(org|com)|crates\.(io)|golang\.(org)|ghcr\.(io)"
    r"|docker\.(io)|rubygems\.(org)|anaconda\.(org)|deb(ian)?\.(debian)\.org)\b"
)
MACHINE_PATH: Final = re.compile(r"(?<![\w.}])/(?:work|root|home/[a-z]\w*|Users/\w+)" + "/")

SCALE: Final = """
bronze: action-setup appropriate-polling brands common-modules config-flow config-flow-test-coverage
  dependency-transparency docs-actions docs-conditions docs-high-level-description
  docs-installation-instructions docs-removal-instructions docs-triggers entity-event-setup
  entity-unique-id has-entity-name runtime-data test-before-configure test-before-setup
  unique-config-entry
silver: action-exceptions config-entry-unloading docs-configuration-parameters
  docs-installation-parameters entity-unavailable integration-owner log-when-unavailable
  parallel-updates reauthentication-flow test-coverage
gold: devices diagnostics discovery discovery-update-info docs-data-update docs-examples
  docs-known-limitations docs-supported-devices docs-supported-functions docs-troubleshooting
  docs-use-cases dynamic-devices entity-category entity-device-class entity-disabled-by-default
  entity-translations exception-translations icon-translations reconfiguration-flow repair-issues
  stale-devices
platinum: async-dependency inject-websession strict-typing
"""
"""The rules of Home Assistant's quality scale."""
RULES: Final = {word for word in SCALE.split() if not word.endswith(":")}


def traces(text: str) -> Iterator[str]:
    """Yield what holds for one machine or one package registry only."""
    yield from (hit.group() for hit in REGISTRIES.finditer(text))
    yield from (hit.group() for hit in MACHINE_PATH.finditer(text))


def liberties(workflow: str) -> Iterator[str]:
    """Yield what a workflow takes that it need not have."""
    parsed: Any = parse_yaml(workflow)
    if parsed.get("permissions") != {}:
        yield "permissions for the whole"
    for name, job in parsed["jobs"].items():
        yield from (f"{name} without {key}" for key in {"permissions", "timeout-minutes"} - {*job})
    for action in re.findall(r"uses:\s*(.+)", workflow):
        if not re.fullmatch(r"\S+@[0-9a-f]{40} # \S.*", action):
            yield f"{action} is not pinned to a commit, with its version as a comment"


def misjudged(rules: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a judgement by the quality scale."""
    yield from (f"{name} is judged, or a rule, but not both" for name in RULES ^ rules.keys())
    for name, entry in rules.items():
        status = entry if isinstance(entry, str) else entry["status"]
        if status not in ("done", "exempt"):
            yield f"{name} is {status}"
        if status == "exempt" and (isinstance(entry, str) or len(entry["comment"].split()) < 3):
            yield f"{name} is exempt without a reason"


def test_versions_agree() -> None:
    version, project = ours("manifest.json")["version"], tomllib.loads(read("pyproject.toml"))
    assert project["project"]["version"] == version
    assert f"\n## [{version}]" in read("CHANGELOG.md")
    assert f"\n  version: {version}\n" in read("docs/openapi.yaml")
    floor = json.loads(read("hacs.json"))["homeassistant"]
    assert f"homeassistant=={floor}" in project["dependency-groups"]["ha-floor"]


def test_home_assistant_brings_all_that_is_needed() -> None:
    assert ours("manifest.json")["requirements"] == []


def test_no_file_names_a_registry_or_a_machine() -> None:
    assert {name: found for name, text in tracked() if (found := list(traces(text)))} == {}


@pytest.mark.parametrize(
    "pieces", [("https://pypi.", "org/p"), ("in /ro", "ot/x"), (" /home", "/me/x"), ("/wo", "rk/")]
)
def test_a_trace_is_found(pieces: tuple[str, ...]) -> None:
    assert len(list(traces("".join(pieces)))) == 1


def test_workflows_are_pinned_and_modest() -> None:
    texts = {path.name: path.read_text("utf-8") for path in ROOT.glob(".github/workflows/*.yml")}
    assert {name: found for name, text in texts.items() if (found := [*liberties(text)])} == {}
    assert texts.keys() > {"ci.yml", "validate.yml"}


MODEST: Final = f"""
permissions: {{}}
jobs:
  test:
    timeout-minutes: 5
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@{"0" * 40} # v4.2.2
"""


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("permissions: {}", "permissions: write-all", ["permissions for the whole"]),
        ("timeout-minutes", "name", ["test without timeout-minutes"]),
        ("    permissions", "    env", ["test without permissions"]),
        (" # v4.2.2", "", [f"actions/checkout@{'0' * 40} is not pinned to a commit"]),
        ("0" * 40, "v4.2.2", ["actions/checkout@v4.2.2 # v4.2.2 is not pinned to a commit"]),
        ("", "", []),
    ],
)
def test_a_liberty_is_found(old: str, new: str, found: list[str]) -> None:
    liberty = list(liberties(MODEST.replace(old, new)))
    assert [each.partition(",")[0] for each in liberty] == found


def carelessness(workflow: str) -> Iterator[str]:
    """Yield what a release does not check before it is made, or does not attest."""
    parsed: Any = parse_yaml(workflow)
    [job] = parsed["jobs"].values()
    steps = [str(step.get("run") or step["uses"]) for step in job["steps"]]
    [release] = [number for number, step in enumerate(steps) if "gh release create" in step]
    before = " ".join(steps[:release])
    for what, words in {
        "on main": ("merge-base --is-ancestor", "origin/main", "exit 1"),
        "green": ("ci.yml", "validate.yml", "gh run list", "--commit", "conclusion", "success"),
        "checksums": ("sha256sum py_hab.zip > SHA256SUMS",),
        "attested": ("actions/attest-build-provenance@",),
    }.items():
        if not all(word in before for word in words):
            yield what
    attested = [step["with"]["subject-path"] for step in job["steps"] if "attest" in str(step)]
    for file in ("py_hab.zip", "SHA256SUMS"):
        if file not in steps[release]:
            yield f"{file} is not released"
        if not any(file in paths for paths in attested):
            yield f"{file} is not attested"
    if any({"if", "continue-on-error"} & step.keys() for step in job["steps"]):
        yield "a step that may be skipped or fail"


def test_a_release_is_made_of_a_green_commit_on_main_and_attested() -> None:
    assert list(carelessness(read(".github/workflows/release.yml"))) == []
    hacs = json.loads(read("hacs.json"))
    # What is installed is what was attested.
    assert (hacs["zip_release"], hacs["filename"]) == (True, "py_hab.zip")


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("origin/main", "HEAD", ["on main"]),
        ("validate.yml", "", ["green"]),
        ('!= "success"', '= "failure"', ["green"]),
        ("sha256sum", "md5sum", ["checksums"]),
        ("py_hab.zip SHA256SUMS", "py_hab.zip", ["SHA256SUMS is not released"]),
        ("            SHA256SUMS\n", "", ["SHA256SUMS is not attested"]),
        ("with:\n          fetch", "if: false\n        with:\n          fetch", ["a step that"]),
    ],
)
def test_a_careless_release_is_found(old: str, new: str, found: list[str]) -> None:
    workflow = read(".github/workflows/release.yml")
    assert old in workflow
    careless = list(carelessness(workflow.replace(old, new)))
    assert [each[: len(expected)] for each, expected in zip(careless, found, strict=True)] == found


def test_every_rule_of_the_quality_scale_is_judged() -> None:
    assert len(RULES) == 54
    assert list(misjudged(ours("quality_scale.yaml")["rules"])) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"jokes": "done"}, "jokes is judged, or a rule, but not both"),
        ({"brands": "todo"}, "brands is todo"),
        ({"brands": "exempt"}, "brands is exempt without a reason"),
        ({"brands": {"status": "exempt", "comment": "no"}}, "brands is exempt without a reason"),
    ],
)
def test_a_false_judgement_is_found(change: dict[str, Any], found: str) -> None:
    assert list(misjudged(dict.fromkeys(RULES, "done") | change)) == [found]
    assert list(misjudged(dict.fromkeys(RULES - {"brands"}, "done"))) != []
