"""The page of the documentation that explains notices."""

from typing import Final

DOCUMENTATION: Final = "https://github.com/jankstar/py_hab/blob/main/docs"
NOTICES: Final = {
    "en": f"{DOCUMENTATION}/en/troubleshooting.md#notices-on-the-repairs-page",
    "de": f"{DOCUMENTATION}/de/troubleshooting.md#hinweise-unter-reparaturen",
}


def page_of_notices(language: str) -> str:
    """Return the address of the page, in a language such as "de" or "de-CH" if there is one."""
    return NOTICES.get(language.partition("-")[0], NOTICES["en"])
