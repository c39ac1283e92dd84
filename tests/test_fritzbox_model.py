"""What a FRITZ!Box says, and what must not be believed of it."""

from typing import Any
from xml.sax.saxutils import quoteattr

import pytest

from custom_components.py_hab.fritzbox_login import (
    ZERO_SID,
    BoxInfo,
    SessionInfo,
    parse_box_info,
    parse_session_info,
)
from custom_components.py_hab.fritzbox_model import (
    Device,
    DeviceList,
    MeterKind,
    PowerMeter,
    Thermostat,
    UnitType,
    parse_device_list,
)
from custom_components.py_hab.fritzbox_xml import MalformedAnswerError


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


# One device


def test_a_plug_is_read_whole() -> None:
    device = parse_one(
        "<txbusy>0</txbusy>",
        "<switch><state>1</state><mode>manuell</mode></switch>",
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
        power_meter=PowerMeter(kind=MeterKind.CONSUMPTION, power=45.6, energy=0.707, voltage=230.5),
        thermostat=None,
        alert=None,
        blocks=frozenset({"switch", "simpleonoff", "powermeter", "temperature"}),
    )
    assert device.unread == ()


def test_a_thermostat_is_read_whole() -> None:
    device = parse_one(
        "<battery>80</battery><batterylow>0</batterylow>",
        "<temperature><celsius>-5</celsius><offset>0</offset></temperature>",
        "<hkr><tist>42</tist><tsoll>43</tsoll><windowopenactiv>1</windowopenactiv>"
        "<battery>0</battery><batterylow>1</batterylow></hkr>",
    )
    assert device.thermostat == Thermostat(target_temperature=21.5, window_open=True)
    assert device.temperature == -0.5
    assert (device.battery, device.battery_low) == (80, False), "the outer battery is believed"
    assert device.blocks == {"temperature", "hkr"}


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
    assert device.unread == (("battery", "empty"),)


def test_a_bare_entry_has_no_values() -> None:
    device = parse_one(present="", name="")
    assert not device.present
    assert device.blocks == frozenset()
    assert device.unread == ()
    for value in (
        device.unit_type,
        device.battery,
        device.battery_low,
        device.temperature,
        device.humidity,
        device.power_meter,
        device.thermostat,
        device.alert,
    ):
        assert value is None


def test_empty_blocks_are_there_without_values() -> None:
    device = parse_one("<powermeter/><temperature/><humidity/><hkr/><alert/>")
    assert device.blocks == {"powermeter", "temperature", "humidity", "hkr", "alert"}
    assert device.power_meter == PowerMeter(
        kind=MeterKind.CONSUMPTION, power=None, energy=None, voltage=None
    )
    assert device.thermostat == Thermostat(target_temperature=None, window_open=None)
    assert device.unread == (), "an element that was not sent is nothing unreadable"


