"""The table of words."""

from custom_components.py_hab.sml.key_words import _DICTIONARY, _HOME_MADE, _LANGUAGE, WORDS


def test_no_word_is_there_twice() -> None:
    words = [
        word
        for table in (_LANGUAGE, _DICTIONARY, _HOME_MADE)
        for words in table.values()
        for word in words.split()
    ]
    assert len(words) == len(set(words)) == len(WORDS)


def test_words_are_written_as_they_are_looked_up() -> None:
    for word in WORDS:
        assert word == word.casefold()
        assert word.isascii()
