"""What a published text says of which meter it comes from.

An SML meter tells its number as an octet string (OBIS 96.1.0, 0.0.9 or 0.0.0), which Tasmota
prints as lower-case hex and cuts at 23 characters; scripts may have it printed as ASCII or, if
it is 8 bytes long, as `%u-%u`. A D0 meter tells ASCII. OBIS 96.50.1 is the maker alone, the same
for every meter of that make. Before the meter was read, and while its PIN is missing, the value
is 0 or empty.
"""

from dataclasses import dataclass
import re
from typing import Final

MAX_LENGTH: Final = 40
"""Characters; Tasmota cuts at 23, with separators some more."""

MANUFACTURERS: Final[dict[str, str]] = {
    "ABB": "ABB",
    "ACE": "Actaris",
    "APA": "Apator",
    "APT": "Apator",
    "AUX": "Sanxing",
    "BYL": "Baylan",
    "DNT": "Dr. Neuhaus",
    "DZG": "DZG Metering",
    "EBZ": "eBZ",
    "EFR": "EFR",
    "ELS": "Elster",
    "EMH": "EMH metering",
    "EMT": "Elster",
    "EMU": "EMU",
    "ESY": "EasyMeter",
    "GAV": "Carlo Gavazzi",
    "HAG": "Hager",
    "HEL": "Heliowatt",
    "HLY": "Holley",
    "HXE": "Hexing",
    "INM": "Inepro",
    "ISK": "Iskraemeco",
    "ITE": "Itron",
    "ITK": "Itron",
    "ITR": "Itron",
    "JAN": "Janitza",
    "KAA": "Kamstrup",
    "KAM": "Kamstrup",
    "KFM": "Kaifa",
    "LGB": "Landis+Gyr",
    "LGD": "Landis+Gyr",
    "LGZ": "Landis+Gyr",
    "LOG": "Logarex",
    "LUG": "Landis+Gyr",
    "NZR": "NZR",
    "PAF": "Pafal",
    "POZ": "Pozyton",
    "SAG": "Sagemcom",
    "SAM": "Siemens",
    "SIE": "Siemens",
    "ZPA": "ZPA",
}
"""Three-letter codes of the FLAG association (DLMS), those of meters found in homes here."""

_SEPARATORS: Final = re.compile(r"[ :._-]")
_HEX: Final = re.compile(r"[0-9a-f]+")
_PRINTED: Final = re.compile(r"1[A-Z]{3}[0-9A-F]{2}[0-9]{8}")
"""DIN 43863-5 as printed on the meter: 1 for electricity, maker, block, number."""
_DIN: Final = re.compile(r"0[9a]01([0-9a-f]{6})([0-9a-f]{2})([0-9a-f]{8})")
"""The same in 10 bytes: kind of number, medium, maker in ASCII, block, number."""
_LARGEST_SERIAL: Final = 99_999_999
"""There is room for eight digits on the meter."""
_TWO_NUMBERS: Final = re.compile(r"[0-9]+-[0-9]+")
"""Tasmota's `%u-%u` of eight bytes; without the dash, 1-23 would be 12-3."""
_MAKER_WITHIN: Final = re.compile(r"(?:0[9a][0-9a-f]{2}|06|31)([0-9a-f]{6})[0-9a-f]*")
"""Where in a hex number the maker's letters are: in DIN 43863-5, in the older form of 06, maker
and number, and in the printed number as ASCII; the rest may be cut off."""


@dataclass(frozen=True, slots=True)
class MeterId:
    """Who a meter says it is; the same number means the same meter."""

    number: str
    """As printed on the meter where that is known, else as published: lower-case hex or ASCII."""
    manufacturer: str | None
    """Its name, or its three letters if we know no name for them."""


