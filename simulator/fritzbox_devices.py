"""What stands in the simulated home and is registered at its FRITZ!Box: one table.

Shapes, masks and firmware are those of FRITZ!OS 8.25; the order of the table is the order in
the device list, mixed as on real boxes.
"""

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True)
class Battery:
    """Charge, and a warning when it is low."""


@dataclass(frozen=True)
class Plug:
    """A relay with its locks."""


@dataclass(frozen=True, kw_only=True)
class Meter:
    """A counter with the power it counts."""

    series: str
    """Of the home's power series."""
    before: int = 0
    """Wh counted before the home began."""
    grid: bool = False
    """An optical reader on the grid meter: its power is that of the grid, negative while feeding
    in, and it knows no voltage."""


@dataclass(frozen=True)
class Total:
    """The sum of the meters of a group's members."""


@dataclass(frozen=True, kw_only=True)
class Thermometer:
    """The temperature of a room."""

    room: str
    warmer: float = 0.0
    """K that the device is warmer than its room."""
    offset: float = 0.0
    """The user's correction in K, contained in the temperature."""


@dataclass(frozen=True, kw_only=True)
class Hygrometer:
    """The humidity of a room."""

    room: str


@dataclass(frozen=True, kw_only=True)
class Thermostat:
    """A radiator valve that keeps the schedule of a room."""

    room: str


@dataclass(frozen=True)
class Buttons:
    """The keys of a switch: the suffix of the AIN and the name of each."""

    keys: tuple[tuple[int, str], ...]
    first_number: int


@dataclass(frozen=True)
class Blind:
    """A shutter that is down at night."""


@dataclass(frozen=True)
class Lamp:
    """A dimmable lamp of any colour, lit while the blind is down."""

    kelvin: int
    percent: int


@dataclass(frozen=True, kw_only=True)
class Unit:
    """Names the device that this unit is a part of."""

    parent: int
    """Its `number`, not its AIN."""
    kind: int
    interfaces: str


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A detector that is alarmed by the window of a room, or by nothing at all."""

    window: str | None = None


@dataclass(frozen=True)
class Members:
    """The devices of a group, by `number`."""

    numbers: tuple[int, ...]


type Block = (
    Battery
    | Plug
    | Meter
    | Total
    | Thermometer
    | Hygrometer
    | Thermostat
    | Buttons
    | Blind
    | Lamp
    | Unit
    | Alert
    | Members
)


@dataclass(frozen=True, kw_only=True)
class Device:
    """One entry of the device list."""

    ain: str
    number: int
    """The box's internal `id`."""
    mask: int
    """The `functionbitmask`."""
    firmware: str = "0.0"
    manufacturer: str = "AVM"
    product: str
    name: str
    present: bool = True
    blocks: tuple[Block, ...] = ()
    """In the order in which they appear in the list."""

    def block[T](self, kind: type[T]) -> T | None:
        """Return the device's block of this kind, None if it has none."""
        return next((block for block in self.blocks if isinstance(block, kind)), None)


PLUG_MASK: Final = 35712
THERMOSTAT_MASK: Final = 320
PARENT_MASK: Final = 1
ALERT_UNIT_MASK: Final = 8208
METER_UNIT_MASK: Final = 8322
BLIND_UNIT_MASK: Final = 335888
ZIGBEE_MASK: Final = 524289
LAMP_UNIT_MASK: Final = 237572

REFRIGERATOR: Final = "11630 0714031"
WORKSHOP: Final = "11657 0290174"
LIVING_ROOM: Final = "13979 0520118"
BATH: Final = "09995 0863307"
CELLAR: Final = "09995 0871250"
WINDOW: Final = "15282 0316642-1"
SWITCH: Final = "09995 0640915"
IMPORT: Final = "16000 0183755-1"
EXPORT: Final = "16000 0183755-2"
REPEATER: Final = "08761 0927506"
BLIND: Final = "14276 0735180-1"
SMOKE: Final = "11934 0418826-1"
LAMP: Final = "Z7CB94CFFFE28D16501"
GROUP: Final = "grp303E4F-40B81D6A2"

