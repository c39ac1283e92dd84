"""What the simulated FRITZ!Box says about its devices, and what goes wrong on demand."""

from argparse import ArgumentParser
import asyncio
from datetime import UTC, datetime, timedelta
import json
import math
from xml.etree.ElementTree import XML, ParseError

from aiohttp import ClientError, ClientSession
import pytest

from simulator import fritzbox
from simulator.fritzbox import CUT, EMPTY_LIST, MALFORMED, Fault, Gate, SimulatedFritzBox
from simulator.fritzbox_devices import (
    BATH,
    BLIND,
    CELLAR,
    DEVICES,
    EXPORT,
    GROUP,
    IMPORT,
    LAMP,
    LIVING_ROOM,
    REFRIGERATOR,
    REPEATER,
    SMOKE,
    SWITCH,
    WINDOW,
    WORKSHOP,
)
from simulator.home import Home, ManualClock

from .conftest import EVENING, Client

LIST = "getdevicelistinfos"
NOON = datetime(2026, 3, 20, 11, 30, tzinfo=UTC)


# The device list


async def test_device_list_is_that_of_the_table(client: Client) -> None:
    devices = await client.devices()
    assert devices.attrib == {"version": "1", "fwversion": "8.25"}
    assert [device.get("identifier") for device in devices] == [device.ain for device in DEVICES]
    for device in devices:
        assert {"id", "functionbitmask", "fwversion", "manufacturer", "productname"} <= set(
            device.attrib
        )
        assert [child.tag for child in device][:3] == ["present", "txbusy", "name"]


async def test_units_name_a_parent_that_is_in_the_list(client: Client) -> None:
    devices = await client.devices()
    parents = {device.get("id"): device for device in devices}
    units = [device for device in devices if device.find("etsiunitinfo") is not None]
    assert len(units) == 6
    for unit in units:
        parent = parents[unit.findtext("etsiunitinfo/etsideviceid")]
        assert unit.get("identifier", "").startswith(parent.get("identifier", "?"))
    order = [device.get("identifier") for device in devices]
    assert order.index(WINDOW) < order.index(WINDOW.removesuffix("-1"))


async def test_names_are_escaped(client: Client) -> None:
    _, text = await client.ask(LIST)
    assert "Büro &amp; &lt;Werkstatt&gt; " in text
    assert (await client.device(WORKSHOP)).findtext("name") == 'Büro & <Werkstatt> "größer"'


async def test_plug_shows_the_home(client: Client, home: Home) -> None:
    plug = await client.device(REFRIGERATOR)
    assert [child.tag for child in plug][3:] == [
        "switch",
        "simpleonoff",
        "powermeter",
        "temperature",
    ]
    assert int(plug.findtext("powermeter/power", "")) == pytest.approx(
        1000 * home.power("refrigerator", EVENING), abs=10
    )
    assert int(plug.findtext("powermeter/energy", "")) == math.floor(
        home.energy("refrigerator", EVENING)
    )
    assert int(plug.findtext("powermeter/voltage", "")) == pytest.approx(
        1000 * home.voltage(EVENING), abs=1
    )


async def test_thermostat_shows_the_schedule(client: Client, home: Home) -> None:
    entry = await client.device(LIVING_ROOM)
    assert entry.get("functionbitmask") == "320"
    valve = entry.find("hkr")
    assert valve is not None
    change, then = home.next_change("living", EVENING)
    assert valve.findtext("tsoll") == str(round(2 * home.target("living", EVENING)))
    assert valve.findtext("komfort") == str(round(2 * home.comfort("living")))
    assert valve.findtext("absenk") == str(round(2 * home.eco("living")))
    assert valve.findtext("nextchange/endperiod") == str(int(change.timestamp()))
    assert valve.findtext("nextchange/tchange") == str(round(2 * then))
    assert valve.findtext("battery") == entry.findtext("battery")
    # The offset of -1 °C is contained in what is measured (celsius is five times tist).
    assert entry.findtext("temperature/offset") == "-10"
    assert int(entry.findtext("temperature/celsius", "")) == 5 * int(valve.findtext("tist", ""))
    assert int(valve.findtext("tist", "")) / 2 == pytest.approx(
        home.temperature("living", EVENING) - 1, abs=0.25
    )


