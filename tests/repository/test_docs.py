"""The documentation: links and anchors, both languages, code blocks, blueprints, length."""

from collections.abc import Iterator
from pathlib import Path
import posixpath
import re
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.util.documentation import NOTICES
from homeassistant.util.yaml import parse_yaml
from scripts.import_graph import ROOT
from scripts.prose import without_code

from .files import ours, read, tracked
from .test_texts import ENGLISH, GERMAN, unnamed

LANGUAGES: Final = ("en", "de")
READMES: Final = {"en": "README.md", "de": "README.de.md"}
PAGES: Final = sorted(path.name for path in (ROOT / "docs/en").iterdir())
REPOSITORY: Final = "https://github.com/jankstar/py_hab"
MY: Final = "https://my.home-assistant.io/redirect/"
LINK: Final = re.compile(r"\]\(<?([^)\s>]+)>?\)")
FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page(language: str, name: str) -> str:
    """Return a page of the documentation."""
    return read(f"docs/{language}/{name}")


def slugs(markdown: str) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", markdown), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


def dead_links(name: str, markdown: str) -> Iterator[str]:
    """Yield the links of a file that lead nowhere in this repository."""
    folder = posixpath.dirname(name) or "."
    for link in LINK.findall(FENCE.sub("", markdown)):
        target, _, anchor = link.partition("#")
        if target.startswith(f"{REPOSITORY}/blob/main/"):
            target = posixpath.relpath(
                target.removeprefix(f"{REPOSITORY}/blob/main/"), name + "/.."
            )
        elif "://" in target:
            continue
        path = ROOT / posixpath.normpath(posixpath.join(folder, target) if target else name)
        if not path.exists():
            yield f"{link} does not exist"
        elif anchor and anchor not in slugs(path.read_text("utf-8")):
            yield f"{link} has no such heading"


def markdown_files() -> dict[str, str]:
    """Return all Markdown files of the repository."""
    return {name: text for name, text in tracked() if name.endswith(".md")}


def shape(markdown: str) -> list[str]:
    """Return what both languages of a page have in common: headings, rows, blocks, pictures."""
    found = (re.match(r"(#+ |\|.*\|$|```\w*|!\[|- |\d\. )", line) for line in markdown.splitlines())
    return [
        "|" * match[0].count("|") if match[0].startswith("|") else match[0].strip()
        for match in found
        if match
    ]


def test_each_link_leads_somewhere() -> None:
    notices = "".join(f"[notices]({address})" for address in NOTICES.values())
    files = {**markdown_files(), "documentation.py": notices}
    assert {
        name: found for name, text in files.items() if (found := [*dead_links(name, text)])
    } == {}
    assert files.keys() >= {*READMES.values(), *(f"docs/de/{name}" for name in PAGES)}


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("nowhere.md", "nowhere.md does not exist"),
        ("meter.md#nothing", "meter.md#nothing has no such heading"),
        (
            f"{REPOSITORY}/blob/main/nothing.yaml",
            f"{REPOSITORY}/blob/main/nothing.yaml does not exist",
        ),
        ("meter.md#prepare-the-meter", None),
        ("#here-too", None),
        ("https://example.com", None),
    ],
)
def test_a_dead_link_is_found(link: str, found: str | None) -> None:
    # An anchor without a file is one of the file on the disk.
    name = "docs/en/troubleshooting.md"
    link = link.replace("#here-too", "#the-first-hour")
    assert list(dead_links(name, f"[x]({link})\n## Here, too\n")) == ([found] if found else [])


