"""Numbers show what they are."""

from custom_components.py_hab.history.files.contents import judge
from custom_components.py_hab.history.files.csv_format import Content, Doubt


def test_without_a_unit_there_is_doubt() -> None:
    found = judge("Wert", [3.0, 1.0, 2.0], None)
    assert (found.content, found.unit, found.doubts) == (
        Content.CONSUMPTION,
        "kWh",
        frozenset({Doubt.UNIT}),
    )
    assert judge("Leistung", [3.0, 1.0], None).unit == "kW"
    assert judge("Wert", [3.0, 1.0], "Wh").unit == "Wh"


def test_the_name_goes_before_the_unit_of_the_file() -> None:
    assert judge("Verbrauch (Wh)", [3.0, 1.0], "kWh").unit == "Wh"


def test_numbers_that_never_change_show_nothing() -> None:
    assert not judge("Wert kWh", [0.0] * 30, None).is_evident
    assert judge("Wert kWh", [0.0, 1.0], None).is_evident


def test_small_rising_numbers_may_be_energy() -> None:
    rising = [float(2**number) for number in range(25)]
    assert Doubt.CONTENT in judge("Wert kWh", rising, None).doubts
