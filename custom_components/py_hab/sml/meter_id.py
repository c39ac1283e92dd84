"""Parser for the number and the manufacturer of a meter.

An SML meter sends its number as an octet string (OBIS 96.1.0, 0.0.9 or 0.0.0). Tasmota prints it as
lower-case hex and cuts it at 23 characters; a script can also have it printed as ASCII or, if it has
8 bytes, as `%u-%u`. A D0 meter sends ASCII. OBIS 96.50.1 is only the code of the manufacturer. The
value is 0 or empty until the meter has been read, and while its PIN is missing.
"""

from dataclasses import dataclass
import re
from typing import Final

MAX_LENGTH: Final = 40
"""Characters. Tasmota cuts the number at 23, separators come on top."""

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
"""Names by three-letter code of the FLAG association (DLMS), for meters that are used in homes."""

_SEPARATORS: Final = re.compile(r"[ :._-]")
_HEX: Final = re.compile(r"[0-9a-f]+")
_PRINTED: Final = re.compile(r"1[A-Z]{3}[0-9A-F]{2}[0-9]{8}")
"""DIN 43863-5 as printed on the meter: 1 for electricity, manufacturer, block, number."""
_DIN: Final = re.compile(r"0[9a]01([0-9a-f]{6})([0-9a-f]{2})([0-9a-f]{8})")
"""The same in 10 bytes: kind of number, medium, manufacturer in ASCII, block, number."""
_LARGEST_SERIAL: Final = 99_999_999
"""The number on the meter has eight digits."""
_TWO_NUMBERS: Final = re.compile(r"[0-9]+-[0-9]+")
"""Tasmota's `%u-%u` of eight bytes. Without the dash, 1-23 and 12-3 would be equal."""
_WITH_MANUFACTURER: Final = re.compile(r"(?:0[9a][0-9a-f]{2}|06|31)([0-9a-f]{6})[0-9a-f]*")
"""The manufacturer's letters in a hex number, which may be cut off behind them: in DIN 43863-5, in
the older form of 06, manufacturer and number, and in the printed number as ASCII."""


@dataclass(frozen=True, slots=True)
class MeterId:
    """The identity of a meter. Two meters are the same if their numbers are equal."""

    number: str
    """As printed on the meter if that is known, otherwise as published, in lower-case hex or ASCII."""
    manufacturer: str | None
    """Its name, or its three letters if the name is unknown."""


def is_electric(number: str) -> bool:
    """Whether a number, as in `MeterId`, says that its meter is one of electricity."""
    return _PRINTED.fullmatch(number) is not None


class MeterIdentity:
    """What a meter has published about its number and manufacturer."""

    def __init__(self) -> None:
        """Start without any published value."""
        self.number: MeterId | None = None
        self.manufacturer: str | None = None
        """Its name, from a key that contains only the code of the manufacturer."""
        self.has_number: bool | None = None
        """Whether the meter now publishes a number, None if it has no key for it."""
        self._published: object = None

    @property
    def published_number(self) -> str | None:
        """The number of the meter as its reader publishes it, None without a number."""
        return self._published if isinstance(self._published, str) and self.number else None

    @property
    def manufacturer_name(self) -> str | None:
        """The manufacturer, from the number of the meter or from a separate key."""
        return (self.number and self.number.manufacturer) or self.manufacturer

    def update(self, published: object) -> None:
        """Process the value of a key for the number or for the manufacturer.

        Scripts confuse the two, so each value is parsed as both.
        """
        if published == self._published:
            return
        # Scripts publish 0 or "" until the reader has read the number.
        self._published = published
        self.has_number = bool(published)
        self.number = parse_meter_id(published) or self.number
        self.manufacturer = manufacturer_of(published) or self.manufacturer


def parse_meter_id(published: object) -> MeterId | None:
    """Return the identity in a published value, None if the value does not identify a meter."""
    text = _text(published)
    # Zeros have not been read yet. Words like "none" and "nan" are not numbers.
    if text is None or not re.search(r"[1-9]", text) or _manufacturer_code(published):
        return None
    bare = _SEPARATORS.sub("", text)
    if printed := _as_printed(bare):
        return MeterId(printed, _name(printed[1:4]))
    if _TWO_NUMBERS.fullmatch(text):
        return MeterId(text, None)
    hexadecimal = bare.lower()
    if _HEX.fullmatch(hexadecimal):
        within = _WITH_MANUFACTURER.fullmatch(hexadecimal)
        return MeterId(hexadecimal, _name(_letters(within[1])) if within else None)
    return MeterId(text.replace(" ", "").upper(), None)


def manufacturer_of(published: object) -> str | None:
    """Return the manufacturer if the value is only the code of one, otherwise None."""
    return _name(_manufacturer_code(published))


def _text(published: object) -> str | None:
    """Return a published value as text, None if it cannot be a number or a code."""
    if isinstance(published, int) and not isinstance(published, bool):
        # Python refuses to convert integers of many thousand digits.
        published = str(published) if 0 <= published < 10**MAX_LENGTH else None
    if not isinstance(published, str) or not (published.isascii() and published.isprintable()):
        return None
    text = published.strip()
    return text if len(text) <= MAX_LENGTH else None


def _as_printed(bare: str) -> str | None:
    """Return the number as printed on the meter, None if the text does not contain it."""
    if _PRINTED.fullmatch(bare.upper()):
        return bare.upper()
    if din := _DIN.fullmatch(bare.lower()):
        code, block, serial = _letters(din[1]), din[2].upper(), int(din[3], 16)
        return f"1{code}{block}{serial:08}" if code and serial <= _LARGEST_SERIAL else None
    # The printed number as an octet string.
    spelt = _ascii(bare)
    return spelt if spelt and _PRINTED.fullmatch(spelt) else None


def _manufacturer_code(published: object) -> str | None:
    """Return the three letters of a manufacturer's code, from ASCII or hex, None for other values."""
    text = _text(published)
    if text is None or not isinstance(published, str):
        return None
    bare = _SEPARATORS.sub("", text)
    if re.fullmatch(r"[A-Za-z]{3}", bare):
        return bare.upper()
    code = _letters(bare)
    # Six decimal digits can also be the number of an old meter.
    return code if code in MANUFACTURERS or not bare.isdecimal() else None


def _letters(hexadecimal: str) -> str | None:
    """Return the three letters that six hex digits spell, None for other characters."""
    spelt = _ascii(hexadecimal)
    return spelt.upper() if spelt and re.fullmatch(r"[A-Za-z]{3}", spelt) else None


def _ascii(hexadecimal: str) -> str | None:
    """Return the ASCII text that hex digits spell, None if there is none."""
    if len(hexadecimal) % 2 or not _HEX.fullmatch(hexadecimal.lower()):
        return None
    octets = bytes.fromhex(hexadecimal)
    return octets.decode() if octets.isascii() else None


def _name(code: str | None) -> str | None:
    return MANUFACTURERS.get(code, code) if code else None
