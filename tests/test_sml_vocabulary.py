"""Which register of the meter a published key means."""

import pytest

from custom_components.py_hab.sml_vocabulary import COUNTERS, Register, Role, register_of

IMPORT = Role.ENERGY_IMPORT
EXPORT = Role.ENERGY_EXPORT
POWER = Role.POWER
METER_ID = Role.METER_ID


@pytest.mark.parametrize(
    ("keys", "role"),
    [
        ("E_in Power Meter_id", (IMPORT, POWER, METER_ID)),
        ("E_in E_out Power server_id", (IMPORT, EXPORT, POWER, METER_ID)),
        ("Total_in Total_out Power_curr Meter_Number", (IMPORT, EXPORT, POWER, METER_ID)),
        ("Total_in Total_out Power_cur meter_number", (IMPORT, EXPORT, POWER, METER_ID)),
        ("ImportActive ExportActive Power", (IMPORT, EXPORT, POWER)),
        ("total_kwh export_total_kwh curr_w", (IMPORT, EXPORT, POWER)),
        ("Ei Eo SMid", (IMPORT, EXPORT, None)),
        ("DJ_TPWRIN DJ_TPWROUT DJ_TPWRCURR", (IMPORT, EXPORT, POWER)),
        ("Verbrauch_Summe Einspeisung_Summe Watt_Summe", (IMPORT, EXPORT, POWER)),
        ("counter_pos counter_neg aktuelle_Wirkleistung", (IMPORT, EXPORT, POWER)),
        ("TotalIn TotalOut CurrPower", (IMPORT, EXPORT, POWER)),
        ("1_8_0 2_8_0 16_7_0 96_1_0", (IMPORT, EXPORT, POWER, METER_ID)),
        ("1-8-0 2-8-0 16-7-0 0_0_9", (IMPORT, EXPORT, POWER, METER_ID)),
        ("1.8.0 2.8.0 16.7.0 0.0.0", (IMPORT, EXPORT, POWER, METER_ID)),
        ("1-0:1.8.0 1-0:2.8.0 1-0:16.7.0 1_0_96_1_0", (IMPORT, EXPORT, POWER, METER_ID)),
    ],
    ids=[
        "the old py_hab server",
        "bitShake",
        "Tasmota's documentation",
        "Tasmota's documentation, older",
        "ottelo9",
        "evcc",
        "gPlug",
        "macros",
        "German",
        "counters",
        "without separators",
        "OBIS with underscores",
        "OBIS with dashes",
        "OBIS with dots",
        "OBIS with medium",
    ],
)
def test_the_vocabularies_are_known(keys: str, role: tuple[Role | None, ...]) -> None:
    found = tuple((register_of(key) or Register(POWER, 0)) for key in keys.split())
    assert found == tuple(Register(one) if one else Register(POWER, 0) for one in role)


@pytest.mark.parametrize(
    "key", ["E_in", "e_in", "E_IN", " E_in ", "E in", "E-in", "e.in", "E__in", "Ein"]
)
def test_case_blanks_and_separators_make_no_difference(key: str) -> None:
    assert register_of(key) == Register(IMPORT)


def test_umlauts_may_be_written_out() -> None:
    assert register_of("Zählerstand_180") == register_of("zaehlerstand_180") == Register(IMPORT)


@pytest.mark.parametrize(
    "key",
    [
        "",
        " ",
        "_",
        "ß",
        "Time",
        "Temperature",
        "power_L1",
        "Power_p1",
        "Power2",
        "PowerB",
        "Watt_L1",
        "Volt_p1",
        "current",
        "E_inHT",
        "E_inNT",
        "E_inoP",
        "HT_Total_in",
        "E_in_1d",
        " E_in_7d",
        "total_1d",
        "total_365d",
        "kW_IN",
        "pwr_imp",
        "Power_in",
        "power_out",
        "Pp",
        "Pm",
        "Q+",
        "ID",
        "Wert",
        "1_8_1",
        "1-8-2",
        "15_7_0",
        "36_7_0",
        "96_50_1",
        "11_8_0",
        "1.8",
        "1.8.0.0",
        "1-1:1.8.0",
        "\N{ARABIC-INDIC DIGIT ONE}.8.0",
        "Power\x00Total_in",
    ],
)
def test_what_the_table_does_not_hold_is_not_guessed(key: str) -> None:
    assert register_of(key) is None


@pytest.mark.parametrize(
    "key", ["+P", "-P", "P+", "P-", " +P ", "P- ", "+E_in", "Power+", "+", "-"]
)
def test_a_sign_tells_a_direction_which_is_another_register(key: str) -> None:
    assert register_of(key) is None


def test_numbers_are_taken_as_they_are() -> None:
    register = register_of("E_in")
    assert register is not None
    assert register.factor == 1


def test_counters_are_the_two_energies() -> None:
    assert {IMPORT, EXPORT} == COUNTERS
