"""What people read: no phrases that a native technical writer of Home Assistant would not use."""

import pytest

from scripts.prose import Prose, offences, prose


def test_no_text_contains_a_forbidden_phrase() -> None:
    texts = list(prose())
    assert [offence for each in texts for offence in offences(each)] == []
    sources = {each.source.partition(":")[0] for each in texts}
    assert {"README.md", "README.de.md", "CHANGELOG.md", "docs/en/meter.md"} <= sources
    assert {"en.title", "de.options.step.init.title"} <= sources
    assert any(source.endswith("feed_in_surplus.de.yaml") for source in sources)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The FRITZ!Box tells what it stores, of which some is kept."),
        ("en", "It goes away by itself."),
        ("en", "The box remembers two years."),
        ("en", "The optical head is read."),
        ("de", "Hier kannst du wählen."),
        ("de", "Bitte geben Sie das Kennwort ein."),
        ("de", "Das Passwort fehlt."),
    ],
)
def test_a_forbidden_phrase_is_found(language: str, text: str) -> None:
    assert list(offences(Prose("here", language, text)))


@pytest.mark.parametrize(
    ("language", "text"),
    [("de", "Sie selbst erhält Werte. Ihre Werte gelten."), ("en", "It reports what it stores.")],
)
def test_a_good_sentence_is_no_offence(language: str, text: str) -> None:
    assert list(offences(Prose("here", language, text))) == []