def test_buttons_lead_to_this_repository_and_to_files_that_exist() -> None:
    seen: dict[str, int] = {}
    for name, text in markdown_files().items():
        for link in LINK.findall(text):
            if not link.startswith(MY):
                continue
            parts = urlsplit(link)
            redirect = parts.path.rstrip("/").rpartition("/")[2]
            query = {key: value for key, [value] in parse_qs(parts.query).items()}
            seen[redirect] = seen.get(redirect, 0) + 1
            match redirect:
                case "blueprint_import":
                    path = query["blueprint_url"].removeprefix(f"{REPOSITORY}/blob/main/")
                    assert (ROOT / path).is_file(), f"{name}: {link}"
                    assert (".de." in path) == (".de." in name or "/de/" in name), f"{name}: {link}"
                case "config_flow_start":
                    assert query == {"domain": DOMAIN}
                case "hacs_repository":
                    expected = {"owner": "jankstar", "repository": "py_hab"}
                    assert query == {**expected, "category": "integration"}
                case _:
                    pytest.fail(f"{name} has an unknown button: {redirect}")
    blueprints = len(list((ROOT / "blueprints/automation/py_hab").iterdir()))
    assert seen == {
        "blueprint_import": 2 * blueprints,
        "config_flow_start": 2,
        "hacs_repository": 2,
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_readmes_are_short(language: str) -> None:
    assert len(read(READMES[language]).splitlines()) <= 150


def test_both_languages_have_the_same_pages_and_the_site_has_all_of_them() -> None:
    assert sorted(path.name for path in (ROOT / "docs/de").iterdir()) == PAGES
    # The generator's own tags do not matter here.
    text = re.sub(r"!!python/\S+ {.*}", "x", read("mkdocs.yml"))
    site: Any = parse_yaml(text)
    nav = {name: path for item in site["nav"] for name, path in item.items()}
    assert sorted(nav.values()) == PAGES
    [german] = (
        each
        for plugin in site["plugins"]
        if isinstance(plugin, dict)
        for each in plugin["i18n"]["languages"]
        if each["locale"] == "de"
    )
    assert german["nav_translations"].keys() == nav.keys()


@pytest.mark.parametrize("name", PAGES)
def test_both_languages_of_a_page_have_one_shape(name: str) -> None:
    assert shape(page("en", name)) == shape(page("de", name))


def test_both_readmes_have_one_shape() -> None:
    assert shape(read(READMES["en"])) == shape(read(READMES["de"]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_yaml_in_the_documentation_can_be_read(language: str) -> None:
    texts = [page(language, name) for name in PAGES]
    blocks = [code for text in texts for kind, code in FENCE.findall(text) if kind == "yaml"]
    assert len(blocks) >= 12
    for block in blocks:
        assert isinstance(parse_yaml(block), dict)


def test_each_block_of_code_names_its_language() -> None:
    for name, text in markdown_files().items():
        if Path(name).parts[:2] in {("docs", language) for language in LANGUAGES}:
            assert {kind for kind, _ in FENCE.findall(text)} <= {"yaml", "sh"}, name


@pytest.mark.parametrize(("language", "texts"), [("en", ENGLISH), ("de", GERMAN)])
def test_every_entity_and_every_field_is_documented(language: str, texts: dict[str, str]) -> None:
    pages = "\n".join(page(language, name) for name in PAGES)
    assert list(unnamed(pages, texts)) == []


@pytest.mark.parametrize(("language", "texts"), [("en", ENGLISH), ("de", GERMAN)])
def test_every_notice_and_each_quoted_message_is_one_that_exists(
    language: str, texts: dict[str, str]
) -> None:
    text = page(language, "troubleshooting.md")
    titles = [
        title.removeprefix("{name}: ").casefold()
        for path, title in texts.items()
        if re.fullmatch(r"issues\.\w+\.title", path)
    ]
    assert [title for title in titles if f"| {title}" not in notices(text)] == []
    errors = "\n".join(text for path, text in texts.items() if path.startswith("config.error."))
    messages = re.search(
        r"^## [^\n]*\n\n\|[^|]*\|[^|]*\|\n\|---\|---\|\n((?:\|.*\n)+)", text, re.MULTILINE
    )
    assert messages
    for row in messages[1].splitlines():
        message = row.split("|")[1].strip()
        pattern = re.escape(message).replace("…", r"{\w+}")
        assert re.search(pattern, errors, re.IGNORECASE), message


def notices(markdown: str) -> str:
    """Return a page with each notice of a row in a row of its own."""
    return markdown.replace("<br>", "\n| ").casefold()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_action_and_its_fields_are_documented(language: str) -> None:
    rows = {
        match[1]: set(re.findall(r"`(\w+)`", match[2]))
        for match in re.finditer(
            r"^\| `py_hab\.(\w+)` \|([^|]*)\|", page(language, "actions.md"), re.MULTILINE
        )
    }
    actions = {
        name: set((action or {}).get("fields", {}))
        for name, action in ours("services.yaml").items()
    }
    assert rows == actions


def test_prose_is_what_is_not_code() -> None:
    text = "A `b` [c](d.md) **e** {f}\n```yaml\ng: h\n```\n<i> https://x.example/y ![z](w.png)"
    words = re.findall(r"\w+", without_code(text))
    assert words == ["A", "c", "e", "z"]


def test_each_picture_is_shown() -> None:
    pages = "".join(markdown_files().values())
    pictures = {path.name for path in (ROOT / "docs/images").iterdir()}
    assert {name for name in pictures if f"images/{name}" not in pages} == set()