async def test_open_window_shows_at_contact_and_thermostat(
    client: Client, clock: ManualClock, home: Home
) -> None:
    for room, ain, state in (
        ("bedroom", WINDOW, "alert/state"),
        ("bath", BATH, "hkr/windowopenactiv"),
    ):
        while not home.window_open(room, clock.now()):
            clock.advance(timedelta(minutes=1))
        await client.log_in()
        entry = await client.device(ain)
        assert entry.findtext(state) == "1"
        changed = home.window_changed(room, clock.now())
        expected = changed if room == "bedroom" else changed + timedelta(minutes=15)
        time = entry.findtext("alert/lastalertchgtimestamp") or entry.findtext(
            "hkr/windowopenactiveendtime"
        )
        assert time == str(int(expected.timestamp()))


async def test_absent_thermostat_has_only_empty_values(client: Client) -> None:
    entry = await client.device(CELLAR)
    assert entry.findtext("present") == "0"
    assert entry.findtext("battery", "") != "0"
    empty = {
        element.tag for element in entry.iter() if not len(element) and not (element.text or "")
    }
    assert empty == {
        "celsius",
        "offset",
        "tist",
        "tsoll",
        "absenk",
        "komfort",
        "lock",
        "devicelock",
        "summeractive",
        "holidayactive",
    }
    assert entry.findtext("hkr/nextchange/tchange") == "255"
    assert entry.findtext("hkr/battery") == "0"


async def test_switch_has_climate_and_four_buttons(client: Client, home: Home) -> None:
    entry = await client.device(SWITCH)
    assert entry.findtext("humidity/rel_humidity") == str(home.humidity("bedroom", EVENING))
    buttons = entry.findall("button")
    assert [button.get("identifier") for button in buttons] == [
        f"{SWITCH}-{key}" for key in (1, 3, 5, 7)
    ]
    pressed = home.last_press(SWITCH, 1, EVENING)
    assert pressed is not None
    assert buttons[0].findtext("lastpressedtimestamp") == str(int(pressed.timestamp()))


async def test_both_directions_of_the_meter_report_the_same_signed_power(
    client: Client, clock: ManualClock, home: Home
) -> None:
    clock.advance(NOON + timedelta(days=1) - EVENING)
    await client.log_in()
    grid = home.grid_power(clock.now())
    assert grid < 0, "the sun shines at noon"
    for ain, series, before in ((IMPORT, "import", 16_933_817), (EXPORT, "export", 653_065)):
        entry = await client.device(ain)
        assert int(entry.findtext("powermeter/power", "")) == pytest.approx(1000 * grid, abs=10)
        counted = int(entry.findtext("powermeter/energy", ""))
        assert counted == before + math.floor(home.energy(series, clock.now()))
        assert entry.findtext("powermeter/voltage") == ""
        assert entry.findtext("etsiunitinfo/unittype") == "65281"


async def test_group_is_the_sum_of_its_members(client: Client) -> None:
    devices = {device.get("identifier"): device for device in await client.devices()}
    group = devices[GROUP]
    assert group.tag == "group"
    assert group.get("synchronized") == "1"
    members = [device for device in devices.values() if device.get("id") in {"16", "17"}]
    assert group.findtext("groupinfo/members") == "16,17"
    for value in ("power", "energy"):
        assert int(group.findtext(f"powermeter/{value}", "")) == sum(
            int(member.findtext(f"powermeter/{value}", "")) for member in members
        )


async def test_blind_lamp_and_smoke_detector(client: Client) -> None:
    blind = await client.device(BLIND)
    assert blind.findtext("levelcontrol/levelpercentage") == "100"
    assert blind.findtext("levelcontrol/level") == "255"
    lamp = await client.device(LAMP)
    assert lamp.findtext("simpleonoff/state") == "1"
    assert lamp.findtext("colorcontrol/temperature") == "2700"
    assert lamp.findtext("colorcontrol/hue") == ""
    smoke = await client.device(SMOKE)
    assert smoke.findtext("etsiunitinfo/unittype") == "516"
    assert smoke.findtext("alert/lastalertchgtimestamp") == ""


# Other commands


async def test_plain_commands_agree_with_the_list(client: Client) -> None:
    plug, valve = await client.device(REFRIGERATOR), await client.device(LIVING_ROOM)
    for command, ain, entry, path in (
        ("getswitchname", WORKSHOP, await client.device(WORKSHOP), "name"),
        ("getswitchpresent", REFRIGERATOR, plug, "present"),
        ("getswitchstate", REFRIGERATOR, plug, "switch/state"),
        ("getswitchpower", REFRIGERATOR, plug, "powermeter/power"),
        ("getswitchenergy", REFRIGERATOR.replace(" ", ""), plug, "powermeter/energy"),
        ("gettemperature", REFRIGERATOR, plug, "temperature/celsius"),
        ("gethkrtsoll", LIVING_ROOM, valve, "hkr/tsoll"),
        ("gethkrkomfort", LIVING_ROOM, valve, "hkr/komfort"),
        ("gethkrabsenk", LIVING_ROOM, valve, "hkr/absenk"),
    ):
        assert await client.ask(command, ain) == (200, entry.findtext(path)), command


