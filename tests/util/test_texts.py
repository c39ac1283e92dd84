"""Texts from outside are cleaned, escaped and masked; numbers are as the home writes them."""

from datetime import timedelta

import pytest

from custom_components.py_hab.util.texts import (
    MAX_TEXT,
    as_code,
    as_markdown,
    clean_text,
    excerpt,
    local_number,
    short_duration,
)
from homeassistant.core import HomeAssistant


@pytest.mark.parametrize(
    ("language", "value", "spec", "written"),
    [
        ("en", 14277.994, ",.2f", "14,277.99"),
        ("de", 14277.994, ",.2f", "14.277,99"),
        ("de", 17332, ",.0f", "17.332"),
        ("de", 31051.487, ",.10g", "31.051,487"),
        ("de", -0.5, ",.2f", "-0,50"),
        ("fr", 31051.487, ",.10g", "31,051.487"),
    ],
)
async def test_separators_are_those_of_the_language(
    hass: HomeAssistant, language: str, value: float, spec: str, written: str
) -> None:
    hass.config.language = language
    assert local_number(value, spec, language=language) == written


BIDI = "Fridge\u202egnp.exe\u2066"


@pytest.mark.parametrize(
    ("outside", "clean"),
    [
        ("Fridge", "Fridge"),
        ("  Fridge \t in the\u00a0cellar ", "Fridge in the cellar"),
        ("Fridge\nERROR forged", "Fridge ERROR forged"),
        ("a\r\nSet-Cookie: b", "a Set-Cookie: b"),
        ("a\u2028b\x85c\x1cd", "a b c d"),
        (BIDI, "Fridgegnp.exe"),
        ("Fri\u200bd\u00adge\ufeff", "Fridge"),
        ("\x00\x1b[31mred\x7f", "[31mred"),
        ("half \ud800 surrogate", "half surrogate"),
        ("\u3164\u2800\u115f", ""),
        ("Küche · 21 °C ☀", "Küche · 21 °C ☀"),
        ("", ""),
    ],
)
def test_a_text_from_outside_becomes_one_line_of_visible_characters(
    outside: str, clean: str
) -> None:
    assert clean_text(outside) == clean
    assert clean_text(clean) == clean


@pytest.mark.parametrize("letter", ["x", "ü", "x ", "\u200bx", "\n"])
def test_a_text_from_outside_is_cut(letter: str) -> None:
    assert len(clean_text(letter * 5000)) <= MAX_TEXT
    assert len(clean_text(letter * 5000, length=10)) <= 10


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("Waschmaschine (Keller) 2_b - 50 %", "Waschmaschine (Keller) 2_b - 50 %"),
        ("tele/tasmota_9282F4/SENSOR", "tele/tasmota_9282F4/SENSOR"),
        ("![x](http://evil.example/t.png)", r"\!\[x\]\(http\://evil.example/t.png)"),
        ("![x][y]", r"\!\[x\]\[y\]"),
        ("[y]: http://evil.example", r"\[y\]\: http\://evil.example"),
        ("<img src=x onerror=a>", r"\<img src=x onerror=a>"),
        ("www.evil.example WWW.evil.example", r"www\.evil.example WWW\.evil.example"),
        ("a@evil.example", r"a\@evil.example"),
        ("*a* __b__ ~~c~~ `d`", r"\*a\* \_\_b\_\_ \~\~c\~\~ \`d\`"),
        ("&lt;b&#62;", r"\&lt;b\&#62;"),
        (r"\[x\]", r"\\\[x\\\]"),
        ("# a", r"\# a"),
        ("- a", r"\- a"),
        ("12. a", r"12\. a"),
        ("-12.5", "-12.5"),
        ("12.5", "12.5"),
        ("a | b", r"a \| b"),
        ("a\n\n# b", "a # b"),
    ],
)
def test_markdown_shows_a_text_as_it_is(text: str, escaped: str) -> None:
    assert as_markdown(text) == escaped


def test_a_key_is_shown_as_code_unless_it_could_end_the_code() -> None:
    assert as_code("Total_in") == "`Total_in`"
    assert as_code("a` ![x](http://b)") == r"a\` \!\[x\]\(http\://b)"


ANSWER = (
    '<devicelist version="1"><device identifier="11630 0714031" id="16" name="Anna\'s Zimmer">'
    "<name>Anna Müller</name><present>1</present><energy>1234567</energy><celsius>-215</celsius>"
)
MESSAGE = (
    b'{"SML":{"Total_in":12345.678,"Meter_id":"0a014c475a0003403b49","Power":[1,2.5]},'
    b'"Hostname":"Anna","IPAddress":"192.168.178.2","Mac":"2C:91:AB:00:11:22"'
)


def test_a_log_shows_the_structure_of_an_answer_but_no_names_and_numbers_of_devices() -> None:
    assert excerpt(ANSWER) == (
        '<devicelist version="1"><device identifier="…" id="16" name="…\'…">'
        "<name>…</name><present>1</present><energy>…</energy><celsius>-215</celsius>"
    )
    assert excerpt(bytearray(MESSAGE)) == (
        '{"SML":{"Total_in":12345.678,"Meter_id":"…","Power":[1,2.5]},'
        '"Hostname":"…","IPAddress":"…","Mac":"…"'
    )
    assert excerpt("Guten Tag Frau Müller, 08761 0000434\n5") == "…, … 5"


@pytest.mark.parametrize("answer", ["x\n" * 3_000_000, b"<a>" * 1_000_000, b"\xff" * 5000, ""])
def test_a_log_is_cut_whatever_was_answered(answer: str | bytes) -> None:
    assert len(excerpt(answer)) <= 2048
    assert "\n" not in excerpt(answer)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "1 s"), (60, "60 s"), (119, "119 s"), (120, "2 min"), (872, "15 min")],
)
def test_a_time_to_wait_is_short_and_never_too_short(seconds: float, text: str) -> None:
    assert short_duration(timedelta(seconds=seconds)) == text
