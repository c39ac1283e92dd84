"""Notices link to the documentation in the language of the home."""

import pytest

from custom_components.py_hab.util.documentation import NOTICES, page_of_notices


@pytest.mark.parametrize(
    ("language", "page"), [("de", "de"), ("de-CH", "de"), ("en-GB", "en"), ("fr", "en"), ("", "en")]
)
def test_pages_are_in_the_language_of_the_home(language: str, page: str) -> None:
    assert page_of_notices(language) == NOTICES[page]