async def test_commands_about_the_whole_home(client: Client) -> None:
    _, plugs = await client.ask("getswitchlist")
    assert plugs.split(",") == ["116300714031", GROUP, "116570290174"]
    for command, tag in (
        ("gettemplatelistinfos", "templatelist"),
        ("gettriggerlistinfos", "triggerlist"),
        ("getcolordefaults", "colordefaults"),
        ("getsubscriptionstate", "state"),
    ):
        status, text = await client.ask(command)
        assert (status, XML(text).tag) == (200, tag)


async def test_one_device(client: Client) -> None:
    _, text = await client.ask("getdeviceinfos", REPEATER)
    assert XML(text).get("identifier") == REPEATER


async def test_form_works_as_well(client: Client) -> None:
    status, text = await client.post(
        "/webservices/homeautoswitch.lua", switchcmd=LIST, sid=client.sid
    )
    assert (status, XML(text).tag) == (200, "devicelist")


async def test_unknown_command_and_unknown_device(client: Client) -> None:
    assert await client.ask("getsomethingelse") == (400, "")
    assert await client.ask("getswitchpower", "00000 0000000") == (400, "")
    assert await client.ask("getbasicdevicestats") == (400, "")


async def test_device_out_of_reach_has_no_value(client: Client) -> None:
    assert await client.ask("gettemperature", CELLAR) == (200, "inval")
    assert await client.ask("getswitchpresent", CELLAR) == (200, "0")


@pytest.mark.parametrize(
    ("parameters", "kind"),
    [({"switchcmd": LIST}, "text/xml"), ({"switchcmd": "getswitchlist"}, "text/plain")],
)
async def test_content_types(
    client: Client,
    box: SimulatedFritzBox,
    session: ClientSession,
    parameters: dict[str, str],
    kind: str,
) -> None:
    async with session.get(
        f"{box.url}/webservices/homeautoswitch.lua",
        params={**parameters, "sid": client.sid},
        headers={"X-Forwarded-For": "192.0.2.10"},
    ) as answer:
        assert answer.content_type == kind
        assert answer.charset == "utf-8"


async def test_pages_without_login(stranger: Client) -> None:
    info = XML((await stranger.get("/jason_boxinfo.xml"))[1])
    name = "{http://jason.avm.de/updatecheck/}"
    assert info.findtext(f"{name}Version") == "285.08.25"
    serial = info.findtext(f"{name}Serial", "")
    assert len(serial) == 12

    description = XML((await stranger.get("/tr64desc.xml"))[1])
    name = "{urn:dslforum-org:device-1-0}"
    assert description.findtext(f".//{name}UDN") == f"uuid:75802409-bccb-40e7-8e6c-{serial.upper()}"
    assert any(
        "X_AVM-DE_Homeauto" in (service.text or "")
        for service in description.iter(f"{name}serviceType")
    )

    rest = json.loads((await stranger.get("/rest_api_desc.json"))[1])
    assert any("/smarthome" in endpoint["path"] for endpoint in rest["endpoints"])
    assert (await stranger.get("/"))[0] == 200
    assert (await stranger.get("/nothing"))[0] == 404


# Statistics


async def test_statistics_of_a_plug(client: Client, home: Home) -> None:
    _, text = await client.ask("getbasicdevicestats", REFRIGERATOR)
    root = XML(text)
    assert [kind.tag for kind in root] == ["temperature", "voltage", "power", "energy"]
    assert [
        (stats.get("count"), stats.get("grid"), stats.get("datatime"))
        for stats in root.iter("stats")
    ] == [
        (count, grid, str(int(EVENING.timestamp())))
        for count, grid in (
            ("96", "900"),
            ("360", "10"),
            ("360", "10"),
            ("12", "2678400"),
            ("31", "86400"),
        )
    ]
    values = await client.statistics(REFRIGERATOR)
    assert int(values["power", 10][0]) == round(100 * home.power("refrigerator", EVENING))
    assert len(set(values["voltage", 10][-24:])) <= 3, "measured every two minutes"


