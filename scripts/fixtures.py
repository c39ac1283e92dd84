"""Write those files of `tests/fixtures` that the simulated home can say.

Run without arguments; the same files come out until the simulator speaks differently.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
import json
from pathlib import Path
from typing import Final, override

from simulator.faults import Fault
from simulator.fritzbox_devices import (
    CELLAR,
    DEVICES,
    GROUP,
    IMPORT,
    LIVING_ROOM,
    REFRIGERATOR,
    REPEATER,
    SWITCH,
    WORKSHOP,
)
from simulator.fritzbox_pages import Identity, box_info, session_info
from simulator.fritzbox_rest import overview, part
from simulator.fritzbox_smart_home import SmartHome
from simulator.fritzbox_xml import text_of
from simulator.home import Home, ManualClock
from simulator.meter import SCRIPTS
from simulator.reader import SimulatedReader

FOLDER: Final = Path(__file__).parents[1] / "tests" / "fixtures"
NOW: Final = datetime(2026, 3, 20, 18, 7, 33, tzinfo=UTC)
INSTALLED: Final = NOW - timedelta(days=100)
OF_AN_OLD_BOX: Final = (REFRIGERATOR, WORKSHOP, LIVING_ROOM, CELLAR, SWITCH, REPEATER, GROUP)
"""What FRITZ!OS 7 knew of."""
REMEMBERING: Final = {
    "plug": REFRIGERATOR,
    "meter": IMPORT,
    "thermostat": LIVING_ROOM,
    "switch": SWITCH,
}
FAULTS: Final = (
    Fault.ZERO_AFTER_BOOT,
    Fault.NULL,
    Fault.INVALID_JSON,
    Fault.PIN_LOCKED,
    Fault.INF_OFF,
    Fault.DUPLICATE_KEYS,
    Fault.CLOCK_NOT_SET,
)


class Writer(SimulatedReader):
    """A reader without a broker: it keeps what it publishes."""

    last = ""

    @override
    def _publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        self.last = payload


def smart_home(*ains: str) -> SmartHome:
    """Return a home with these devices only, all if there is none."""
    devices = [device for device in DEVICES if not ains or device.ain in ains]
    return SmartHome(Home(installed=INSTALLED), devices)


def lists() -> Iterator[tuple[str, str]]:
    """Yield what boxes of several ages answer to `getdevicelistinfos`."""
    yield "list-fritzos-8.25", text_of(smart_home().device_list(NOW, fritzos="8.25"))
    old = smart_home(*OF_AN_OLD_BOX)
    yield "list-fritzos-7.29", text_of(old.device_list(NOW, fritzos="7.29"))
    yield "list-fritzos-6", text_of(old.device_list(NOW, fritzos=None))
    silent = smart_home()
    for ain in silent.devices:
        silent.disconnect(ain)
    yield "list-out-of-reach", text_of(silent.device_list(NOW, fritzos="8.25"))


def statistics() -> Iterator[tuple[str, str]]:
    """Yield what devices answer to `getbasicdevicestats`."""
    home = smart_home()
    for name, ain in REMEMBERING.items():
        told = home.statistics(home.devices[ain], NOW, with_datatime=True)
        yield f"stats-{name}", text_of(told)
    untimed = home.statistics(home.devices[WORKSHOP], NOW, with_datatime=False)
    yield "stats-plug-without-times", text_of(untimed)


def pages() -> Iterator[tuple[str, str]]:
    """Yield what the box says without a login, and about one."""
    for name, sid, rights, block_time in (
        ("closed", "0" * 16, {}, 0),
        ("blocked", "0" * 16, {}, 64),
        ("open", "5b1f6c02d93ae748", {"Dial": 2, "HomeAuto": 2, "BoxAdmin": 2}, 0),
        ("open-without-smart-home", "c07de4319a2b85f6", {"NAS": 1, "HomeAuto": 0}, 0),
    ):
        yield (
            f"login-{name}",
            session_info(
                sid=sid,
                challenge="2$60000$1f3a5c7e90b2d4f6a8c0e2143658799b$6000$0fe1d2c3b4a5968778695a4b",
                block_time=block_time,
                rights=rights,
                users=["fritz4711", "erika"],
                last_user="fritz4711",
            ),
        )
    yield "box-info", box_info(Identity())


def rest() -> Iterator[tuple[str, object]]:
    """Yield what the REST API answers."""
    home = smart_home()
    yield "rest-overview", overview(home, NOW)
    for name, ain in REMEMBERING.items():
        yield f"rest-unit-{name}", part(home, f"/units/{ain}", NOW)
    home.confuse_statistics(IMPORT)
    yield "rest-unit-meter-whole-counter", part(home, f"/units/{IMPORT}", NOW)


def messages() -> Iterator[tuple[str, str]]:
    """Yield what readers publish."""

    def reader(
        script: str = "bitshake", *, second: str | None = None, esp32: bool = False
    ) -> Writer:
        made = Writer(
            Home(installed=INSTALLED), ManualClock(NOW), script=script, second=second, esp32=esp32
        )
        made.publish_sensor()
        return made

    for script in SCRIPTS:
        yield f"sensor-{script.replace('_', '-')}", reader(script).last
    yield "sensor-two-meters", reader(second="heat_pump").last
    yield "sensor-esp32", reader(esp32=True).last
    yield "status10", f'{{"StatusSNS":{reader("docs").last}}}'
    for fault in FAULTS:
        faulty = reader("docs")
        faulty.fault(fault)
        faulty.publish_sensor()
        yield f"sensor-{fault.replace('_', '-')}", faulty.last
    head = reader()
    head.publish_state()
    yield "state", head.last
    for leaf, content in head.info().items():
        yield leaf.lower(), json.dumps({leaf: content}, separators=(",", ":"))
    yield "discovery-config", json.dumps(head.config(), separators=(",", ":"))
    head.publish_discovery()
    yield "discovery-sensors", head.last
    head.fault(Fault.EMPTY_DISCOVERY)
    head.publish_discovery()
    yield "discovery-sensors-empty", head.last


@cache
def files() -> Mapping[Path, str]:
    """Return the text of each file."""
    box, tasmota = FOLDER / "fritzbox", FOLDER / "tasmota"
    return {
        **{box / f"{name}.xml": f"{text}\n" for name, text in (*lists(), *statistics(), *pages())},
        **{
            box / f"{name}.json": f"{json.dumps(content, ensure_ascii=False, indent=1)}\n"
            for name, content in rest()
        },
        **{tasmota / f"{name}.json": f"{text}\n" for name, text in messages()},
    }


if __name__ == "__main__":
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
