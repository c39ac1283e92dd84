"""What a FRITZ!Box reports beyond its device list, and what must not be accepted of it."""

from dataclasses import replace
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.py_hab.fritzbox.rest import (
    NO_PERMISSION,
    KeyFigures,
    Overview,
    RelayFault,
    RestDetails,
    Routine,
    SmartMeterProblem,
    parse_error_code,
    parse_overview,
)
from custom_components.py_hab.fritzbox.xml import MalformedAnswerError
from tests.support.captures import name_of, there

AIN = "11630 0714031"
NOTHING = RestDetails(
    current=None,
    relay_fault=None,
    smart_meter=None,
    firmware_update=None,
    battery_powered=None,
    unit=None,
)
NO_VALUES_OF_A_UNIT = replace(NOTHING, unit=AIN)
NO_VALUES: list[Any] = [None, "", "x", 1, 1.5, True, [], ["x"], {}, {"x": 1}]
"""One of each type; where a type is right, the value is not."""


def unit(ain: Any = AIN, *, connected: Any = True, **interfaces: Any) -> dict[str, Any]:
    return {
        "UID": ain,
        "ain": ain,
        "isConnected": connected,
        "interfaces": {f"{name}Interface": value for name, value in interfaces.items()},
    }


def device(uid: Any = AIN, **properties: Any) -> dict[str, Any]:
    return {"UID": uid, "ain": uid, "name": "Plug", **properties}


def parse(*, devices: Any = (), units: Any = ()) -> dict[str, RestDetails]:
    return dict(parse_overview(json.dumps({"devices": devices, "units": units})).details)


def parse_unit(*, connected: Any = True, **interfaces: Any) -> RestDetails:
    return parse(units=[unit(connected=connected, **interfaces)])[AIN]


def current(value: Any, **others: Any) -> float | None:
    return parse_unit(multimeter={"state": "valid", "current": value, **others}).current


def relay_fault(word: Any, state: str = "valid") -> RelayFault | None:
    return parse_unit(onOff={"state": state, "outletState": word}).relay_fault


def smart_meter(words: Any, state: str = "valid") -> frozenset[SmartMeterProblem] | None:
    return parse_unit(smartmeter={"state": state, "smartmeterState": words}).smart_meter


# Whose values they are


def test_a_plug_is_device_and_unit_in_one() -> None:
    assert parse(
        devices=[device(isUpdateAvailable=True, isBatteryPowered=False, isExternallyPowered=True)],
        units=[
            unit(
                multimeter={"state": "valid", "power": 74950, "voltage": 230256, "current": 326},
                onOff={"state": "valid", "active": True, "outletState": "valid"},
            )
        ],
    ) == {
        AIN: RestDetails(
            current=0.326,
            relay_fault=RelayFault.NONE,
            smart_meter=None,
            firmware_update=True,
            battery_powered=False,
            unit=AIN,
        )
    }


def test_a_unit_has_its_own_values_and_its_parent_the_device_s() -> None:
    rest_details = parse(
        devices=[device("16000 0183755", isUpdateAvailable=False, isBatteryPowered=True)],
        units=[unit("16000 0183755-1", smartmeter={"state": "valid", "smartmeterState": []})],
    )
    assert list(rest_details) == ["16000 0183755", "16000 0183755-1"]
    parent, meter = rest_details.values()
    assert (parent.firmware_update, parent.battery_powered) == (False, True)
    assert parent.smart_meter is None
    assert (meter.firmware_update, meter.battery_powered) == (None, None)
    assert meter.smart_meter == frozenset()
    assert (parent.unit, meter.unit) == (None, "16000 0183755-1")


def test_a_unit_counts_by_its_ain_since_its_uid_may_differ() -> None:
    rest_details = parse(units=[{**unit(), "UID": f"{AIN}_2"}, unit()])
    assert rest_details == {AIN: replace(NOTHING, unit=f"{AIN}_2")}, "the first one"


@pytest.mark.parametrize("nonsense", [None, "", 7, True, [], {}])
def test_a_unit_without_uid_cannot_be_asked_for(nonsense: Any) -> None:
    assert parse(units=[{**unit(), "UID": nonsense}])[AIN].unit is None


def test_identifiers_are_written_as_in_the_device_list() -> None:
    assert list(parse(devices=[device(" 11630   0714031\n")])) == [AIN]


def test_of_two_entries_with_the_same_ain_the_first_counts() -> None:
    rest_details = parse(devices=[device(isUpdateAvailable=True), device(isUpdateAvailable=False)])
    assert rest_details[AIN].firmware_update is True


@pytest.mark.parametrize("identifier", [None, "", " ", 7, [], {}, True])
def test_an_entry_without_identifier_is_left_out(identifier: Any) -> None:
    assert parse(devices=[device(identifier)], units=[unit(identifier)]) == {}