async def test_days_and_months_add_up_to_the_counter(client: Client, home: Home) -> None:
    for ain, before in ((REFRIGERATOR, 0), (WORKSHOP, 107_357), (IMPORT, 16_933_817)):
        energy = int((await client.device(ain)).findtext("powermeter/energy", ""))
        values = await client.statistics(ain)
        months = [int(value) for value in values["energy", 2678400] if value != "-"]
        assert before + sum(months) == energy
        days = [int(value) for value in values["energy", 86400]]
        assert sum(days[:20]) == months[0], "it is the 20th"
    assert values["energy", 2678400].count("-") == 8, "the home is 100 days old"
    assert ("voltage", 10) not in values, "a meter reader knows no voltage"


async def test_group_stores_the_sum_of_its_members(client: Client) -> None:
    group, *members = [
        (await client.statistics(ain))["energy", 86400] for ain in (GROUP, REFRIGERATOR, WORKSHOP)
    ]
    assert [int(value) for value in group] == [
        int(first) + int(second) for first, second in zip(*members, strict=True)
    ]


async def test_statistics_of_a_switch(client: Client, home: Home) -> None:
    values = await client.statistics(SWITCH)
    assert set(values) == {("temperature", 900), ("humidity", 900)}
    six = datetime(2026, 3, 20, 18, tzinfo=UTC)
    assert values["humidity", 900][:2] == [
        str(home.humidity("bedroom", six)),
        str(home.humidity("bedroom", six - timedelta(minutes=15))),
    ]


async def test_statistics_of_a_device_out_of_reach(client: Client) -> None:
    _, text = await client.ask("getbasicdevicestats", CELLAR)
    assert [(kind.tag, len(kind)) for kind in XML(text)] == [("temperature", 0)]


async def test_statistics_reset(
    box: SimulatedFritzBox, client: Client, clock: ManualClock, home: Home
) -> None:
    at_reset = math.floor(home.energy("workshop", EVENING))
    box.reset_statistics(WORKSHOP)
    assert (await client.device(WORKSHOP)).findtext("powermeter/energy") == "0"
    assert set((await client.statistics(WORKSHOP))["energy", 86400]) == {"0"}

    clock.advance(timedelta(days=4))
    await client.log_in()
    counted = math.floor(home.energy("workshop", clock.now())) - at_reset
    assert counted > 0
    assert (await client.device(WORKSHOP)).findtext("powermeter/energy") == str(counted)
    values = await client.statistics(WORKSHOP)
    days = [int(value) for value in values["energy", 86400]]
    assert sum(days) == sum(days[:5]) == int(values["energy", 2678400][0]) == counted
    assert box.counter(WORKSHOP) == counted


async def test_delayed_statistics(box: SimulatedFritzBox, client: Client, home: Home) -> None:
    yesterday = EVENING - timedelta(days=1)
    box.delay_statistics(REFRIGERATOR, timedelta(days=1))
    _, text = await client.ask("getbasicdevicestats", REFRIGERATOR)
    assert f'datatime="{int(yesterday.timestamp())}"' in text
    days = [int(value) for value in (await client.statistics(REFRIGERATOR))["energy", 86400]]
    assert days == list(home.days("refrigerator", yesterday))


# Faults on demand


async def test_status_for_some_requests(box: SimulatedFritzBox, client: Client) -> None:
    box.fault(Fault(status=500), times=2, switchcmd=LIST)
    assert (await client.ask("getswitchlist"))[0] == 200
    assert [(await client.ask(LIST))[0] for _ in range(3)] == [500, 500, 200]
    assert [request.status for request in box.requests if request.switchcmd == LIST] == [
        500,
        500,
        200,
    ]


async def test_fault_until_cleared(box: SimulatedFritzBox, client: Client) -> None:
    box.fault(Fault(status=503), path="/jason_boxinfo.xml")
    assert [(await client.get("/jason_boxinfo.xml"))[0] for _ in range(3)] == [503, 503, 503]
    box.clear_faults()
    assert (await client.get("/jason_boxinfo.xml"))[0] == 200


@pytest.mark.parametrize("fault", [CUT, MALFORMED])
async def test_broken_xml(box: SimulatedFritzBox, client: Client, fault: Fault) -> None:
    box.fault(fault, times=1)
    with pytest.raises(ParseError):
        await client.devices()
    assert len(await client.devices())


async def test_empty_list(box: SimulatedFritzBox, client: Client) -> None:
    box.fault(EMPTY_LIST, times=1)
    devices = await client.devices()
    assert (len(devices), devices.get("fwversion")) == (0, "8.25")


async def test_dropped_connection(box: SimulatedFritzBox, client: Client) -> None:
    box.fault(Fault(drop=True))
    with pytest.raises(ClientError):
        await client.devices()
    assert box.requests[-1].status is None