def test_empty_elements_are_told_as_such() -> None:
    device = parse_one(
        power_meter("", " ", "\n"),
        "<temperature><celsius/></temperature><humidity><rel_humidity/></humidity>",
        "<hkr><tsoll></tsoll><windowopenactiv/></hkr><alert><state/></alert>",
        "<battery/><batterylow/>",
        unit(""),
    )
    assert dict(device.unread) == dict.fromkeys(
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
            "hkr/windowopenactiv",
            "alert/state",
        ),
        "empty",
    )
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
    assert device.power_meter == PowerMeter(
        kind=MeterKind.CONSUMPTION, power=-0.1, energy=5, voltage=231
    )


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
    assert device.unread == (
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
        ("<hkr><tsoll>{}</tsoll></hkr>", "hkr/tsoll", ("-1", "256")),
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
        assert device.unread == ((element, "out of range"),)


@pytest.mark.parametrize(
    ("text", "celsius"),
    [("-1000", -100.0), ("-1", -0.1), ("0", 0.0), ("215", 21.5), ("2000", 200.0), ("007", 0.7)],
)
def test_temperatures_are_tenths_of_a_degree(text: str, celsius: float) -> None:
    device = parse_one(f"<temperature><celsius>{text}</celsius></temperature>")
    assert device.temperature == celsius


@pytest.mark.parametrize(
    ("code", "celsius", "reason"),
    [
        ("16", 8.0, None),
        ("43", 21.5, None),
        ("56", 28.0, None),
        ("0", 0.0, None),
        ("252", 126.0, None),
        ("253", None, "switched off"),
        ("254", None, "fully open"),
        ("255", None, "undefined"),
        ("256", None, "out of range"),
        ("on", None, "not a number"),
    ],
)
def test_target_temperatures_are_half_degrees_and_some_are_words(
    code: str, celsius: float | None, reason: str | None
) -> None:
    device = parse_one(f"<hkr><tsoll>{code}</tsoll></hkr>")
    assert device.thermostat == Thermostat(target_temperature=celsius, window_open=None)
    assert device.unread == ((("hkr/tsoll", reason),) if reason else ())


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


# Contacts, detectors, blinds


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
def test_contacts_and_detectors_tell_their_state(unit_type: int, state: str, alert: bool) -> None:
    device = parse_one(unit(unit_type), f"<alert><state>{state}</state></alert>")
    assert device.unit_type == unit_type
    assert device.alert is alert


@pytest.mark.parametrize("unit_type", [UnitType.BLIND, UnitType.LAMELLA])
def test_the_fault_mask_of_a_blind_is_no_alert(unit_type: UnitType) -> None:
    device = parse_one(unit(unit_type), "<alert><state>1</state></alert>")
    assert device.alert is None
    assert device.unread == ()


# Power meters


def test_power_is_signed() -> None:
    meter = parse_one(power_meter("-4572800", "100", "230000")).power_meter
    assert meter is not None
    assert meter.power == -4572.8


def test_firmware_without_voltage_is_no_fault() -> None:
    device = parse_one("<powermeter><power>0</power><energy>0</energy></powermeter>")
    assert device.power_meter == PowerMeter(
        kind=MeterKind.CONSUMPTION, power=0, energy=0, voltage=None
    )
    assert device.unread == ()


@pytest.mark.parametrize(
    ("power", "energy", "voltage"),
    [("0", "0", "230000"), ("0", "875112", "0"), ("100", "0", "0")],
    ids=["new plug", "no voltage", "first watts"],
)
def test_zeros_of_a_plug_are_believed_beside_other_values(
    power: str, energy: str, voltage: str
) -> None:
    device = parse_one(power_meter(power, energy, voltage))
    assert device.power_meter == PowerMeter(
        kind=MeterKind.CONSUMPTION,
        power=int(power) / 1000,
        energy=int(energy) / 1000,
        voltage=int(voltage) / 1000,
    )
    assert device.unread == ()


def test_a_plug_that_is_all_zero_has_read_nothing() -> None:
    device = parse_one(power_meter("0", "0", "0"))
    assert device.power_meter == PowerMeter(
        kind=MeterKind.CONSUMPTION, power=None, energy=None, voltage=None
    )
    assert device.unread == (("powermeter", "all zero"),)


@pytest.mark.parametrize(
    ("energy", "believed"), [("3134000", 3134.0), ("0", None)], ids=["whole kWh", "nothing"]
)
def test_a_meter_head_without_power_and_voltage_keeps_its_counter_only(
    energy: str, believed: float | None
) -> None:
    device = parse_one(unit(UnitType.SMART_METER), power_meter("0", energy, "0"))
    assert device.power_meter == PowerMeter(
        kind=MeterKind.SUPPLY, power=None, energy=believed, voltage=None
    )
    assert device.unread == (("powermeter", "all zero"),)


def test_a_meter_head_may_really_measure_zero_power() -> None:
    meter = parse_one(unit(UnitType.SMART_METER), power_meter("0", "1000", "")).power_meter
    assert meter == PowerMeter(kind=MeterKind.SUPPLY, power=0, energy=1, voltage=None)


def test_the_old_form_of_a_meter_head_is_a_single_device() -> None:
    device = parse_one(
        "<battery>90</battery>",
        power_meter("211000", "19025000", "0"),
        ain="13077 0012360-1",
        productname="FRITZ!Smart Energy 250",
    )
    assert device.power_meter == PowerMeter(
        kind=MeterKind.SUPPLY, power=211, energy=19025, voltage=0
    )
    assert device.owner_ain == "13077 0012360-1", "its parent is not in the list"
    assert device.battery == 90


def test_the_new_form_of_a_meter_head_has_units_for_supply_and_feed_in() -> None:
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


def test_entries_without_id_are_told_apart() -> None:
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


def test_entries_that_cannot_be_told_apart_are_set_aside() -> None:
    answer = parse(
        entry(ain="1", name="<name>first</name>"),
        entry(ain=None),
        entry(ain="  "),
        entry(ain=""),
        entry(ain=" 1 ", name="<name>second</name>"),
    )
    assert [device.name for device in answer.devices.values()] == ["first"]
    assert answer.set_aside == (
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
    assert empty.unread != nonsense.unread


BOMB = (
    '<!DOCTYPE devicelist [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<devicelist>&b;</devicelist>"
)
OUTSIDE = '<!DOCTYPE devicelist SYSTEM "file:///etc/passwd"><devicelist/>'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "document type"),
        (OUTSIDE, "document type"),
        ("<!DOCTYPE html><html></html>", "document type"),
        ("<devicelist>&b;</devicelist>", "not XML"),
        ("", "not XML"),
        ("inval\n", "not XML"),
        ("<devicelist><device></devicelist>", "not XML"),
        ('<devicelist><device identifier="1"><name>', "not XML"),
        ('<devicelist><device id="1" id="2"/></devicelist>', "not XML"),
        ("<devicelist/><devicelist/>", "not XML"),
        ("<devicelist>\x00</devicelist>", "not XML"),
        ("<devicelist>\ud800</devicelist>", "not XML"),
        ("<html><body>FRITZ!Box</body></html>", "<devicelist> expected, got <html>"),
        ("<devicestats/>", "<devicelist> expected, got <devicestats>"),
        (f"<{'x' * 5000}/>", f"got <{'x' * 40}>"),
    ],
    ids=[
        "entity bomb",
        "outside entity",
        "web page",
        "undefined entity",
        "empty",
        "inval",
        "wrong tag",
        "cut off",
        "attribute twice",
        "two roots",
        "null",
        "half a character",
        "html",
        "another answer",
        "long root",
    ],
)
def test_what_is_no_device_list_is_refused(text: str, reason: str) -> None:
    with pytest.raises(MalformedAnswerError, match=reason):
        parse_device_list(text)


