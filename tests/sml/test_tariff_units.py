"""The counters of tariffs are in the unit of their total."""

import pytest

from custom_components.py_hab.sml.key_names import mapping_of_name
from custom_components.py_hab.sml.registers import KeyMapping, Quantity
from custom_components.py_hab.sml.tariff_units import units_of_tariffs

WH = 0.001


def units(numbers: dict[str, float], **proven: float) -> dict[str, float]:
    """Return the units that follow, where some factors are proven."""

    def mapping_of(key: str) -> KeyMapping | None:
        named = mapping_of_name(key)
        if named is None or key not in proven:
            return named
        return KeyMapping(named.quantity, proven[key])

    found = units_of_tariffs(numbers, mapping_of, mapping_of_name)
    return {key: mapping.factor for key, mapping in found.items()}


def test_tariffs_that_amount_to_the_total_have_its_unit() -> None:
    numbers = {"E_in": 302_035.0, "E_inHT": 300_000.0, "E_inNT": 2_035.0, "Power": 300.0}
    assert units(numbers, E_in=WH) == {"E_inHT": WH, "E_inNT": WH}
    assert units(numbers) == {}
    # One of them is known already.
    assert units(numbers, E_in=WH, E_inHT=WH) == {"E_inNT": WH}


@pytest.mark.parametrize(
    "numbers",
    [
        {"E_in": 302_035.0, "E_inHT": 300.0, "E_inNT": 2.035},
        {"E_in": 302_035.0, "E_out": 302_035.0},
        {"E_in": 302_035.0, "E_outHT": 302_035.0},
        {"E_in": 302_035.0},
        {"E_in": 0.0, "Power": 302_035.0},
        {"unknown": 302_035.0, "E_inHT": 302_035.0},
    ],
)
def test_otherwise_nothing_follows(numbers: dict[str, float]) -> None:
    assert units(numbers, E_in=WH, unknown=WH) == {}


def test_the_quantity_stays() -> None:
    numbers = {"E_out": 5_000.0, "E_outHT": 5_000.0}
    found = units_of_tariffs(
        numbers,
        lambda key: (
            KeyMapping(Quantity.ENERGY_EXPORT, WH) if key == "E_out" else mapping_of_name(key)
        ),
        mapping_of_name,
    )
    assert found == {"E_outHT": KeyMapping(Quantity.ENERGY_EXPORT_T1, WH)}