DEVICES: Final = (
    Device(
        ain=REFRIGERATOR,
        number=16,
        mask=PLUG_MASK,
        firmware="04.32",
        product="FRITZ!Smart Energy 200",
        name="Kühlschrank",
        blocks=(
            Plug(),
            Meter(series="refrigerator"),
            Thermometer(room="living", warmer=3.5),
        ),
    ),
    Device(
        ain=LIVING_ROOM,
        number=18,
        mask=THERMOSTAT_MASK,
        firmware="05.26",
        product="FRITZ!Smart Thermo 302",
        name="Wohnzimmer",
        blocks=(Battery(), Thermometer(room="living", offset=-1.0), Thermostat(room="living")),
    ),
    Device(
        ain=WINDOW,
        number=2003,
        mask=ALERT_UNIT_MASK,
        product="FRITZ!Smart Control 350",
        name="Schlafzimmerfenster",
        blocks=(
            Unit(parent=23, kind=514, interfaces="256"),
            Alert(window="bedroom"),
        ),
    ),
    Device(
        ain=WINDOW.removesuffix("-1"),
        number=23,
        mask=PARENT_MASK,
        firmware="03.58",
        product="FRITZ!Smart Control 350",
        name="Schlafzimmerfenster",
        blocks=(Battery(),),
    ),
    Device(
        ain=GROUP,
        number=900,
        mask=6784,
        firmware="1.0",
        product="",
        name="Alle Steckdosen",
        blocks=(Plug(), Total(), Members((16, 17))),
    ),
    Device(
        ain=SWITCH,
        number=20,
        mask=1048864,
        firmware="05.21",
        product="FRITZ!Smart Control 440",
        name="Taster Schlafzimmer",
        blocks=(
            Battery(),
            Thermometer(room="bedroom"),
            Hygrometer(room="bedroom"),
            Buttons(
                (
                    (1, "Oben rechts"),
                    (3, "Unten rechts"),
                    (5, "Unten links"),
                    (7, "Oben links"),
                ),
                first_number=5000,
            ),
        ),
    ),
    Device(
        ain=IMPORT.removesuffix("-1"),
        number=22,
        mask=PARENT_MASK,
        firmware="03.76",
        product="FRITZ!Smart Energy 250",
        name="Stromzähler",
        blocks=(Battery(),),
    ),
    Device(
        ain=IMPORT,
        number=2000,
        mask=METER_UNIT_MASK,
        product="FRITZ!Smart Energy 250",
        name="Strombezug",
        blocks=(
            Meter(series="import", before=16_933_817, grid=True),
            Unit(parent=22, kind=65281, interfaces="32528,32529"),
        ),
    ),
    Device(
        ain=EXPORT,
        number=2001,
        mask=METER_UNIT_MASK,
        product="FRITZ!Smart Energy 250",
        name="Einspeisung",
        blocks=(
            Meter(series="export", before=653_065, grid=True),
            Unit(parent=22, kind=65281, interfaces="32528,32529"),
        ),
    ),
    Device(
        ain=WORKSHOP,
        number=17,
        mask=PLUG_MASK,
        firmware="04.27",
        product="FRITZ!Smart Energy 210",
        name='Büro & <Werkstatt> "größer"',
        blocks=(
            Plug(),
            Meter(series="workshop", before=107_357),
            Thermometer(room="bath", warmer=1.0),
        ),
    ),
    Device(
        ain=CELLAR,
        number=21,
        mask=THERMOSTAT_MASK,
        firmware="05.08",
        product="FRITZ!DECT 301",
        name="Keller",
        present=False,
        blocks=(Battery(), Thermometer(room="bedroom"), Thermostat(room="bedroom")),
    ),
    Device(
        ain=BLIND.removesuffix("-1"),
        number=406,
        mask=PARENT_MASK,
        firmware="37.16.08#1.2R",
        manufacturer="0x37c4",
        product="RolloTron DECT",
        name="Rollladen",
    ),
    Device(
        ain=BLIND,
        number=2004,
        mask=BLIND_UNIT_MASK,
        manufacturer="0x37c4",
        product="RolloTron DECT",
        name="Rollladen",
        blocks=(
            Blind(),
            Unit(parent=406, kind=281, interfaces="256,513,516,517"),
            Alert(),
        ),
    ),
    Device(
        ain=BATH,
        number=19,
        mask=THERMOSTAT_MASK,
        firmware="05.34",
        product="FRITZ!Smart Thermo 301",
        name="Bad",
        blocks=(Battery(), Thermometer(room="bath"), Thermostat(room="bath")),
    ),
    Device(
        ain=REPEATER,
        number=24,
        mask=1280,
        firmware="03.86",
        product="FRITZ!DECT Repeater 100",
        name="Repeater Flur",
        blocks=(Thermometer(room="living", warmer=1.5),),
    ),
    Device(
        ain=SMOKE.removesuffix("-1"),
        number=407,
        mask=PARENT_MASK,
        firmware="31.35",
        manufacturer="0x0feb",
        product="HAN-FUN",
        name="Rauchmelder",
    ),
    Device(
        ain=SMOKE,
        number=2005,
        mask=ALERT_UNIT_MASK,
        manufacturer="0x0feb",
        product="HAN-FUN",
        name="Rauchmelder",
        blocks=(Unit(parent=407, kind=516, interfaces="256"), Alert()),
    ),
    Device(
        ain=LAMP.removesuffix("01"),
        number=6000,
        mask=ZIGBEE_MASK,
        firmware="1.0.38",
        manufacturer="0x117c",
        product="IKEA of Sweden TRADFRI bulb E27",
        name="Leselampe",
    ),
    Device(
        ain=LAMP,
        number=2006,
        mask=LAMP_UNIT_MASK,
        manufacturer="0x117c",
        product="IKEA of Sweden TRADFRI bulb E27",
        name="Leselampe",
        blocks=(Lamp(2700, 60), Unit(parent=6000, kind=278, interfaces="512,513,514")),
    ),
)
"""Two plugs and their group, three thermostats (one out of reach), a window contact, a switch,
a meter reader with both directions, a repeater, a blind, a smoke detector, a Zigbee lamp."""

_NAMES: Final = {
    WORKSHOP: "Arbeitszimmer",
    SWITCH: "Schlafzimmer",
    WINDOW: "Fenster",
    WINDOW.removesuffix("-1"): "Fenster",
}
HOME: Final = tuple(replace(device, name=_NAMES.get(device.ain, device.name)) for device in DEVICES)
"""The same devices with short names of a real home. `DEVICES` has one with special characters, and
long ones, for tests."""