def test_a_declaration_with_another_encoding_does_not_mislead() -> None:
    """The text is decoded already."""
    text = f'<?xml version="1.0" encoding="iso-8859-1"?><devicelist>{entry(ain="ü")}</devicelist>'
    assert list(parse_device_list(text).devices) == ["ü"]


def test_nesting_however_deep_does_no_harm() -> None:
    nested = f"{'<a>' * 200_000}{'</a>' * 200_000}"
    assert parse_one(nested).blocks == {"a"}


# Login page

SESSION = """<?xml version="1.0" encoding="utf-8"?>
<SessionInfo><SID>{sid}</SID><Challenge>{challenge}</Challenge><BlockTime>{block_time}</BlockTime>
<Rights>{rights}</Rights><Users>{users}</Users></SessionInfo>"""


def session(
    *,
    sid: str = "9c977765016899f8",
    challenge: str = "2$60000$aa$6000$bb",
    block_time: str = "0",
    rights: str = "",
    users: str = "",
) -> SessionInfo:
    return parse_session_info(
        SESSION.format(
            sid=sid, challenge=challenge, block_time=block_time, rights=rights, users=users
        )
    )


def test_the_login_page_is_read_whole() -> None:
    info = session(
        rights="<Name>Dial</Name><Access>2</Access><Name>HomeAuto</Name><Access>1</Access>",
        users='<User>fritz2703</User><User last="1">anna</User>',
    )
    assert info == SessionInfo(
        sid="9c977765016899f8",
        challenge="2$60000$aa$6000$bb",
        block_time=0,
        rights={"Dial": 2, "HomeAuto": 1},
        default_user="anna",
    )
    assert info.logged_in
    assert info.may_read_devices


def test_zeros_mean_not_logged_in() -> None:
    assert not session(sid=ZERO_SID).logged_in


def test_blanks_around_the_texts_of_the_login_page_do_no_harm() -> None:
    info = session(sid="\n9c977765016899f8 ", challenge=" 1234567z\n", block_time=" 8 ")
    assert (info.sid, info.challenge, info.block_time) == ("9c977765016899f8", "1234567z", 8)


