"""quality_scale.yaml judges every rule of Home Assistant's quality scale, and does not boast."""

from pathlib import Path

import pytest

from . import quality_scale
from .files import DOMAIN, Rule
from .sound_repository import write, write_sound_repository

ROOT = Path(__file__).parents[2]
JUDGED = Path("custom_components", DOMAIN, "quality_scale.yaml")


@pytest.mark.parametrize("rule", quality_scale.RULES, ids=lambda rule: rule.__name__)
def test_our_judgement_keeps(rule: Rule) -> None:
    assert list(rule(ROOT)) == []


def test_nothing_is_left_to_do() -> None:
    judgements = quality_scale.statuses(ROOT).values()
    assert "todo" not in {quality_scale.status(entry)[0] for entry in judgements}


def test_there_are_as_many_rules_as_the_scale_has() -> None:
    assert [len(names) for names in quality_scale.TIERS.values()] == [20, 10, 21, 3]
    assert len(set(quality_scale.NAMES)) == 54
    assert quality_scale.EVIDENCE.keys() <= set(quality_scale.NAMES)


def judge(root: Path, **judgements: str) -> Path:
    """Write a repository that calls everything undone, but for the given rules."""
    write_sound_repository(root)
    words = dict.fromkeys(quality_scale.NAMES, "todo")
    words |= {name.replace("_", "-"): word for name, word in judgements.items()}
    lines = [f"  {name}: {word}" for name, word in words.items() if word]
    write(root / JUDGED, "\n".join(["rules:", *lines]))
    return root


@pytest.mark.parametrize("rule", quality_scale.RULES, ids=lambda rule: rule.__name__)
def test_an_honest_beginning_keeps(tmp_path: Path, rule: Rule) -> None:
    assert list(rule(judge(tmp_path, brands="done"))) == []


@pytest.mark.parametrize(
    ("rule", "judgements", "answer"),
    [
        (quality_scale.every_rule_is_judged, {"brands": ""}, "brands is missing"),
        (quality_scale.every_rule_is_judged, {"docs_jokes": "done"}, "docs-jokes is no rule"),
        (quality_scale.every_rule_is_judged, {"brands": "nearly"}, "brands must be done"),
        (
            quality_scale.exemptions_are_explained,
            {"discovery": "exempt"},
            "discovery is exempt without a comment",
        ),
        (
            quality_scale.exemptions_are_explained,
            {"docs_actions": "{status: exempt, comment: we have no actions}"},
            "docs-actions cannot be exempt",
        ),
        (
            quality_scale.what_is_done_is_there,
            {"diagnostics": "done"},
            "diagnostics is called done",
        ),
        (
            quality_scale.what_is_done_is_there,
            {"docs_troubleshooting": "{status: done}"},
            "docs-troubleshooting is called done",
        ),
    ],
)
def test_a_false_judgement_is_told(
    tmp_path: Path, rule: Rule, judgements: dict[str, str], answer: str
) -> None:
    assert any(answer in told for told in rule(judge(tmp_path, **judgements)))
