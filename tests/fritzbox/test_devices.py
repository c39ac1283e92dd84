"""What a FRITZ!Box says, and what must not be accepted of it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest

from custom_components.py_hab.fritzbox.devices import (
    Blind,
    Button,
    Device,
    DeviceList,
    MeterKind,
    PowerMeter,
    RadiatorError,
    RadiatorMode,
    Thermostat,
    UnitType,
    parse_device_list,
)
from custom_components.py_hab.fritzbox.xml import MalformedAnswerError


def entry(
    *blocks: str,
    ain: str | None = "08761 0000434",
    tag: str = "device",
    name: str = "<name>Lamp</name>",
    present: str = "<present>1</present>",
    **attributes: str,
) -> str:
    """Return an entry of a device list."""
    identifier = {} if ain is None else {"identifier": ain}
    defaults = {"id": "17", "fwversion": "04.17", "manufacturer": "AVM", "productname": "Plug"}
    text = "".join(
        f" {key}={quoteattr(value)}"
        for key, value in {**defaults, **identifier, **attributes}.items()
    )
    return f"<{tag}{text}>{present}{name}{''.join(blocks)}</{tag}>"


def parse(*entries: str) -> DeviceList:
    return parse_device_list(
        f'<devicelist version="1" fwversion="8.25">{"".join(entries)}</devicelist>'
    )


def parse_one(*blocks: str, **options: Any) -> Device:
    (device,) = parse(entry(*blocks, **options)).devices.values()
    return device


def unit(unit_type: int | str, parent_id: str = "406") -> str:
    return (
        f"<etsiunitinfo><etsideviceid>{parent_id}</etsideviceid>"
        f"<unittype>{unit_type}</unittype><interfaces>256</interfaces></etsiunitinfo>"
    )


def power_meter(power: str, energy: str, voltage: str) -> str:
    return (
        f"<powermeter><voltage>{voltage}</voltage><power>{power}</power>"
        f"<energy>{energy}</energy></powermeter>"
    )


def meter(
    kind: MeterKind,
    *,
    power: float | None = None,
    energy: float | None = None,
    voltage: float | None = None,
    reduced_resolution: bool | None = None,
) -> PowerMeter:
    return PowerMeter(
        kind=kind,
        power=power,
        energy=energy,
        voltage=voltage,
        reduced_resolution=reduced_resolution,
    )


def plug(power: float | None, energy: float | None, voltage: float | None) -> PowerMeter:
    return meter(MeterKind.CONSUMPTION, power=power, energy=energy, voltage=voltage)


NOTHING_TOLD = Thermostat(
    mode=None,
    target_temperature=None,
    comfort_temperature=None,
    eco_temperature=None,
    next_change=None,
    next_temperature=None,
    window_open=None,
    window_open_end=None,
    boost=None,
    boost_end=None,
    summer=None,
    holiday=None,
    adaptive_heating=None,
    error=None,
)


def reported(**values: Any) -> Thermostat:
    return replace(NOTHING_TOLD, **values)


def thermostat(elements: str) -> Thermostat:
    found = parse_one(f"<hkr>{elements}</hkr>").thermostat
    assert found is not None
    return found


# One device


def test_a_plug_is_read_whole() -> None:
    device = parse_one(
        "<txbusy>0</txbusy>",
        "<switch><state>1</state><mode>manuell</mode><lock>1</lock><devicelock>0</devicelock></switch>",
        "<simpleonoff><state>1</state></simpleonoff>",
        power_meter("45600", "707", "230500"),
        "<temperature><celsius>215</celsius><offset>-10</offset></temperature>",
        functionbitmask="35712",
        productname="FRITZ!Smart Energy 200",
    )
    assert device == Device(
        ain="08761 0000434",
        owner_ain="08761 0000434",
        name="Lamp",
        product_name="FRITZ!Smart Energy 200",
        manufacturer="AVM",
        firmware_version="04.17",
        is_group=False,
        present=True,
        unit_type=None,
        battery=None,
        battery_low=None,
        temperature=21.5,
        humidity=None,
        power_meter=plug(45.6, 0.707, 230.5),
        thermostat=None,
        switched_on=True,
        brightness=None,
        locked=True,
        buttons_locked=False,
        alert=None,
        alert_changed=None,
        blind=None,
        buttons=(),
        blocks=frozenset({"switch", "simpleonoff", "powermeter", "temperature"}),
    )
    assert device.parse_errors == ()


def test_a_thermostat_is_read_whole() -> None:
    device = parse_one(
        "<battery>80</battery><batterylow>0</batterylow>",
        "<temperature><celsius>-5</celsius><offset>0</offset></temperature>",
        "<hkr><tist>42</tist><tsoll>43</tsoll><absenk>34</absenk><komfort>44</komfort>"
        "<lock>0</lock><devicelock>1</devicelock><errorcode>0</errorcode>"
        "<windowopenactiv>1</windowopenactiv><windowopenactiveendtime>-1</windowopenactiveendtime>"
        "<boostactive>0</boostactive><boostactiveendtime>0</boostactiveendtime>"
        "<battery>0</battery><batterylow>1</batterylow>"
        "<nextchange><endperiod>1774040400</endperiod><tchange>32</tchange></nextchange>"
        "<summeractive>0</summeractive><holidayactive>0</holidayactive>"
        "<adaptiveHeatingActive>1</adaptiveHeatingActive>"
        "<adaptiveHeatingRunning>0</adaptiveHeatingRunning></hkr>",
    )
    assert device.thermostat == Thermostat(
        mode=RadiatorMode.REGULATED,
        target_temperature=21.5,
        comfort_temperature=22,
        eco_temperature=17,
        next_change=datetime(2026, 3, 20, 21, tzinfo=UTC),
        next_temperature=16,
        window_open=True,
        window_open_end=None,
        boost=False,
        boost_end=None,
        summer=False,
        holiday=False,
        adaptive_heating=True,
        error=RadiatorError.NONE,
    )
    assert device.temperature == -0.5
    assert (device.battery, device.battery_low) == (80, False), "the outer battery is used"
    assert (device.locked, device.buttons_locked) == (False, True)
    assert device.blocks == {"temperature", "hkr"}
    assert device.parse_errors == ()


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("1774040400", datetime(2026, 3, 20, 21, tzinfo=UTC)),
        ("0", None),
        # A window contact keeps the heating down, until it closes.
        ("-1", None),
    ],
)
def test_the_end_of_a_mode_may_be_open(text: str, end: datetime | None) -> None:
    for element in ("windowopenactiveendtime", "boostactiveendtime"):
        device = parse_one(f"<hkr><{element}>{text}</{element}></hkr>")
        assert device.thermostat is not None
        found = {
            "windowopenactiveendtime": device.thermostat.window_open_end,
            "boostactiveendtime": device.thermostat.boost_end,
        }
        assert found.pop(element) == end
        assert [*found.values()] == [None]
        assert device.parse_errors == ()


@pytest.mark.parametrize("text", ["", "soon", "-2", "1e9"])
def test_an_end_that_cannot_be_read_is_unknown(text: str) -> None:
    device = parse_one(f"<hkr><boostactiveendtime>{text}</boostactiveendtime></hkr>")
    assert device.thermostat is not None
    assert device.thermostat.boost_end is None
    assert [error.path for error in device.parse_errors] == ["hkr/boostactiveendtime"]


@pytest.mark.parametrize(
    ("elements", "switched_on"),
    [
        ("<switch><state>1</state></switch>", True),
        ("<switch><state>0</state></switch><simpleonoff><state>0</state></simpleonoff>", False),
        ("<switch><state></state></switch><simpleonoff><state>1</state></simpleonoff>", True),
        ("<simpleonoff><state>0</state></simpleonoff>", False),
        ("<simpleonoff><state/></simpleonoff>", None),
        ("<temperature><celsius>200</celsius></temperature>", None),
    ],
)
def test_a_plug_or_lamp_is_switched_on_or_off(elements: str, switched_on: bool | None) -> None:
    assert parse_one(elements).switched_on is switched_on


def test_a_lamp_has_a_brightness_and_a_blind_a_position() -> None:
    level = (
        "<simpleonoff><state>1</state></simpleonoff>"
        "<levelcontrol><level>64</level><levelpercentage>25</levelpercentage></levelcontrol>"
    )
    lamp, blind = parse_one(level), parse_one(f"{level}<blind><mode>manuell</mode></blind>")
    assert (lamp.brightness, lamp.switched_on, lamp.blind) == (25, True, None)
    assert (blind.brightness, blind.switched_on) == (None, None)
    assert blind.blind is not None
    assert blind.blind.position == 75


def test_old_firmware_has_the_battery_inside_the_thermostat() -> None:
    device = parse_one("<hkr><battery>55</battery><batterylow>1</batterylow></hkr>")
    assert (device.battery, device.battery_low) == (55, True)


def test_an_outer_battery_without_warning_leaves_the_inner_warning() -> None:
    device = parse_one(
        "<battery>60</battery><hkr><battery>0</battery><batterylow>1</batterylow></hkr>"
    )
    assert (device.battery, device.battery_low) == (60, True)


def test_an_empty_outer_battery_is_not_replaced_by_the_inner_one() -> None:
    device = parse_one("<battery/><hkr><battery>0</battery></hkr>")
    assert device.battery is None
    assert device.parse_errors == (("battery", "empty"),)


def test_a_bare_entry_has_no_values() -> None:
    device = parse_one(present="", name="")
    assert not device.present
    assert device.blocks == frozenset()
    assert device.parse_errors == ()
    for value in (
        device.unit_type,
        device.battery,
        device.battery_low,
        device.temperature,
        device.humidity,
        device.power_meter,
        device.thermostat,
        device.locked,
        device.buttons_locked,
        device.alert,
        device.alert_changed,
        device.blind,
        device.rest_details,
    ):
        assert value is None
    assert device.buttons == ()


def test_empty_blocks_are_there_without_values() -> None:
    device = parse_one("<powermeter/><temperature/><humidity/><hkr/><alert/>")
    assert device.blocks == {"powermeter", "temperature", "humidity", "hkr", "alert"}
    assert device.power_meter == plug(None, None, None)
    assert device.thermostat == NOTHING_TOLD
    assert device.parse_errors == (), "an element that was not sent is nothing unreadable"


def test_empty_elements_are_reported_as_such() -> None:
    device = parse_one(
        power_meter("", " ", "\n"),
        "<temperature><celsius/></temperature><humidity><rel_humidity/></humidity>",
        "<hkr><tsoll></tsoll><absenk/><komfort/><lock/><devicelock/><errorcode/>"
        "<windowopenactiv/><boostactive/><nextchange><endperiod/><tchange/></nextchange>"
        "<summeractive/><holidayactive/><adaptiveHeatingActive/></hkr>",
        "<alert><state/><lastalertchgtimestamp> </lastalertchgtimestamp></alert>",
        "<battery/><batterylow/>",
        unit(""),
    )
    assert dict(device.parse_errors) == dict.fromkeys(
        (
            "etsiunitinfo/unittype",
            "battery",
            "batterylow",
            "temperature/celsius",
            "humidity/rel_humidity",
            "powermeter/power",
            "powermeter/energy",
            "powermeter/voltage",
            "hkr/tsoll",
            "hkr/absenk",
            "hkr/komfort",
            "hkr/lock",
            "hkr/devicelock",
            "hkr/errorcode",
            "hkr/windowopenactiv",
            "hkr/boostactive",
            "hkr/nextchange/endperiod",
            "hkr/nextchange/tchange",
            "hkr/summeractive",
            "hkr/holidayactive",
            "hkr/adaptiveHeatingActive",
            "alert/state",
            "alert/lastalertchgtimestamp",
        ),
        "empty",
    )
    assert len(device.parse_errors) == len(dict(device.parse_errors)), "each once"
    assert device.thermostat == NOTHING_TOLD
    assert device.alert_changed is None
    assert device.temperature is None
    assert device.alert is None
    assert device.unit_type is None


def test_values_that_are_wrapped_in_blanks_and_line_ends_are_read() -> None:
    device = parse_one(
        power_meter("\n  -100\n", "\t5000 ", " 231000\n"),
        "<temperature><celsius>\n\t\t200\n\t</celsius></temperature>",
        present="<present>\n1\n</present>",
    )
    assert device.present
    assert device.temperature == 20
    assert device.power_meter == plug(-0.1, 5, 231)


@pytest.mark.parametrize(
    ("text", "present"),
    [("1", True), (" 1\n", True), ("0", False), ("", False), ("2", False), ("yes", False)],
)
def test_only_one_means_present(text: str, present: bool) -> None:
    assert parse_one(present=f"<present>{text}</present>").present is present


NONSENSE = [
    "inval",
    "-",
    "--1",
    "+5",
    "1.5",
    "1,5",
    "1e3",
    "0x10",
    "1_0",
    "1 0",
    "nan",
    "inf",
    "True",
    "\N{ARABIC-INDIC DIGIT THREE}",
    "\N{FULLWIDTH DIGIT FIVE}",
    "²",
    "9" * 19,
    "9" * 5000,
]


@pytest.mark.parametrize("text", NONSENSE, ids=lambda text: text[:20])
def test_what_is_not_a_decimal_integer_is_not_a_number(text: str) -> None:
    device = parse_one(
        f"<temperature><celsius>{text}</celsius></temperature>",
        power_meter(text, "1000", "230000"),
        "<humidity><rel_humidity>45</rel_humidity></humidity>",
    )
    assert device.temperature is None
    assert device.power_meter is not None
    assert device.power_meter.power is None
    assert device.power_meter.energy == 1, "the neighbours keep their values"
    assert device.humidity == 45
    assert device.parse_errors == (
        ("temperature/celsius", "not a number"),
        ("powermeter/power", "not a number"),
    )


@pytest.mark.parametrize(
    ("block", "element", "texts"),
    [
        (
            "<temperature><celsius>{}</celsius></temperature>",
            "temperature/celsius",
            ("-1001", "2001"),
        ),
        (
            "<humidity><rel_humidity>{}</rel_humidity></humidity>",
            "humidity/rel_humidity",
            ("-9999", "-1", "101"),
        ),
        ("<battery>{}</battery>", "battery", ("-1", "101", "255")),
        ("<batterylow>{}</batterylow>", "batterylow", ("-1", "2")),
        ("<alert><state>{}</state></alert>", "alert/state", ("-1", "2", "3")),
        ("<hkr><windowopenactiv>{}</windowopenactiv></hkr>", "hkr/windowopenactiv", ("2",)),
        ("<hkr><boostactive>{}</boostactive></hkr>", "hkr/boostactive", ("2",)),
        ("<hkr><tsoll>{}</tsoll></hkr>", "hkr/tsoll", ("-1", "256")),
        ("<hkr><absenk>{}</absenk></hkr>", "hkr/absenk", ("-1", "256")),
        ("<hkr><komfort>{}</komfort></hkr>", "hkr/komfort", ("-1", "256")),
        ("<hkr><errorcode>{}</errorcode></hkr>", "hkr/errorcode", ("-1", "7")),
        ("<hkr><lock>{}</lock></hkr>", "hkr/lock", ("-1", "2")),
        ("<switch><devicelock>{}</devicelock></switch>", "switch/devicelock", ("-1", "2")),
        (
            "<hkr><nextchange><endperiod>{}</endperiod></nextchange></hkr>",
            "hkr/nextchange/endperiod",
            ("-2", "100000000001"),
        ),
        (
            "<alert><lastalertchgtimestamp>{}</lastalertchgtimestamp></alert>",
            "alert/lastalertchgtimestamp",
            ("-2", "100000000001"),
        ),
        ("<blind/><alert><state>{}</state></alert>", "alert/state", ("-1", "4")),
        (
            "<blind/><levelcontrol><levelpercentage>{}</levelpercentage></levelcontrol>",
            "levelcontrol/levelpercentage",
            ("-1", "101"),
        ),
        (
            "<powermeter><power>{}</power></powermeter>",
            "powermeter/power",
            ("-1000000001", "1000000001"),
        ),
        (
            "<powermeter><energy>{}</energy></powermeter>",
            "powermeter/energy",
            ("-1", "1" + "0" * 15 + "1"),
        ),
        ("<powermeter><voltage>{}</voltage></powermeter>", "powermeter/voltage", ("1000000001",)),
        (
            "<etsiunitinfo><unittype>{}</unittype></etsiunitinfo>",
            "etsiunitinfo/unittype",
            ("-1", "1000000001"),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "<" not in value else "",
)
def test_what_is_out_of_range_is_left_out(block: str, element: str, texts: tuple[str, ...]) -> None:
    for text in texts:
        device = parse_one(block.format(text))
        assert device.parse_errors == ((element, "out of range"),)


@pytest.mark.parametrize(
    ("text", "celsius"),
    [("-1000", -100.0), ("-1", -0.1), ("0", 0.0), ("215", 21.5), ("2000", 200.0), ("007", 0.7)],
)
def test_temperatures_are_tenths_of_a_degree(text: str, celsius: float) -> None:
    device = parse_one(f"<temperature><celsius>{text}</celsius></temperature>")
    assert device.temperature == celsius


@pytest.mark.parametrize(
    ("element", "shown"),
    [
        ("<name>Bad &amp; Küche &lt;1&gt;</name>", "Bad & Küche <1>"),
        ("<name>&#x1F4A1; Licht</name>", "💡 Licht"),
        ("<name><![CDATA[Tür & Tor]]></name>", "Tür & Tor"),
        ("<name>\n  Steh\tlampe  \n</name>", "Steh lampe"),
        ("<name>  </name>", "Plug"),
        ("<name/>", "Plug"),
        ("", "Plug"),
    ],
    ids=["entities", "emoji", "cdata", "blanks", "only blanks", "empty", "missing"],
)
def test_names_are_as_the_user_wrote_them_or_the_products(element: str, shown: str) -> None:
    assert parse_one(name=element).name == shown


def test_a_device_without_name_and_product_is_called_by_its_identifier() -> None:
    assert parse_one(name="", productname=" ").name == "08761 0000434"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("04.17", "04.17"),
        ("37.16.08#1.1R", "37.16.08#1.1R"),
        ("0.0", None),
        ("", None),
        (" ", None),
    ],
)
def test_only_real_firmware_versions_are_shown(text: str, version: str | None) -> None:
    assert parse_one(fwversion=text).firmware_version == version


def test_blanks_in_attributes_are_tidied_up() -> None:
    device = parse_one(
        ain=" 08761  0000434\n", productname=" FRITZ!DECT \t 200 ", manufacturer=" AVM"
    )
    assert device.ain == "08761 0000434"
    assert device.product_name == "FRITZ!DECT 200"
    assert device.manufacturer == "AVM"


# Contacts and detectors


@pytest.mark.parametrize(("state", "alert"), [("0", False), ("1", True)])
@pytest.mark.parametrize(
    "unit_type",
    [
        UnitType.DETECTOR,
        UnitType.DOOR,
        UnitType.WINDOW,
        UnitType.MOTION,
        UnitType.SMOKE,
        UnitType.FLOOD,
        UnitType.GLASS_BREAK,
        UnitType.VIBRATION,
        640,
    ],
)
def test_contacts_and_detectors_report_their_state(unit_type: int, state: str, alert: bool) -> None:
    device = parse_one(unit(unit_type), f"<alert><state>{state}</state></alert>")
    assert device.unit_type == unit_type
    assert device.alert is alert


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("1774029600", datetime(2026, 3, 20, 18, tzinfo=UTC)),
        ("1", datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
        ("0", None),
        ("-1", None),
        ("", None),
        (" ", None),
        ("today", None),
    ],
)
def test_contacts_report_when_they_changed(text: str, changed: datetime | None) -> None:
    device = parse_one(
        unit(UnitType.WINDOW),
        f"<alert><state>1</state><lastalertchgtimestamp>{text}</lastalertchgtimestamp></alert>",
    )
    assert device.alert is True, "a time that is not known takes nothing from the state"
    assert device.alert_changed == changed


# Locks


@pytest.mark.parametrize("block", ["switch", "hkr"])
@pytest.mark.parametrize(
    ("elements", "locked", "buttons_locked"),
    [
        ("<lock>1</lock><devicelock>0</devicelock>", True, False),
        ("<lock>0</lock><devicelock>1</devicelock>", False, True),
        ("<lock></lock><devicelock></devicelock>", None, None),
        ("<lock>1</lock>", True, None),
        ("", None, None),
    ],
    ids=["for apps", "on the device", "absent", "old firmware", "not reported"],
)
def test_plugs_and_thermostats_report_their_locks(
    block: str, elements: str, locked: bool | None, buttons_locked: bool | None
) -> None:
    device = parse_one(f"<{block}>{elements}</{block}>")
    assert (device.locked, device.buttons_locked) == (locked, buttons_locked)


# Thermostats

CODES = [
    ("0", 0.0),
    ("16", 8.0),
    ("43", 21.5),
    ("56", 28.0),
    ("120", 60.0),
    ("121", "undefined"),
    ("252", "undefined"),
    ("255", "undefined"),
    ("256", "out of range"),
    ("-1", "out of range"),
    ("on", "not a number"),
    ("21.5", "not a number"),
]
"""A code, and °C or the reason why it is none."""


@pytest.mark.parametrize(("code", "meaning"), CODES)
def test_target_temperatures_are_half_degrees(code: str, meaning: float | str) -> None:
    device = parse_one(f"<hkr><tsoll>{code}</tsoll></hkr>")
    if isinstance(meaning, str):
        assert device.thermostat == NOTHING_TOLD
        assert device.parse_errors == (("hkr/tsoll", meaning),)
    else:
        assert device.thermostat == replace(
            NOTHING_TOLD, mode=RadiatorMode.REGULATED, target_temperature=meaning
        )
        assert device.parse_errors == ()


@pytest.mark.parametrize(("code", "mode"), [("253", RadiatorMode.OFF), ("254", RadiatorMode.ON)])
def test_off_and_fully_open_are_no_temperatures_but_nothing_unreadable(
    code: str, mode: RadiatorMode
) -> None:
    device = parse_one(f"<hkr><tsoll>{code}</tsoll></hkr>")
    assert device.thermostat == reported(mode=mode)
    assert device.parse_errors == ()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("komfort", "comfort_temperature"),
        ("absenk", "eco_temperature"),
        ("nextchange/tchange", "next_temperature"),
    ],
)
@pytest.mark.parametrize(("code", "meaning"), [*CODES, ("253", "off"), ("254", "on")])
def test_other_temperatures_of_the_schedule_have_the_same_codes(
    path: str, name: str, code: str, meaning: float | str
) -> None:
    tags = path.split("/")
    opening, closing = (
        "".join(f"<{tag}>" for tag in tags),
        "".join(f"</{tag}>" for tag in reversed(tags)),
    )
    device = parse_one(f"<hkr>{opening}{code}{closing}</hkr>")
    if isinstance(meaning, str):
        assert device.thermostat == NOTHING_TOLD
        assert device.parse_errors == ((f"hkr/{path}", meaning),)
    else:
        assert device.thermostat == reported(**{name: meaning})
        assert device.parse_errors == ()


def test_a_thermostat_without_schedule_knows_no_next_change() -> None:
    device = parse_one(
        "<hkr><nextchange><endperiod>0</endperiod><tchange>255</tchange></nextchange></hkr>"
    )
    assert device.thermostat == NOTHING_TOLD
    assert device.parse_errors == (
        ("hkr/nextchange/endperiod", "unknown"),
        ("hkr/nextchange/tchange", "undefined"),
    )


def test_the_next_change_may_be_to_switch_off() -> None:
    found = thermostat(
        "<nextchange><endperiod>1774040400</endperiod><tchange>253</tchange></nextchange>"
    )
    assert found.next_change == datetime(2026, 3, 20, 21, tzinfo=UTC)
    assert found.next_temperature is None


@pytest.mark.parametrize(
    ("element", "name"),
    [
        ("windowopenactiv", "window_open"),
        ("boostactive", "boost"),
        ("summeractive", "summer"),
        ("holidayactive", "holiday"),
        ("adaptiveHeatingActive", "adaptive_heating"),
    ],
)
@pytest.mark.parametrize(("text", "state"), [("0", False), ("1", True), ("", None), ("x", None)])
def test_a_thermostat_reports_what_it_does(
    element: str, name: str, text: str, state: bool | None
) -> None:
    assert thermostat(f"<{element}>{text}</{element}>") == reported(**{name: state})


def test_an_open_window_is_spelled_as_the_box_spells_it() -> None:
    assert thermostat("<windowopenactive>1</windowopenactive>").window_open is None
    assert thermostat("<windowopenactiv>1</windowopenactiv>").window_open is True


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("0", RadiatorError.NONE),
        ("1", RadiatorError.NOT_ADAPTED),
        ("2", RadiatorError.SHORT_STROKE),
        ("3", RadiatorError.VALVE_STUCK),
        ("4", RadiatorError.PREPARING),
        ("5", RadiatorError.READY_TO_MOUNT),
        ("6", RadiatorError.ADAPTING),
        ("7", None),
        ("", None),
    ],
)
def test_a_thermostat_reports_its_error(code: str, error: RadiatorError | None) -> None:
    assert thermostat(f"<errorcode>{code}</errorcode>") == reported(error=error)


# Blinds


def level(text: str) -> str:
    return f"<levelcontrol><levelpercentage>{text}</levelpercentage></levelcontrol>"


@pytest.mark.parametrize(
    ("text", "position"),
    [("0", 100), ("100", 0), ("30", 70), ("101", None), ("", None), ("down", None)],
)
def test_a_blind_reports_how_far_it_is_open(text: str, position: int | None) -> None:
    """The box reports how far it is closed."""
    device = parse_one(unit(UnitType.BLIND), "<blind/>", level(text))
    assert device.blind == Blind(position=position, obstacle=None, overheated=None)


@pytest.mark.parametrize(
    ("mask", "obstacle", "overheated"),
    [
        ("0", False, False),
        ("1", True, False),
        ("2", False, True),
        ("3", True, True),
        ("4", None, None),
        ("-1", None, None),
        ("", None, None),
    ],
)
@pytest.mark.parametrize(
    "mark",
    [unit(UnitType.BLIND), unit(UnitType.LAMELLA), "<blind><mode>manuell</mode></blind>"],
    ids=["blind", "lamella", "by its block"],
)
def test_the_fault_mask_of_a_blind_is_no_alert(
    mark: str, mask: str, obstacle: bool | None, overheated: bool | None
) -> None:
    device = parse_one(mark, f"<alert><state>{mask}</state></alert>")
    assert device.alert is None
    assert device.blind == Blind(position=None, obstacle=obstacle, overheated=overheated)
    assert len(device.parse_errors) == (obstacle is None)


def test_a_dimmed_lamp_is_no_blind() -> None:
    assert parse_one(unit(265), level("30")).blind is None


# Buttons


def button(name: str = "", pressed: str = "", **attributes: str) -> str:
    text = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return (
        f"<button{text}><name>{name}</name>"
        f"<lastpressedtimestamp>{pressed}</lastpressedtimestamp></button>"
    )


def test_a_switch_has_its_keys_in_the_boxs_order() -> None:
    device = parse_one(
        "<battery>90</battery>",
        button("Hall: top right", "1774029600", identifier="13096 0007307-1", id="5000"),
        button("Hall: bottom right", identifier="13096 0007307-3", id="5001"),
        button("Hall: bottom left", "1774040400", identifier=" 13096  0007307-5 ", id="5002"),
        ain="13096 0007307",
        productname="FRITZ!DECT 440",
    )
    assert device.buttons == (
        Button(
            identifier="13096 0007307-1",
            name="top right",
            last_pressed=datetime(2026, 3, 20, 18, tzinfo=UTC),
        ),
        Button(identifier="13096 0007307-3", name="bottom right", last_pressed=None),
        Button(
            identifier="13096 0007307-5",
            name="bottom left",
            last_pressed=datetime(2026, 3, 20, 21, tzinfo=UTC),
        ),
    )
    assert device.blocks == {"button"}


def test_a_key_that_is_pressed_short_and_long_is_two() -> None:
    device = parse_one(
        button("Taster: kurz", identifier="13096 0007307-0"),
        button("Taster: lang", identifier="13096 0007307-9"),
        productname="FRITZ!DECT 400",
    )
    assert [key.identifier[-2:] for key in device.buttons] == ["-0", "-9"]
    assert [key.name for key in device.buttons] == ["kurz", "lang"]


def test_a_han_fun_key_is_known_by_its_unit() -> None:
    (key,) = parse_one(
        unit(273),
        "<button><lastpressedtimestamp>1774029600</lastpressedtimestamp></button>",
        ain="13095 0016385-1",
    ).buttons
    assert key == Button(
        identifier="13095 0016385-1", name="", last_pressed=datetime(2026, 3, 20, 18, tzinfo=UTC)
    )


@pytest.mark.parametrize("text", ["", " ", "\n", "0", "-1", "-2", "now", "9" * 12, "9" * 30])
def test_a_key_that_was_never_pressed_has_no_time(text: str) -> None:
    (key,) = parse_one(button("Hall: top", text, identifier="1-1")).buttons
    assert key.last_pressed is None


def test_a_key_without_any_element_is_a_key() -> None:
    (key,) = parse_one("<button identifier='1-1'/>").buttons
    assert key == Button(identifier="1-1", name="", last_pressed=None)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hall: top right", "top right"),
        ("Hall:  top\nright ", "top right"),
        ("top right", "top right"),
        ("Hall:top", "Hall:top"),
        ("Hall: ", "Hall:"),
        ("Home: Hall: top", "top"),
        ("Tür &amp; Tor: oben", "oben"),
        ("", ""),
        (" ", ""),
    ],
)
def test_a_key_is_named_without_its_device(text: str, name: str) -> None:
    (key,) = parse_one(button(text, identifier="1-1")).buttons
    assert key.name == name


def test_of_two_keys_with_the_same_identifier_one_is_left() -> None:
    device = parse_one(button("a", identifier="1-1"), button("b", identifier="1-1"))
    assert len(device.buttons) == 1


# Power meters


def test_power_is_signed() -> None:
    assert parse_one(power_meter("-4572800", "100", "230000")).power_meter == plug(
        -4572.8, 0.1, 230
    )


def test_firmware_without_voltage_is_no_fault() -> None:
    device = parse_one("<powermeter><power>0</power><energy>0</energy></powermeter>")
    assert device.power_meter == plug(0, 0, None)
    assert device.parse_errors == ()


@pytest.mark.parametrize(
    ("power", "energy", "voltage"),
    [("0", "0", "230000"), ("0", "875112", "0"), ("100", "0", "0")],
    ids=["new plug", "no voltage", "first watts"],
)
def test_zeros_of_a_plug_are_accepted_beside_other_values(
    power: str, energy: str, voltage: str
) -> None:
    device = parse_one(power_meter(power, energy, voltage))
    assert device.power_meter == plug(int(power) / 1000, int(energy) / 1000, int(voltage) / 1000)
    assert device.parse_errors == ()


def test_a_plug_that_is_all_zero_has_read_nothing() -> None:
    device = parse_one(power_meter("0", "0", "0"))
    assert device.power_meter == plug(None, None, None)
    assert device.parse_errors == (("powermeter", "all zero"),)


@pytest.mark.parametrize(
    ("energy", "accepted", "reduced"),
    [("3134000", 3134.0, True), ("3134567", 3134.567, False), ("0", None, False)],
    ids=["whole kWh", "exact", "nothing"],
)
def test_a_meter_reader_without_power_and_voltage_keeps_its_counter_only(
    energy: str, accepted: float | None, reduced: bool
) -> None:
    device = parse_one(unit(UnitType.SMART_METER), power_meter("0", energy, "0"))
    assert device.power_meter == meter(
        MeterKind.SUPPLY, energy=accepted, reduced_resolution=reduced
    )
    assert device.parse_errors == (("powermeter", "all zero"),)


def test_a_meter_reader_may_really_measure_zero_power() -> None:
    found = parse_one(unit(UnitType.SMART_METER), power_meter("0", "1000", "")).power_meter
    assert found == meter(MeterKind.SUPPLY, power=0, energy=1, reduced_resolution=False)


@pytest.mark.parametrize(
    ("power", "energy", "reduced"),
    [
        ("", "19025000", True),
        ("", "19025001", False),
        ("", "", False),
        ("211000", "19025000", False),
        ("inval", "19025000", True),
    ],
    ids=["without PIN", "exact", "silent", "whole by chance", "unreadable power"],
)
@pytest.mark.parametrize("ain", ["1-1", "1-2"], ids=["supply", "feed-in"])
def test_a_meter_reader_reports_whether_its_meter_reports_everything(
    ain: str, power: str, energy: str, reduced: bool
) -> None:
    device = parse_one(unit(UnitType.SMART_METER), power_meter(power, energy, ""), ain=ain)
    assert device.power_meter is not None
    assert device.power_meter.reduced_resolution is reduced


def test_a_plug_has_no_resolution_to_reduce() -> None:
    device = parse_one(power_meter("", "19025000", ""))
    assert device.power_meter == plug(None, 19025, None)


def test_the_old_form_of_a_meter_reader_is_a_single_device() -> None:
    device = parse_one(
        "<battery>90</battery>",
        power_meter("211000", "19025000", "0"),
        ain="13077 0012360-1",
        productname="FRITZ!Smart Energy 250",
    )
    assert device.power_meter == meter(
        MeterKind.SUPPLY, power=211, energy=19025, voltage=0, reduced_resolution=False
    )
    assert device.owner_ain == "13077 0012360-1", "its parent is not in the list"
    assert device.battery == 90


def test_the_new_form_of_a_meter_reader_has_units_for_supply_and_feed_in() -> None:
    devices = parse(
        entry(unit(65281), power_meter("-500000", "9000", ""), ain="1-2", id="2001"),
        entry("<battery>70</battery>", ain="1", id="406", productname="FRITZ!Smart Energy 250"),
        entry(unit(65281), power_meter("-500000", "4000", ""), ain="1-1", id="2000"),
    ).devices
    assert {ain: device.owner_ain for ain, device in devices.items()} == {
        "1-2": "1",
        "1": "1",
        "1-1": "1",
    }
    kinds = {ain: device.power_meter and device.power_meter.kind for ain, device in devices.items()}
    assert kinds == {"1-2": MeterKind.FEED_IN, "1": None, "1-1": MeterKind.SUPPLY}


# Who belongs to whom


def owners(*entries: str) -> list[str]:
    return [device.owner_ain for device in parse(*entries).devices.values()]


@pytest.mark.parametrize("swapped", [False, True], ids=["parent first", "unit first"])
def test_a_unit_belongs_to_its_parent_wherever_that_stands(swapped: bool) -> None:
    entries = [
        entry(ain="11934 0059978", id="406"),
        entry(unit(514), ain="11934 0059978-1", id="2000"),
    ]
    assert owners(*(reversed(entries) if swapped else entries)) == ["11934 0059978"] * 2


def test_a_zigbee_unit_belongs_to_its_parent_without_a_dash() -> None:
    assert (
        owners(
            entry(unit(515, "6001"), ain="Z001788010CD3B4E502", id="6002"),
            entry(ain="Z001788010CD3B4E5", id="6001"),
        )
        == ["Z001788010CD3B4E5"] * 2
    )


def test_a_unit_without_its_parent_stands_for_itself() -> None:
    assert owners(entry(unit(514), ain="11934 0059978-1", id="2000")) == ["11934 0059978-1"]


def test_a_unit_whose_parent_has_another_id_is_known_by_its_identifier() -> None:
    assert (
        owners(
            entry(ain="11934 0059978", id="999"),
            entry(unit(514), ain="11934 0059978-1", id="2000"),
        )
        == ["11934 0059978"] * 2
    )


def test_an_id_that_belongs_to_a_stranger_misleads_nobody() -> None:
    assert owners(
        entry(ain="08761 0000434", id="406"),
        entry(ain="11934 0059978", id="17"),
        entry(unit(514), ain="11934 0059978-1", id="2000"),
    ) == ["08761 0000434", "11934 0059978", "11934 0059978"]


def test_a_unit_that_has_the_same_id_as_its_parent_still_belongs_to_it() -> None:
    assert (
        owners(
            entry(ain="11934 0059978", id="406"),
            entry(unit(514), ain="11934 0059978-1", id="406"),
        )
        == ["11934 0059978"] * 2
    )


def test_entries_without_id_are_distinguished() -> None:
    assert owners(
        entry(ain="1", id=""), entry(unit(514, " "), ain="1-1", id=""), entry(ain="2", id=" ")
    ) == ["1", "1", "2"]


def test_the_dash_of_a_group_is_no_unit() -> None:
    devices = parse(
        entry(
            power_meter("1000", "2000", "230000"),
            "<groupinfo><masterdeviceid>0</masterdeviceid><members>17</members></groupinfo>",
            tag="group",
            ain="65:3A:18-900",
        ),
        entry(ain="grp303E4F-3F7D9BE07", tag="group", id="901"),
        entry(ain="08761 0000434"),
    ).devices
    assert [device.owner_ain for device in devices.values()] == list(devices)
    assert [device.is_group for device in devices.values()] == [True, True, False]
    assert devices["65:3A:18-900"].blocks == {"powermeter"}


# The list


def test_an_empty_list_is_a_list() -> None:
    assert parse() == DeviceList(firmware_version="8.25", devices={})
    assert parse_device_list("<devicelist/>") == DeviceList(firmware_version=None, devices={})


def test_the_order_of_the_box_is_kept() -> None:
    devices = parse(entry(ain="3"), entry(ain="1", tag="group"), entry(ain="2")).devices
    assert list(devices) == ["3", "1", "2"]


def test_entries_that_cannot_be_distinguished_are_set_aside() -> None:
    answer = parse(
        entry(ain="1", name="<name>first</name>"),
        entry(ain=None),
        entry(ain="  "),
        entry(ain=""),
        entry(ain=" 1 ", name="<name>second</name>"),
    )
    assert [device.name for device in answer.devices.values()] == ["first"]
    assert answer.skipped_entries == (
        "entry without identifier",
        "entry without identifier",
        "entry without identifier",
        "second entry with the same identifier",
    )


def test_other_elements_of_the_list_are_passed_over() -> None:
    answer = parse("<template identifier='tmp1'/>", "<!-- note -->", entry(), "<?note?>", "text")
    assert list(answer.devices) == ["08761 0000434"]


def test_what_could_not_be_read_does_not_make_a_device_different() -> None:
    """The coordinator compares answers: a reason is no news."""
    empty, nonsense = (
        parse_one(f"<temperature><celsius>{text}</celsius></temperature>") for text in ("", "x")
    )
    assert empty == nonsense
    assert empty.parse_errors != nonsense.parse_errors


@pytest.mark.parametrize(
    "text",
    [
        "",
        "inval\n",
        "<html><body>FRITZ!Box</body></html>",
        "<devicestats/>",
        '<devicelist><device identifier="1"><name>',
        '<!DOCTYPE devicelist [<!ENTITY a "b">]><devicelist/>',
    ],
    ids=["empty", "inval", "html", "another answer", "cut off", "document type"],
)
def test_what_is_no_device_list_is_refused(text: str) -> None:
    with pytest.raises(MalformedAnswerError):
        parse_device_list(text)


def test_a_declaration_with_another_encoding_does_not_mislead() -> None:
    """The text is decoded already."""
    text = f'<?xml version="1.0" encoding="iso-8859-1"?><devicelist>{entry(ain="ü")}</devicelist>'
    assert list(parse_device_list(text).devices) == ["ü"]


def test_nesting_however_deep_does_no_harm() -> None:
    nested = f"{'<a>' * 200_000}{'</a>' * 200_000}"
    assert parse_one(nested).blocks == {"a"}
