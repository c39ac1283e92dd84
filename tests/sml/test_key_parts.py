"""A key is taken apart into words, phase, tariff and OBIS code."""

import pytest

from custom_components.py_hab.sml.key_parts import MAX_KEY, segment, take_apart
from custom_components.py_hab.sml.key_words import LANGUAGE, WORDS, Part


@pytest.mark.parametrize(
    ("letters", "words"),
    [
        ("gesamtverbrauch", ["gesamt", "verbrauch"]),
        ("momentanwirkleistung", ["momentan", "wirk", "leistung"]),
        ("totalin", ["total", "in"]),
        ("ein", ["e", "in"]),
        ("ul", ["u", "l"]),
        ("powerp", ["power", "p"]),
        ("pl", ["p", "l"]),
        ("import", ["import"]),
        # P at the start is energy in some scripts, and power in others.
        ("pin", None),
        ("vein", None),
        ("netzx", None),
        ("", []),
    ],
)
def test_letters_are_divided_into_the_fewest_words(letters: str, words: list[str] | None) -> None:
    assert segment(letters, WORDS) == words


@pytest.mark.parametrize(
    ("key", "obis"),
    [
        *(("x1_8_0", "1.8.0"), ("1-0:1.8.0*255", "1.8.0"), ("1_0_16_7_0", "16.7.0")),
        *(("0100010800FF", "1.8.0"), ("77070100100700ff", "16.7.0"), ("0100600100ff", "96.1.0")),
        *(("zaehlerstand_280", "2.8.0"), ("OBIS180", "1.8.0"), ("C.1.0", "c.1.0")),
        *(("1.8.0_kWh", "1.8.0"), ("kWh-1.8.0", "1.8.0"), ("E 1.8.1", "1.8.1")),
        *(("1.8", None), ("1.8.0.0", None), ("2-0:1.8.0", None), ("11800", None), ("E_in", None)),
    ],
)
def test_obis_codes_are_found_in_keys(key: str, obis: str | None) -> None:
    assert take_apart(key).obis == obis


def test_a_code_of_a_past_period_is_marked() -> None:
    assert take_apart("1.8.0*97").is_past
    assert not take_apart("1.8.0*255").is_past
    assert not take_apart("1.8.0*00").is_past


@pytest.mark.parametrize(
    ("key", "phases", "tariffs"),
    [
        *(("power_L1", {1}, set()), ("Volt_p2", {2}, set()), ("P3", {3}, set())),
        *(("L1+L2+L3_kW", {1, 2, 3}, set()), ("phase_2_voltage", {2}, set())),
        *(("E_in_T2", set(), {2}), ("tarif1_bezug", set(), {1}), ("tariff_0", set(), {0})),
    ],
)
def test_numbers_behind_a_letter_are_phases_or_tariffs(
    key: str, phases: set[int], tariffs: set[int]
) -> None:
    found = take_apart(key)
    assert (found.phases, found.tariffs) == (phases, tariffs)
    assert not found.is_ambiguous


@pytest.mark.parametrize("key", ["volt_p4", "E_in_T5", "Sensor-1-kWh", "Volt_2", "+E_in", "Power+"])
def test_numbers_and_signs_without_a_meaning_are_noticed(key: str) -> None:
    assert take_apart(key).is_ambiguous


def test_abbreviations_are_read_if_only_one_word_begins_like_them() -> None:
    assert take_apart("enrg_impo").parts == {Part.ENERGY, Part.IMPORT}
    assert take_apart("einspeis").parts == {Part.EXPORT}
    assert take_apart("ener").parts == {Part.ENERGY}
    # "Pressure", "present" and "previous".
    assert take_apart("pres").is_unknown
    assert take_apart("ene").is_unknown


def test_endless_keys_are_not_taken_apart() -> None:
    assert take_apart("e" * (MAX_KEY + 1)).is_unknown
    assert take_apart("1_8_0" + "_" * MAX_KEY).obis is None


def test_words_may_be_left_out() -> None:
    assert take_apart("nrg_in", WORDS).parts == {Part.ENERGY, Part.INWARD}
    assert take_apart("en_in", LANGUAGE).is_unknown
