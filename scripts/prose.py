"""What people read, in both languages, and phrases that must not be in it."""

from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).parent.parent
TRANSLATIONS: Final = ROOT / "custom_components/py_hab/translations"

_CODE: Final = re.compile(
    r"^```.*?^```$"  # blocks
    r"|`[^`\n]*`"
    r"|!input \w+|\b\w*_\w+\b"
    r"|\{\{.*?\}\}|\{%.*?%\}|\{\w+\}"  # templates and placeholders
    r"|(?<=\])\([^)\s]*\)"  # the target of a link
    r"|<[^>\n]*>|https?://\S+|\b\w+\.(?:yaml|json|md|zip|db|png)\b",
    re.MULTILINE | re.DOTALL,
)

FORBIDDEN: Final[Mapping[str, tuple[str, ...]]] = {
    "en": (
        # English words in a German order, or with a German meaning.
        *(r"\btells?\b", r"\btold\b", r"\bof which\b", r"\bby (?:itself|themselves)\b"),
        *(r"\bone of both\b", r"\bbeliev(?:es?|ed|ing)\b", r"\blook(?:s|ed)? after\b"),
        *(r"\bOnly look\b", r"\bremember(?:s|ed)\b", r"\bis heard\b", r"\bwas heard\b"),
        *(r"\bmend(?:s|ed|ing)?\b", r"\bat the moment\b", r"\bof whatever\b", r"\b[Bb]est make\b"),
        *(r"\bcopy .* along\b", r"\bone that there is not\b", r"\bwhich goes on\b"),
        *(
            r"\bmemory of (?:a|the) box\b",
            r"\bkeeper\b",
            r"\bupkeep\b",
            r"\bThis is nothing that\b",
        ),
        # The thing on the meter is a reader; people type passwords and turn things off.
        *(r"\b(?:optical|meter|IR|one) heads?\b", r"\bswitch(?:ed)? (?:it )?off\b(?! a)"),
        *(r"\bstromleser heads?\b", r"\bis understood\b", r"\bholds instead\b", r"\bany more\b"),
        *(
            r"\b[Rr]eplace (?:the|it|this|them)\b[^.,;]* by\b",
            r"\b[Qq]uestions of the first hour\b",
        ),
        *(r"\bdialogues?\b", r"\bDeveloper tools\b(?! > \w+\*\*)"),
    ),
    "de": (
        # Home Assistant addresses nobody in German; "Sie" may begin a sentence about something.
        *(r"\b(?:[Dd]u|[Dd]ich|[Dd]ir|[Dd]eine?[mnrs]?)\b",),
        *(r"(?<=[a-zäöüß,] )(?:Sie|Ihnen|Ihre?[mnrs]?)\b",),
        *(
            r"\bPasswort\b",
            r"\bschweigt\b",
            r"\bUpload darf\b",
            r"\bsagt\b(?!.* voraus)",
            r"\bHeizkörperthermostat",
        ),
        *(r"\bUser\b", r"\bDevices?\b", r"\bEntities\b", r"\bGeräte-ID\b", r"\bgehörte Zähler\b"),
        # Words of Home Assistant's frontend: Blueprint, Zugriffstoken, Debug-Protokoll, Diagnosedaten.
        *(r"\bVorlage\b", r"\bZugangstoken\b", r"\bDebug-Protokollierung\b", r"\bDie Diagnose\b"),
        *(r"\bwird (?:auch )?verstanden\b",),
        *(r"\bAdd-on\b", r"\bnicht mehr länger\b", r"\bmacht Sinn\b", r"\beinloggen\b"),
    ),
}
"""Phrases that a native technical writer of Home Assistant would not use."""


class Prose(NamedTuple):
    """A text that people read."""

    source: str
    language: str
    text: str


def without_code(text: str) -> str:
    """Return a text without code, placeholders, tags and addresses; lines stay lines."""
    return _CODE.sub(lambda match: " " + "\n" * match[0].count("\n"), text)


def _strings(tree: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(tree, str):
        yield path, tree
    elif isinstance(tree, dict):
        for key, value in tree.items():
            yield from _strings(value, f"{path}.{key}")


def _english_markdown() -> Iterator[Path]:
    yield from (
        ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
    )
    yield ROOT / "docs/publishing.md"
    yield from sorted((ROOT / "docs/en").glob("*.md"))


def prose() -> Iterator[Prose]:
    """Yield all texts for users, without their code."""
    german = (ROOT / "README.de.md", *sorted((ROOT / "docs/de").glob("*.md")))
    for language, paths in (("en", _english_markdown()), ("de", iter(german))):
        for path in paths:
            name = path.relative_to(ROOT).as_posix()
            for number, line in enumerate(without_code(path.read_text("utf-8")).splitlines(), 1):
                yield Prose(f"{name}:{number}", language, line)
        tree = json.loads((TRANSLATIONS / f"{language}.json").read_text("utf-8"))
        for key, text in _strings(tree, language):
            yield Prose(key, language, without_code(text))
    for path in sorted((ROOT / "blueprints/automation/py_hab").glob("*.yaml")):
        language = "de" if ".de" in path.suffixes else "en"
        text = re.sub(r"#.*$|^\s*[\w-]+:(?= |$)", " ", path.read_text("utf-8"), flags=re.MULTILINE)
        for number, line in enumerate(without_code(text).splitlines(), 1):
            if re.search(r"\w \w", line):
                yield Prose(f"{path.relative_to(ROOT).as_posix()}:{number}", language, line)


def offences(each: Prose) -> Iterator[str]:
    """Yield the forbidden phrases of a text."""
    for pattern in FORBIDDEN[each.language]:
        for match in re.finditer(pattern, each.text):
            yield f"{each.source}: {match[0]!r} is not how Home Assistant writes"