@pytest.mark.parametrize("nonsense", NO_VALUES)
def test_lists_and_entries_of_the_wrong_type_are_left_out(nonsense: Any) -> None:
    assert parse(devices=nonsense, units=nonsense) == {}
    assert parse(devices=[nonsense], units=[nonsense]) == {}


@pytest.mark.parametrize("nonsense", NO_VALUES)
def test_values_of_the_wrong_type_are_none(nonsense: Any) -> None:
    bare = {"ain": AIN, "interfaces": nonsense}
    assert parse(units=[bare]) == {AIN: NOTHING}
    odd = unit(multimeter=nonsense, onOff=nonsense, smartmeter=nonsense)
    assert parse(units=[odd]) == {AIN: NO_VALUES_OF_A_UNIT}


# Current


@pytest.mark.parametrize(
    ("milliamperes", "amperes"), [(0, 0.0), (1, 0.001), (16_000, 16.0), (-326, -0.326), (0.5, 5e-4)]
)
def test_current_is_ampere(milliamperes: float, amperes: float) -> None:
    assert current(milliamperes) == amperes


@pytest.mark.parametrize(
    "nonsense", [None, "326", True, [], {}, float("nan"), float("inf"), 1_000_001, -(10**400)]
)
def test_current_that_is_none(nonsense: Any) -> None:
    assert current(nonsense) is None


@pytest.mark.parametrize("state", ["unknown", "notConnected", "new word", None])
def test_current_of_an_interface_that_is_not_valid_is_none(state: Any) -> None:
    assert current(326, state=state) is None


def test_current_at_no_volt_is_no_reading() -> None:
    assert current(0, voltage=0) is None
    assert current(0, voltage=230_000) == 0


# Relay


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        ("valid", RelayFault.NONE),
        ("overcurrent", RelayFault.OVERCURRENT),
        ("relayStuck", RelayFault.RELAY_STUCK),
        ("new word", None),
        (None, None),
        (7, None),
        (["relayStuck"], None),
    ],
)
def test_relay(word: Any, fault: RelayFault | None) -> None:
    assert relay_fault(word) is fault


def test_a_fault_is_accepted_although_the_relay_s_state_is_unknown() -> None:
    assert relay_fault("relayStuck", state="unknown") is RelayFault.RELAY_STUCK
    assert relay_fault("valid", state="unknown") is None


# Smart meter


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("reducedResolution", "reduced_resolution"),
        ("noValidData", "no_valid_data"),
        ("noData", "no_data"),
        ("temporaryNoData", "temporary_no_data"),
        ("newMeterDetected", "new_meter_detected"),
        ("scatteredLight", "scattered_light"),
    ],
)
def test_problems_of_a_smart_meter(word: str, problem: str) -> None:
    assert smart_meter([word]) == frozenset({SmartMeterProblem(problem)})


def test_several_problems_at_once() -> None:
    both = frozenset({SmartMeterProblem.REDUCED_RESOLUTION, SmartMeterProblem.SCATTERED_LIGHT})
    assert smart_meter(["scatteredLight", "reducedResolution", "new word", 7]) == both


def test_all_is_well_only_when_the_reader_says_so() -> None:
    assert smart_meter([]) == frozenset()
    assert smart_meter([], state="unknown") is None
    assert smart_meter(["noData"], state="unknown") == frozenset({SmartMeterProblem.NO_DATA})
    assert smart_meter(["new word"]) is None, "whatever it is, all is not well"
    assert parse_unit(smartmeter={"state": "valid"}).smart_meter is None


# Out of reach


@pytest.mark.parametrize(
    ("connected", "state"), [(False, "valid"), (True, "notConnected"), (False, "notConnected")]
)
def test_a_unit_out_of_reach_reports_nothing(connected: bool, state: str) -> None:
    rest_details = parse_unit(
        connected=connected,
        multimeter={"state": state, "current": 326},
        onOff={"state": state, "outletState": "relayStuck"},
        smartmeter={"state": state, "smartmeterState": ["noData"]},
    )
    assert rest_details == NO_VALUES_OF_A_UNIT


def test_a_device_out_of_reach_may_have_an_update() -> None:
    assert parse(devices=[device(isConnected=False, isUpdateAvailable=True)])[AIN].firmware_update


# Devices


@pytest.mark.parametrize("nonsense", [None, "true", 1, 0, [], {}])
def test_flags_of_the_wrong_type_are_none(nonsense: Any) -> None:
    entry = device(
        isUpdateAvailable=nonsense, isBatteryPowered=nonsense, isExternallyPowered=nonsense
    )
    assert parse(devices=[entry]) == {AIN: NOTHING}


@pytest.mark.parametrize(
    ("batteries", "external", "battery_powered"),
    [
        (True, False, True),
        (True, None, True),
        (None, False, True),
        (True, True, False),
        (None, True, False),
        (False, True, False),
        (False, None, False),
        (False, False, False),
        (None, None, None),
    ],
)
def test_a_device_lives_on_its_batteries_if_nothing_else_feeds_it(
    batteries: bool | None, external: bool | None, battery_powered: bool | None
) -> None:
    entry = device(isBatteryPowered=batteries, isExternallyPowered=external)
    assert parse(devices=[entry])[AIN].battery_powered is battery_powered