class MeterIdentity:
    """What a meter has published about itself."""

    def __init__(self) -> None:
        """Begin with nothing published."""
        self.number: MeterId | None = None
        self.manufacturer: str | None = None
        """Its name, from a manufacturer's code of its own."""
        self.has_number: bool | None = None
        """Whether the meter publishes a number at the moment, None if it has no key for it."""
        self._published: object = None

    @property
    def published_number(self) -> str | None:
        """The meter's number as its reader publishes it, None without a number."""
        return self._published if isinstance(self._published, str) and self.number else None

    @property
    def manufacturer_name(self) -> str | None:
        """The manufacturer, by the meter's number or by a code of its own."""
        return (self.number and self.number.manufacturer) or self.manufacturer

    def update(self, published: object) -> None:
        """Take the value of a key for the number or the manufacturer's code.

        Scripts mix the two up, so that each value is tried as both.
        """
        if published == self._published:
            return
        # 0 and "" are published until the reader has read the number.
        self._published = published
        self.has_number = bool(published)
        self.number = parse_meter_id(published) or self.number
        self.manufacturer = manufacturer_of(published) or self.manufacturer


def parse_meter_id(published: object) -> MeterId | None:
    """Return which meter a published value means, None if it tells no meter from another."""
    text = _text(published)
    # Zeros are not yet read, and words like "none" or "nan" are no number.
    if text is None or not re.search(r"[1-9]", text) or _maker_code(published):
        return None
    bare = _SEPARATORS.sub("", text)
    if printed := _as_printed(bare):
        return MeterId(printed, _name(printed[1:4]))
    if _TWO_NUMBERS.fullmatch(text):
        return MeterId(text, None)
    hexadecimal = bare.lower()
    if _HEX.fullmatch(hexadecimal):
        within = _MAKER_WITHIN.fullmatch(hexadecimal)
        return MeterId(hexadecimal, _name(_letters(within[1])) if within else None)
    return MeterId(text.replace(" ", "").upper(), None)


def manufacturer_of(published: object) -> str | None:
    """Return the manufacturer if the value is a maker's code and nothing else."""
    return _name(_maker_code(published))


def _text(published: object) -> str | None:
    """Return a published value as text, None if it cannot be an id."""
    if isinstance(published, int) and not isinstance(published, bool):
        # Python refuses to print integers of many thousand digits.
        published = str(published) if 0 <= published < 10**MAX_LENGTH else None
    if not isinstance(published, str) or not (published.isascii() and published.isprintable()):
        return None
    text = published.strip()
    return text if len(text) <= MAX_LENGTH else None


def _as_printed(bare: str) -> str | None:
    """Return the number that is printed on the meter, None if the text does not tell."""
    if _PRINTED.fullmatch(bare.upper()):
        return bare.upper()
    if din := _DIN.fullmatch(bare.lower()):
        code, block, serial = _letters(din[1]), din[2].upper(), int(din[3], 16)
        return f"1{code}{block}{serial:08}" if code and serial <= _LARGEST_SERIAL else None
    # The printed number itself as an octet string.
    spelt = _ascii(bare)
    return spelt if spelt and _PRINTED.fullmatch(spelt) else None


def _maker_code(published: object) -> str | None:
    """Return the three letters of a maker's code, printed as ASCII or as hex."""
    text = _text(published)
    if text is None or not isinstance(published, str):
        return None
    bare = _SEPARATORS.sub("", text)
    if re.fullmatch(r"[A-Za-z]{3}", bare):
        return bare.upper()
    code = _letters(bare)
    # Six digits may as well be the number of an old meter.
    return code if code in MANUFACTURERS or not bare.isdecimal() else None


def _letters(hexadecimal: str) -> str | None:
    """Return three letters from their six hex digits, None if they are no letters."""
    spelt = _ascii(hexadecimal)
    return spelt.upper() if spelt and re.fullmatch(r"[A-Za-z]{3}", spelt) else None


def _ascii(hexadecimal: str) -> str | None:
    """Return what hex digits spell in ASCII, None if they spell nothing."""
    if len(hexadecimal) % 2 or not _HEX.fullmatch(hexadecimal.lower()):
        return None
    octets = bytes.fromhex(hexadecimal)
    return octets.decode() if octets.isascii() else None


def _name(code: str | None) -> str | None:
    return MANUFACTURERS.get(code, code) if code else None
