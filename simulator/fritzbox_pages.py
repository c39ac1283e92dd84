"""The documents of the simulated FRITZ!Box that do not depend on its devices."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from simulator.fritzbox_devices import GROUP, LIVING_ROOM
from simulator.fritzbox_xml import node, text_of

_DECLARATION: Final = '<?xml version="1.0" encoding="utf-8"?>\n'
_UDN: Final = "75802409-bccb-40e7-8e6c-"
"""The boxes' UPnP name begins with this, the serial number follows."""

_COLOURS: Final = (
    (5569, "Rot", 358, ((180, 230), (112, 237), (54, 245))),
    (5570, "Orange", 35, ((214, 255), (140, 255), (72, 255))),
    (5571, "Gelb", 52, ((153, 252), (102, 252), (51, 252))),
    (5572, "Grasgrün", 92, ((123, 248), (79, 250), (38, 252))),
    (5573, "Grün", 120, ((160, 220), (82, 232), (38, 242))),
    (5574, "Türkis", 160, ((145, 235), (84, 242), (41, 248))),
    (5575, "Cyan", 195, ((179, 255), (118, 255), (59, 255))),
    (5576, "Himmelblau", 212, ((169, 252), (110, 252), (56, 255))),
    (5577, "Blau", 225, ((204, 255), (119, 255), (55, 255))),
    (5578, "Violett", 266, ((169, 250), (110, 250), (56, 252))),
    (5579, "Magenta", 296, ((140, 250), (92, 252), (46, 255))),
    (5580, "Pink", 335, ((180, 255), (107, 248), (51, 250))),
)
"""Number and name of each colour, its hue, and three pairs of saturation and value."""

_WHITES: Final = (2700, 3000, 3400, 3800, 4200, 4700, 5300, 5900, 6500)
"""K"""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a box says about itself without a login."""

    name: str = "FRITZ!Box 7690"
    serial: str = "3810D55E7A1C"
    """Its MAC address, 12 hex digits."""
    hardware: int = 285
    fritzos: tuple[int, int] = (8, 25)

    @property
    def version(self) -> str:
        """FRITZ!OS as people write it: `8.25`."""
        major, minor = self.fritzos
        return f"{major}.{minor:02}"

    @property
    def long_version(self) -> str:
        """FRITZ!OS with the hardware it is for: `285.08.25`."""
        major, minor = self.fritzos
        return f"{self.hardware}.{major:02}.{minor:02}"


def session_info(
    *,
    sid: str,
    challenge: str,
    block_time: int,
    rights: Mapping[str, int],
    users: Iterable[str],
    last_user: str,
) -> str:
    """Return the answer of the login page; `last_user` is preselected on its form."""
    granted = node("Rights")
    for name, access in rights.items():
        granted.extend([node("Name", name), node("Access", access)])
    return _DECLARATION + text_of(
        node(
            "SessionInfo",
            node("SID", sid),
            node("Challenge", challenge),
            node("BlockTime", block_time),
            granted,
            node(
                "Users",
                *(
                    node("User", user, **({"last": 1} if user == last_user else {}))
                    for user in users
                ),
            ),
        )
    )


def box_info(box: Identity) -> str:
    """Return `/jason_boxinfo.xml`."""
    root = node(
        "j:BoxInfo",
        node("j:Name", box.name),
        node("j:HW", box.hardware),
        node("j:Version", box.long_version),
        node("j:Revision", "118456"),
        node("j:Serial", box.serial),
        node("j:OEM", "avm"),
        node("j:Lang", "de"),
        node("j:Annex", "B"),
        node("j:Lab"),
        node("j:Country", "049"),
        node("j:Flag", "mesh_master"),
        node("j:UpdateConfig", 1),
    )
    root.set("xmlns:j", "http://jason.avm.de/updatecheck/")
    return _DECLARATION + text_of(root)


def tr64_description(box: Identity) -> str:
    """Return `/tr64desc.xml`, which a real box serves on port 49000."""
    major, minor = box.fritzos
    root = node(
        "root",
        node("specVersion", node("major", 1), node("minor", 0)),
        node(
            "systemVersion",
            node("HW", box.hardware),
            node("Major", box.hardware),
            node("Minor", major),
            node("Patch", minor),
            node("Buildnumber", "118456"),
            node("Display", box.long_version),
        ),
        node(
            "device",
            node("deviceType", "urn:dslforum-org:device:InternetGatewayDevice:1"),
            node("friendlyName", box.name),
            node("manufacturer", "AVM Berlin"),
            node("manufacturerURL", "http://www.avm.de"),
            node("modelDescription", box.name),
            node("modelName", box.name),
            node("modelNumber", "- avm"),
            node("modelURL", "http://www.avm.de"),
            node("UDN", f"uuid:{_UDN}{box.serial}"),
            node(
                "serviceList",
                _service("DeviceInfo", "deviceinfo"),
                _service("X_AVM-DE_Homeauto", "x_homeauto"),
            ),
            node("presentationURL", "http://fritz.box"),
        ),
    )
    root.set("xmlns", "urn:dslforum-org:device-1-0")
    return _DECLARATION + text_of(root)


def rest_description() -> dict[str, object]:
    """Return `/rest_api_desc.json`: which parts of the REST API there are."""
    paths = ("/smarthome/overview", "/smarthome/configuration", "/smarthome/connect")
    return {"endpoints": [{"path": path, "version": "v0"} for path in paths]}


def front_page(box: Identity) -> str:
    """Return what a browser sees."""
    name = text_of(node("h1", box.name))
    return f"<!DOCTYPE html><html><head><title>{box.name}</title></head><body>{name}</body></html>"


def colour_defaults() -> Element:
    """Return the palette of colour lamps."""
    colours = node("hsdefaults")
    for index, (number, name, hue, shades) in enumerate(_COLOURS, start=1):
        colour = node("hs", node("name", name, enum=number), hue_index=index)
        for shade, (saturation, value) in enumerate(shades, start=1):
            colour.append(node("color", sat_index=shade, hue=hue, sat=saturation, val=value))
        colours.append(colour)
    whites = node("temperaturedefaults", *(node("temp", value=kelvin) for kelvin in _WHITES))
    return node("colordefaults", colours, whites)


def template_list() -> Element:
    """Return the only template of this home."""
    return node(
        "templatelist",
        node(
            "template",
            node("name", "Wohnzimmer gemütlich"),
            node("metadata", "{}"),
            node("devices", node("device", identifier=LIVING_ROOM)),
            node("triggers"),
            node("applymask", node("hkr_temperature")),
            identifier="tmp303E4F-40B81E19C",
            id=60010,
            functionbitmask=320,
            applymask=2,
            autocreate=0,
        ),
        version=1,
    )


def trigger_list() -> Element:
    """Return the only routine of this home."""
    return node(
        "triggerlist",
        node("trigger", node("name", "Abends aus"), identifier=f"trg{GROUP[3:]}", active=1),
        version=1,
    )


def subscription_state() -> Element:
    """Return that nobody is pairing a device."""
    return node("state", node("latestain"), code=0)


def _service(name: str, path: str) -> Element:
    return node(
        "service",
        node("serviceType", f"urn:dslforum-org:service:{name}:1"),
        node("serviceId", f"urn:{name}-com:serviceId:{name}1"),
        node("controlURL", f"/upnp/control/{path}"),
        node("eventSubURL", f"/upnp/control/{path}"),
        node("SCPDURL", f"/{path}SCPD.xml"),
    )