def test_a_login_page_of_old_firmware_has_less() -> None:
    info = parse_session_info(f"<SessionInfo><SID>{ZERO_SID}</SID></SessionInfo>")
    assert info == SessionInfo(sid=ZERO_SID, challenge="", block_time=0, rights={}, default_user="")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("256", 256),
        ("", 0),
        ("-1", 0),
        ("soon", 0),
        ("\N{ARABIC-INDIC DIGIT THREE}", 0),
        ("9" * 10, 0),
    ],
)
def test_block_times_are_whole_seconds(text: str, seconds: int) -> None:
    assert session(block_time=text).block_time == seconds


@pytest.mark.parametrize(
    ("rights", "may"),
    [
        ("<Name>HomeAuto</Name><Access>2</Access>", True),
        ("<Name>HomeAuto</Name><Access>1</Access>", True),
        ("<Name>HomeAuto</Name><Access>0</Access>", False),
        ("<Name>HomeAuto</Name><Access></Access>", False),
        ("<Name>HomeAuto</Name><Access>all</Access>", False),
        ("<Name>HomeAuto</Name>", False),
        ("<Name/><Access>2</Access>", False),
        ("<Name>NAS</Name><Access>2</Access>", False),
        ("", False),
    ],
)
def test_reading_devices_takes_the_smart_home_right(rights: str, may: bool) -> None:
    assert session(rights=rights).may_read_devices is may


@pytest.mark.parametrize(
    ("users", "user"),
    [
        ('<User>a</User><User last="1">b</User>', "b"),
        ('<User last="0">a</User>', ""),
        ('<User last="1"/>', ""),
        ("<User>a</User>", ""),
        ("", ""),
    ],
)
def test_the_box_may_preselect_a_user(users: str, user: str) -> None:
    assert session(users=users).default_user == user


@pytest.mark.parametrize("sid", ["", "0", "x" * 17, "00000000-0000000", "sid&amp;logout=1xx"])
def test_a_login_page_without_a_sid_is_none(sid: str) -> None:
    with pytest.raises(MalformedAnswerError, match="no SID"):
        session(sid=sid)


def test_a_login_page_without_the_element_is_none() -> None:
    with pytest.raises(MalformedAnswerError, match="no SID"):
        parse_session_info("<SessionInfo/>")


@pytest.mark.parametrize("text", ["", "<html/>", BOMB], ids=["empty", "html", "bomb"])
def test_what_is_no_login_page_is_refused(text: str) -> None:
    with pytest.raises(MalformedAnswerError):
        parse_session_info(text)


# Box info


def box_info(**fields: str) -> BoxInfo:
    children = "".join(f"<j:{name}>{text}</j:{name}>" for name, text in fields.items())
    return parse_box_info(
        f'<?xml version="1.0"?><j:BoxInfo xmlns:j="http://jason.avm.de/updatecheck/">'
        f"{children}</j:BoxInfo>"
    )


def test_the_box_introduces_itself() -> None:
    info = box_info(Name="FRITZ!Box 7690", HW="285", Version="285.08.25", Serial="3810d55e7a1c")
    assert info == BoxInfo(model="FRITZ!Box 7690", firmware_version="8.25", serial="3810D55E7A1C")


def test_a_silent_box_is_a_box() -> None:
    nobody = BoxInfo(model="FRITZ!Box", firmware_version=None, serial="")
    assert box_info() == nobody
    assert box_info(Name="", Version="", Serial="") == nobody
    assert parse_box_info("<BoxInfo/>") == nobody


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("285.08.25", "8.25"),
        (" 113.07.12\n", "7.12"),
        ("84.06.93", "6.93"),
        ("1.00.00", "0.00"),
        ("285.10.05", "10.05"),
        ("08.25", None),
        ("285.08.25-118456", None),
        ("unknown", None),
    ],
)
def test_the_version_is_written_as_people_write_it(text: str, version: str | None) -> None:
    assert box_info(Version=text).firmware_version == version


@pytest.mark.parametrize("serial", ["", "0000", "3810D55E7A1C00", "3810D55E7A1G", "xxxxxxxxxxxx"])
def test_only_a_mac_address_is_a_serial_number(serial: str) -> None:
    assert box_info(Serial=serial).serial == ""


@pytest.mark.parametrize("text", ["", "<html/>", BOMB], ids=["empty", "html", "bomb"])
def test_what_is_no_box_info_is_refused(text: str) -> None:
    with pytest.raises(MalformedAnswerError):
        parse_box_info(text)
