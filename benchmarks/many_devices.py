"""A box with as many devices as wanted, made of copies of the simulated home's."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Final
from xml.etree.ElementTree import Element

from simulator.fritzbox_devices import DEVICES
from simulator.fritzbox_smart_home import SmartHome
from simulator.fritzbox_xml import text_of
from simulator.home import Home

AT: Final = datetime(2026, 3, 20, 18, 7, 33, tzinfo=UTC)


def simulated_home() -> Home:
    """Return a home whose counters have counted for a hundred days."""
    return Home(installed=AT - timedelta(days=100))


def device_list(count: int) -> bytes:
    """Return the answer to `getdevicelistinfos` of a box with so many devices."""
    original = SmartHome(simulated_home(), DEVICES).device_list(AT, fritzos="8.25")
    entries = list(original)
    root = Element("devicelist", original.attrib)
    for number in range(count):
        copy, index = divmod(number, len(entries))
        entry = deepcopy(entries[index])
        for element in entry.iter():
            if identifier := element.get("identifier"):
                element.set("identifier", renamed(identifier, copy))
            if internal := element.get("id"):
                element.set("id", str(int(internal) + 10_000 * copy))
            if element.tag == "etsideviceid":
                element.text = str(int(element.text or 0) + 10_000 * copy)
        root.append(entry)
    return text_of(root).encode()


def renamed(ain: str, copy: int) -> str:
    """Return the AIN of a copy: another beginning, the same end of units."""
    return ain if copy == 0 else f"{copy:03}{ain[3:]}"