async def test_held_answer(box: SimulatedFritzBox, client: Client) -> None:
    gate = Gate()
    box.fault(Fault(gate=gate), times=1)
    waiting = asyncio.create_task(client.devices())
    await gate.reached()
    assert box.requests[-1].switchcmd == LIST
    assert not waiting.done()
    gate.open()
    assert len(await waiting)


async def test_slow_answer(box: SimulatedFritzBox, client: Client) -> None:
    box.fault(Fault(delay=timedelta(milliseconds=1)), times=1)
    assert len(await client.devices())


async def test_all_zero_plug(box: SimulatedFritzBox, client: Client) -> None:
    counted = box.counter(WORKSHOP)
    box.zero(WORKSHOP)
    plug = await client.device(WORKSHOP)
    assert plug.findtext("present") == "1"
    assert [value.text for value in plug.iterfind("powermeter/*")] == ["0", "0", "0"]
    assert await client.ask("getswitchenergy", WORKSHOP) == (200, "0")
    box.restore(WORKSHOP)
    assert (await client.device(WORKSHOP)).findtext("powermeter/energy") == str(counted)


async def test_explicit_values(box: SimulatedFritzBox, client: Client) -> None:
    box.override(WORKSHOP, energy=123_456, voltage="", name="neu")
    plug = await client.device(WORKSHOP)
    assert plug.findtext("powermeter/energy") == "123456"
    assert plug.findtext("powermeter/voltage") == ""
    assert plug.findtext("name") == "neu"
    with pytest.raises(KeyError):
        box.override("00000 0000000", energy=0)


async def test_device_vanishes_and_returns(box: SimulatedFritzBox, client: Client) -> None:
    box.vanish(REPEATER)
    assert len(await client.devices()) == len(DEVICES) - 1
    assert await client.ask("gettemperature", REPEATER) == (400, "")
    box.restore(REPEATER)
    assert len(await client.devices()) == len(DEVICES)


async def test_device_gets_out_of_reach(box: SimulatedFritzBox, client: Client) -> None:
    box.disconnect(WORKSHOP)
    plug = await client.device(WORKSHOP)
    assert plug.findtext("present") == "0"
    assert plug.findtext("powermeter/energy") == plug.findtext("switch/state") == ""
    assert await client.ask("getswitchenergy", WORKSHOP) == (200, "inval")


async def test_reboot_drops_requests_then_lets_in_but_knows_no_device(
    box: SimulatedFritzBox, client: Client, clock: ManualClock
) -> None:
    box.reboot(timedelta(minutes=2), warm_up=timedelta(minutes=1))
    with pytest.raises(ClientError):
        await client.ask(LIST)

    clock.advance(timedelta(minutes=2))
    assert (await client.ask(LIST))[0] == 403, "the session is lost"
    await client.log_in()
    assert len(await client.devices()) == 0
    assert await client.ask("getswitchlist") == (200, "")
    assert await client.rest("/smarthome/overview") == (500, 3012)

    clock.advance(timedelta(minutes=1))
    assert len(await client.devices()) == len(DEVICES)


async def test_reboot_with_a_status(
    box: SimulatedFritzBox, client: Client, clock: ManualClock
) -> None:
    box.reboot(timedelta(minutes=1), status=503)
    assert (await client.get("/login_sid.lua"))[0] == 503
    clock.advance(timedelta(minutes=1))
    assert (await client.get("/login_sid.lua"))[0] == 200


async def test_rest_interface_wants_a_live_session(client: Client, stranger: Client) -> None:
    stranger.sid = client.sid
    assert await stranger.rest("/smarthome/overview") == (401, 3001)
    assert await client.rest("/smarthome/other") == (404, 3002)


async def test_restart_on_the_same_port(box: SimulatedFritzBox, client: Client) -> None:
    port = box.port
    await box.stop()
    with pytest.raises(ClientError):
        await client.ask(LIST)
    await box.start(port)
    assert (await client.ask(LIST))[0] == 200


# From the command line


async def test_runs_until_cancelled(
    home: Home,
    clock: ManualClock,
    session: ClientSession,
    socket_enabled: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    parser = ArgumentParser()
    fritzbox.add_arguments(parser)
    args = parser.parse_args(["--port", "0", "--user", "anna", "--password", "geheim"])
    task = asyncio.create_task(fritzbox.run(args, home, clock))
    printed = ""
    while " at " not in printed:
        await asyncio.sleep(0)
        printed += capsys.readouterr().out
    url = printed.partition(" at ")[2].partition(",")[0]
    async with session.get(f"{url}/login_sid.lua") as answer:
        assert '<User last="1">anna</User>' in await answer.text()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ClientError):
        await session.get(url)