# Whole answers


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html></html>",
        "[]",
        "7",
        "null",
        '"devices"',
        '{"devices": [',
        '{"devices": [' + "9" * 5000 + "]}",
        "[" * 200_000,
    ],
)
def test_what_is_no_json_object_is_malformed(text: str) -> None:
    with pytest.raises(MalformedAnswerError):
        parse_overview(text)


def overview(**content: object) -> Overview:
    return parse_overview(json.dumps(content))


def test_routines_are_enabled_or_not() -> None:
    triggers = [
        {"ain": "trg1", "UID": "trg1", "name": " Heat \n in the morning", "enabled": True},
        {"ain": "trg2", "UID": "trg2", "name": "", "enabled": False},
        {"ain": "trg3", "UID": "trg3", "name": 5, "enabled": "yes"},
        {"name": "without an identifier", "enabled": True},
        "nonsense",
    ]
    assert overview(triggers=triggers).routines == {
        "trg1": Routine(name="Heat in the morning", enabled=True),
        "trg2": Routine(name="trg2", enabled=False),
        "trg3": Routine(name="trg3", enabled=None),
    }


def test_templates_that_the_box_has_created_are_left_out() -> None:
    templates = [
        {"ain": "tmp1", "name": "Movie"},
        {"ain": "tmp2", "name": "Part", "template": {"isAutoCreated": True}},
        {"ain": "tmp3", "name": "Night", "template": {"isAutoCreated": False}},
        {"ain": "tmp4"},
        None,
    ]
    assert overview(templates=templates).templates == ("Movie", "Night")


@pytest.mark.parametrize(
    ("figures", "price", "emissions"),
    [
        ({"electricityRate": 27, "co2emmissions": 550}, 0.27, 550),
        ({"electricityRate": 31.97}, 0.3197, None),
        ({"electricityRate": 0, "co2emmissions": 0}, 0, 0),
        ({"electricityRate": -1, "co2emmissions": -1}, None, None),
        ({"electricityRate": 1e9, "co2emmissions": 1e9}, None, None),
        ({"electricityRate": True, "co2emmissions": "550"}, None, None),
        ({"electricityRate": float("nan"), "co2emmissions": float("inf")}, None, None),
        ("nonsense", None, None),
    ],
)
def test_key_figures_of_the_box(
    figures: object, price: float | None, emissions: float | None
) -> None:
    found = overview(globals={"energyKeyFigures": figures}).key_figures
    assert found == KeyFigures(electricity_price=price, co2_emissions=emissions)


def test_a_box_without_devices() -> None:
    assert parse_overview("{}") == Overview()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"errors": [{"code": 3001, "message": "no permission"}]}', NO_PERMISSION),
        ('{"errors": [{"code": 3012}, {"code": 3006}]}', 3012),
        ('{"errors": []}', None),
        ('{"errors": {"code": 3001}}', None),
        ('{"errors": [3001]}', None),
        ('{"errors": [{"code": "3001"}]}', None),
        ('{"errors": [{"code": true}]}', None),
        ('{"errors": [{"message": "no"}]}', None),
        ("{}", None),
        ("<html></html>", None),
        ("", None),
    ],
)
def test_error_codes(text: str, code: int | None) -> None:
    assert parse_error_code(text) == code


# What boxes send

WITHOUT_PROPERTIES: dict[Path, list[str]] = there(
    {
        "fritzbox/rest-overview-excerpt.json": [
            "13979 0520990",
            "11630 0714999",
            "16000 0061142-1",
        ]
    },
    {
        "fritzbox/rest-overview-fos8.25-gotest.json": [
            "10000 0000001",
            "10000 0000002",
            "10000 0000003",
            "10000 0000005",
            "10000 0000003-1",
            "10000 0000005-1",
        ]
    },
)


@pytest.mark.parametrize(("path", "identifiers"), WITHOUT_PROPERTIES.items(), ids=name_of)
def test_overview_without_the_properties_that_are_read(path: Path, identifiers: list[str]) -> None:
    overview = parse_overview(path.read_text(encoding="utf-8")).details
    assert dict(overview) == dict.fromkeys(identifiers, NOTHING)


@pytest.mark.parametrize(
    ("path", "ain"),
    there(
        {"fritzbox/rest-unit-meter.json": "16000 0183755-1"},
        {"fritzbox/rest-energy250-unit-evcc-29529.json": "15282 0999999-1"},
    ).items(),
    ids=name_of,
)
def test_meter_reader_without_problems(path: Path, ain: str) -> None:
    reader = json.loads(path.read_text(encoding="utf-8"))
    rest_details = parse(units=[reader])[ain]
    assert rest_details.smart_meter == frozenset()
    assert rest_details.current is None
