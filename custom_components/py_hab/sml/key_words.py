"""The words of which the keys of scripts consist, in German and English.

Words are in small letters, without umlauts. Compound words are taken apart: "Gesamtverbrauch" is not
in the table, "gesamt" and "verbrauch" are.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final


class Part(Enum):
    """What a word says about the value of a key."""

    ENERGY = auto()
    POWER = auto()
    VOLTAGE = auto()
    CURRENT = auto()
    FREQUENCY = auto()
    FACTOR = auto()
    NUMBER = auto()
    """A number or an id of something."""
    SERIAL = auto()
    """What has a number or an id, and no other value."""
    METER = auto()
    READING = auto()
    """What the meter shows, in any unit."""
    ELECTRICITY = auto()
    """German "Strom" is electricity and electric current."""
    CURRENT_OR_NOW = auto()
    """English "current" is the present and electric current."""
    NOW = auto()
    ACTIVE = auto()
    REACTIVE = auto()
    NET = auto()
    """The grid, the house and other words that do not change the meaning."""
    IMPORT = auto()
    EXPORT = auto()
    INWARD = auto()
    """A direction in connection with another word: "in" alone may be anything."""
    OUTWARD = auto()
    INPUT = auto()
    """Of a device as often as of the grid."""
    OUTPUT = auto()
    CONSUMPTION = auto()
    """Energy or power, as other words say."""
    TOTAL = auto()
    SUM = auto()
    """Over the phases, or over time."""
    HIGH_TARIFF = auto()
    LOW_TARIFF = auto()
    NO_TARIFF = auto()
    """Of all tariffs."""
    TARIFF = auto()
    """Marks the number that follows."""
    PHASE = auto()
    """Marks the number that follows."""
    NEUTRAL = auto()
    PERIOD = auto()
    """A day, a month, a year ...: such energy falls at the end of it."""
    NO_MEASUREMENT = auto()
    """Limits and maxima, apparent power, clock, status."""
    OTHER_MEDIUM = auto()
    """Gas, water, heat, temperature ...: not electricity."""
    OTHER_DEVICE = auto()
    """A device behind the meter, which has a power and an energy of its own."""
    KWH = auto()
    WH = auto()
    MWH = auto()
    W = auto()
    KW = auto()
    V = auto()
    A = auto()
    """Ampere. With a sign, "A" is active energy."""
    HZ = auto()
    KVARH = auto()
    VARH = auto()
    KVAR = auto()
    VAR = auto()


_LANGUAGE: Final = {
    Part.ENERGY: "energy energie arbeit",
    Part.POWER: "power leistung leistungs",
    Part.VOLTAGE: "voltage voltages spannung",
    Part.CURRENT: "amperage stromstaerke",
    Part.FREQUENCY: "frequency frequenz",
    Part.FACTOR: "factor faktor cosphi",
    Part.NUMBER: "number nummer nr id kennung",
    Part.SERIAL: "serial serien server geraete device",
    Part.METER: "meter zaehler smartmeter",
    Part.READING: "reading stand zaehlerstand counter",
    Part.ELECTRICITY: "strom electricity electric electrical elektrisch elektrische",
    Part.CURRENT_OR_NOW: "current",
    Part.NOW: (
        "now actual momentan momentane momentaner aktuell aktuelle aktueller aktuelles jetzt"
        " instant instantaneous live present"
    ),
    Part.ACTIVE: "active aktiv wirk real effective",
    Part.REACTIVE: "reactive blind reaktiv reaktive",
    Part.NET: "grid net netz house home haus household haushalt main haupt obis sml public value val wert",
    Part.IMPORT: (
        "import imported bezug bezogen bezogene entnahme entnommen consumed purchased bought drawn"
    ),
    Part.EXPORT: (
        "export exported einspeisung eingespeist eingespeiste einspeise lieferung geliefert"
        " abgabe abgegeben rueckspeisung ruecklieferung delivered supplied supply feed feedin injection injected sold returned"
    ),
    Part.INWARD: "in from pos positive positiv plus forward",
    Part.OUTWARD: "out to neg negative negativ minus reverse",
    Part.INPUT: "input",
    Part.OUTPUT: "output",
    Part.CONSUMPTION: "consumption verbrauch verbraucht usage",
    Part.TOTAL: "total gesamt gesamte gesamter overall",
    Part.SUM: "sum summe summen",
    Part.HIGH_TARIFF: "ht hochtarif haupttarif",
    Part.LOW_TARIFF: "nt niedertarif nebentarif night nacht",
    Part.NO_TARIFF: "tariflos",
    Part.TARIFF: "t tarif tariff",
    Part.PHASE: "l phase",
    Part.NEUTRAL: "n neutral",
    Part.PERIOD: (
        "d h day daily today yesterday week weekly month monthly year yearly hour hourly"
        " previous tag tages heute gestern woche monat monats jahr jahres stunde letzte letzter"
        " vormonat vorjahr vortag reset"
    ),
    Part.NO_MEASUREMENT: (
        "max min maximum minimum limit peak apparent schein va kva time date zeit datum uhrzeit"
        " timestamp stamp status state error version firmware uptime average avg mean mittel"
        " mittelwert durchschnitt diff difference differenz delta price preis cost kosten euro eur"
        " cent"
    ),
    Part.OTHER_MEDIUM: (
        "gas water wasser heat heating heiz heizung waerme waermemenge waermemengen kaelte cooling volume"
        " erdgas gasuhr wasseruhr kaltwasser warmwasser trinkwasser regenwasser brauchwasser"
        " fernwaerme wmz volumen flow durchfluss temp temperature temperatur vorlauf ruecklauf liter litre"
        " liters litres m3 cbm kubikmeter pressure druck humidity feuchte oil oel pulse impulse"
    ),
    Part.OTHER_DEVICE: (
        "pv solar photovoltaik battery batterie akku speicher generator gen generated wallbox car"
        " ev charger charge discharge heatpump waermepumpe wp load last inverter wechselrichter"
        " production produced produktion erzeugung erzeugt yield ertrag sensor boiler gateway"
    ),
    Part.KWH: "kwh kilowattstunden",
    Part.WH: "wh wattstunden",
    Part.MWH: "mwh",
    Part.W: "w watt watts",
    Part.KW: "kw kilowatt",
    Part.V: "volt volts",
    Part.A: "a amp amps ampere",
    Part.HZ: "hz hertz",
    Part.KVARH: "kvarh",
    Part.VARH: "varh",
    Part.KVAR: "kvar",
    Part.VAR: "var",
}
"""Words of the languages, units, and the letters of tariffs and phases."""

_DICTIONARY: Final = {
    Part.ENERGY: "e",
    Part.POWER: "p pow pwr",
    Part.VOLTAGE: "u v",
    Part.CURRENT: "i",
    Part.FACTOR: "pf",
    Part.NUMBER: "no num",
    Part.CURRENT_OR_NOW: "cur curr",
    Part.NOW: "akt act mom",
    Part.ACTIVE: "eff",
    Part.IMPORT: "imp",
    Part.EXPORT: "exp einsp",
    Part.CONSUMPTION: "verbr cons",
    Part.FREQUENCY: "freq",
    Part.TOTAL: "tot ges",
    Part.PHASE: "ph",
}
"""Symbols of formulas, and abbreviations that are in dictionaries."""

_HOME_MADE: Final = {
    Part.ENERGY: "nrg en",
    Part.METER: "zlr",
    Part.READING: "cnt zst",
    Part.TARIFF: "tar",
}
"""Abbreviations of the authors of scripts."""


def _by_word(table: Mapping[Part, str]) -> dict[str, Part]:
    return {word: part for part, words in table.items() for word in words.split()}


LANGUAGE: Final = _by_word(_LANGUAGE) | _by_word(_DICTIONARY)
WORDS: Final = LANGUAGE | _by_word(_HOME_MADE)
"""All words. `benchmarks/vocabulary.py` measures what is recognised without abbreviations that only
the measured scripts use."""
