"""How many keys of the published Tasmota scripts are taken for what their OBIS codes say.

A script's line holds key, OBIS code and unit; only the key reaches py_hab. The measured set are
the lines whose code and unit are consistent, that is, do not contradict each other.

A key is interpreted beside the other keys of its block, as the integration does it. Counters that
are recognised with a doubt are counted apart: they are shown once the user has confirmed them. A key
that a script publishes for two registers is counted apart, too: nobody can say what it means.

The tables were made from these scripts. How well they do on others is measured by cross-validation:
the scripts are divided into families, by the manufacturer of the meter and by the author of the
script, and each family is interpreted without what only its own scripts have contributed: an
exceptional name, or an abbreviation, that no script of another family uses.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
import json
from pathlib import Path
import re
from typing import Any, Final

from benchmarks.table import print_table
from custom_components.py_hab.sml.key_names import (
    _FAMILIES,
    NAMES,
    SPELLED,
    KeyNames,
    _folded,
    mappings_of_names,
)
from custom_components.py_hab.sml.key_parts import take_apart
from custom_components.py_hab.sml.key_words import LANGUAGE, WORDS
from custom_components.py_hab.sml.registers import QUANTITIES, TOTALS, KeyMapping, Quantity

SCRIPTS: Final = (
    Path(__file__).parent.parent.parent / "shared" / "captures" / "sml_descriptors.jsonl"
)
"""Lines of published scripts; not part of the project."""

# Written down apart from the integration's own table, which is what is measured.
ROLES: Final[dict[str, Quantity]] = {
    "1.8.0": Quantity.ENERGY_IMPORT,
    "1.8.1": Quantity.ENERGY_IMPORT_T1,
    "1.8.2": Quantity.ENERGY_IMPORT_T2,
    "1.8.3": Quantity.ENERGY_IMPORT_T3,
    "1.8.4": Quantity.ENERGY_IMPORT_T4,
    "2.8.0": Quantity.ENERGY_EXPORT,
    "2.8.1": Quantity.ENERGY_EXPORT_T1,
    "2.8.2": Quantity.ENERGY_EXPORT_T2,
    "2.8.3": Quantity.ENERGY_EXPORT_T3,
    "2.8.4": Quantity.ENERGY_EXPORT_T4,
    "16.7.0": Quantity.POWER,
    "15.7.0": Quantity.POWER_ABSOLUTE,
    "1.7.0": Quantity.POWER_IMPORT,
    "2.7.0": Quantity.POWER_EXPORT,
    "21.7.0": Quantity.POWER_L1,
    "36.7.0": Quantity.POWER_L1,
    "41.7.0": Quantity.POWER_L2,
    "56.7.0": Quantity.POWER_L2,
    "61.7.0": Quantity.POWER_L3,
    "76.7.0": Quantity.POWER_L3,
    "32.7.0": Quantity.VOLTAGE_L1,
    "52.7.0": Quantity.VOLTAGE_L2,
    "72.7.0": Quantity.VOLTAGE_L3,
    "31.7.0": Quantity.CURRENT_L1,
    "51.7.0": Quantity.CURRENT_L2,
    "71.7.0": Quantity.CURRENT_L3,
    "91.7.0": Quantity.CURRENT_N,
    "14.7.0": Quantity.FREQUENCY,
    "13.7.0": Quantity.POWER_FACTOR,
    "81.7.1": Quantity.PHASE_ANGLE_L2_L1,
    "81.7.2": Quantity.PHASE_ANGLE_L3_L1,
    "81.7.4": Quantity.PHASE_ANGLE_L1,
    "81.7.15": Quantity.PHASE_ANGLE_L2,
    "81.7.26": Quantity.PHASE_ANGLE_L3,
    "3.8.0": Quantity.REACTIVE_ENERGY_IMPORT,
    "4.8.0": Quantity.REACTIVE_ENERGY_EXPORT,
    "3.7.0": Quantity.REACTIVE_POWER_IMPORT,
    "4.7.0": Quantity.REACTIVE_POWER_EXPORT,
    "96.1.0": Quantity.METER_ID,
    "0.0.9": Quantity.METER_ID,
    "0.0.0": Quantity.METER_ID,
    "0.0.1": Quantity.METER_ID,
    "C.1.0": Quantity.METER_ID,
    "96.50.1": Quantity.MANUFACTURER,
}
"""By groups C, D and E of the OBIS code; every other code is one that py_hab has no quantity for."""
UNITS: Final[dict[str, tuple[str, float]]] = {
    "kwh": ("kWh", 1),
    "wh": ("kWh", 0.001),
    "w": ("W", 1),
    "kw": ("W", 1000),
    "kvarh": ("kvarh", 1),
    "kvar": ("var", 1000),
    "v": ("V", 1),
    "a": ("A", 1),
    "hz": ("Hz", 1),
    "deg": ("°", 1),
    "°": ("°", 1),
    "": ("", 1),
}
"""A script's unit in small letters: py_hab's unit, and the factor that leads to it."""
CODE: Final = re.compile(
    r"(?:[01]-[01]:|\.)?"  # some scripts' patterns begin with the dot
    r"(?:(\d+|C)\.(\d+)\.(\d+)|(\d+)\.(7))"  # or leave out group E
    r"(?:\*(\d+))?"
)
SAME_KIND: Final[dict[Quantity, str]] = {
    Quantity.ENERGY_IMPORT: r"(1|15)\.8\.\d",
    Quantity.ENERGY_EXPORT: r"2\.8\.\d",
    Quantity.POWER: r"(1|15|16|21|36|61)\.7\.0",
}
"""Codes that are a total's relatives: a tariff of it, or the same power without a sign.

Meters with a single phase report it as L1, EasyMeter's Q1D as L3 (61.7)."""


SAME_MANUFACTURER: Final[dict[str, str]] = {
    "honeywell": "elster",
    "digimeteo": "zpa",
    "eastron": "sdm",
    "metcom": "pafal",
    "hager": "easymeter",
}
"""Names under which the same meters are sold."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What a script's line says that it publishes."""

    key: str
    code: str
    """Groups C, D and E, and F if it is a period of the past."""
    quantity: Quantity
    factor: float


@dataclass(slots=True)
class Measurement:
    """What became of the lines."""

    lines: Counter[Quantity] = field(default_factory=Counter)
    recognised: Counter[Quantity] = field(default_factory=Counter)
    doubtful: Counter[Quantity] = field(default_factory=Counter)
    """Recognised, but a counter waits until the user confirms it."""
    outside: Counter[str] = field(default_factory=Counter)
    """Why a line is not measured."""
    contradicting: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Key, OBIS code and unit of lines that are wrong."""
    undecidable: Counter[Quantity] = field(default_factory=Counter)
    """Not recognised, and nobody could: a script publishes two registers under this key."""
    missed: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Key and code of totals that were not recognised."""
    relatives: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Key and code of what was taken for a total and is of the same kind."""
    strangers: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Key and code of what was taken for a total and is something else, or has another unit."""

    def add(self, other: Measurement) -> None:
        """Add the lines of another measurement."""
        for name in _ADDED:
            getattr(self, name).update(getattr(other, name))

    def share(self, quantity: Quantity) -> float:
        """Return how much of a quantity's lines was recognised, 0..1."""
        return self.recognised[quantity] / self.lines[quantity]

    def share_of_decidable(self, quantity: Quantity) -> float:
        """Return the share without the lines that nobody could recognise, 0..1."""
        return self.recognised[quantity] / (self.lines[quantity] - self.undecidable[quantity])


_ADDED: Final = (
    *("lines", "recognised", "doubtful", "undecidable"),
    *("missed", "relatives", "strangers"),
)
"""The counts of families that can be added."""


def truth(line: dict[str, Any]) -> Truth | str:
    """Return what a script's line publishes, or why it is not counted."""
    if not line["obis"]:
        return "without OBIS code"
    if not (match := CODE.fullmatch(line["obis"])):
        return "no code of an electricity meter"
    c, d, e, short_c, short_d, f = match.groups()
    # 255 in group E stands for "not used".
    code = f"{c}.{d}.{'0' if e == '255' else e}" if c else f"{short_c}.{short_d}.0"
    quantity = ROLES.get(code, Quantity.NO_MEASUREMENT)
    if f not in {None, "255", "00"} and quantity is not Quantity.MANUFACTURER:
        return Truth(line["key"], f"{code}*{f}", Quantity.NO_MEASUREMENT, 1)
    unit, factor = UNITS.get(line["unit"].casefold(), (None, 1.0))
    if quantity is not Quantity.NO_MEASUREMENT and unit != QUANTITIES[quantity].unit:
        return "OBIS code and unit contradict each other"
    return Truth(
        line["key"], code, quantity, factor if quantity is not Quantity.NO_MEASUREMENT else 1
    )


type Interpretation = Callable[[str, Iterable[str]], Mapping[str, KeyMapping]]
"""Returns what the keys of a block mean, by the block's name and its keys."""


def blocks_of(lines: Iterable[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return lines by the block in which a script publishes them.

    A line that does not say of which meter it is stands alone.
    """
    blocks: dict[tuple[object, ...], list[dict[str, Any]]] = {}
    for number, line in enumerate(lines):
        meter = line.get("meter", number)
        block = (meter, line.get("vocabulary"), line.get("prefix"))
        blocks.setdefault(block, []).append(line)
    return list(blocks.values())


def measure(
    lines: Iterable[dict[str, Any]], mappings_of: Interpretation = mappings_of_names
) -> Measurement:
    """Compare what the keys are taken for with what the lines say."""
    result = Measurement()
    for block in blocks_of(lines):
        codes = {(line["key"], line["obis"]) for line in block}
        keys = Counter(key for key, _code in codes)
        mappings = mappings_of(block[0].get("prefix", ""), keys)
        for line in block:
            _measure_line(line, mappings.get(line["key"]), result, is_twice=keys[line["key"]] > 1)
    return result


def _measure_line(
    line: dict[str, Any], found: KeyMapping | None, result: Measurement, *, is_twice: bool
) -> None:
    reported = truth(line)
    if isinstance(reported, str):
        result.outside[reported] += 1
        if "contradict" in reported:
            result.contradicting[line["key"], line["obis"], line["unit"]] += 1
        return
    # A doubtful factor may differ: the user confirms it, or a power's values correct it.
    right = (
        found is not None
        and found.quantity is reported.quantity
        and (found.factor == reported.factor or found.doubtful)
    )
    result.lines[reported.quantity] += 1
    result.recognised[reported.quantity] += right
    result.doubtful[reported.quantity] += right and found is not None and found.doubtful
    result.undecidable[reported.quantity] += not right and is_twice
    if not right and reported.quantity in TOTALS:
        result.missed[reported.key, reported.code] += 1
    if not right and found and found.quantity in TOTALS:
        related = (
            found.quantity is not reported.quantity
            and found.factor == reported.factor
            and re.fullmatch(SAME_KIND[found.quantity], reported.code)
        )
        (result.relatives if related else result.strangers)[reported.key, reported.code] += 1


def manufacturer_of(line: dict[str, Any]) -> str:
    """Return the manufacturer of the meter that a line's script is for."""
    name = re.search(r"[^\W\d_]{2,}", line["meter"])
    manufacturer = name.group().casefold() if name else str(line["meter"])
    return SAME_MANUFACTURER.get(manufacturer, manufacturer)


def author_of(line: dict[str, Any]) -> str:
    """Return the author of a line's script."""
    return str(line["vocabulary"]).removesuffix("-crawl")


def names_of_others(keys: Iterable[str], *, with_language: bool) -> KeyNames:
    """Return the interpretation of names as it would be if only these keys were known.

    `with_language` adds the words that are in dictionaries and standards, not in these keys.
    """
    known = set(keys)
    spelled = {key.strip() for key in known}
    folded = {_folded(key) for key in known}
    words = {word for key in known for word in take_apart(key).words}
    if with_language:
        words |= LANGUAGE.keys()
    return KeyNames(
        {key: mapping for key, mapping in SPELLED.items() if key in spelled},
        {name: mapping for name, mapping in NAMES.items() if name in folded},
        tuple(family for family in _FAMILIES if any(map(family.matches, folded))),
        {word: part for word, part in WORDS.items() if word in words},
    )


def cross_validate(
    lines: list[dict[str, Any]],
    family_of: Callable[[dict[str, Any]], str],
    *,
    with_language: bool = True,
) -> Measurement:
    """Measure each family of scripts without what only its own scripts have contributed."""
    result = Measurement()
    for family in sorted({family_of(line) for line in lines}):
        others = names_of_others(
            (line["key"] for line in lines if family_of(line) != family),
            with_language=with_language,
        )
        left_out = [line for line in lines if family_of(line) == family]
        result.add(measure(left_out, others.mappings_of))
    return result


def read(path: Path) -> list[dict[str, Any]]:
    """Return the lines of published scripts."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def print_cross_validation(lines: list[dict[str, Any]]) -> None:
    """Print what is recognised of scripts whose family has contributed nothing."""
    rows = []
    wrong: Counter[tuple[str, str]] = Counter()
    for left_out, family_of in (("manufacturer", manufacturer_of), ("author", author_of)):
        for words, with_language in (("language, others' keys", True), ("others' keys", False)):
            result = cross_validate(lines, family_of, with_language=with_language)
            wrong |= result.strangers
            asked = sum(result.doubtful[total] for total in TOTALS)
            rows.append(
                [
                    left_out,
                    words,
                    *(f"{result.share(total):.1%}" for total in sorted(TOTALS)),
                    str(asked),
                    str(sum(result.undecidable[total] for total in TOTALS)),
                    str(result.strangers.total()),
                ]
            )
    print_table(
        "Families left out",
        f"left out, words from, {', '.join(sorted(TOTALS))}, doubtful, undecidable, wrong",
        rows,
    )
    print_table(
        "Taken wrongly in a family that was left out",
        "key, OBIS code, lines",
        [[f"`{key}`", code, str(count)] for (key, code), count in sorted(wrong.items())],
    )


def main() -> None:
    """Print the measurement."""
    scripts = read(SCRIPTS)
    print_cross_validation(scripts)
    result = measure(scripts)
    print_table(
        "Keys of published scripts",
        "role, lines, recognised, of these doubtful, share",
        [
            [
                quantity,
                str(lines),
                str(result.recognised[quantity]),
                str(result.doubtful[quantity]),
                f"{result.share(quantity):.1%}",
            ]
            for quantity in Quantity
            if (lines := result.lines[quantity])
        ],
    )
    print_table(
        "Taken for a total, but",
        "which, key, OBIS code, lines",
        [
            [which, f"`{key}`", code, str(count)]
            for which, found in (
                ("of another kind", result.strangers),
                ("of the same kind", result.relatives),
                ("(a total that was missed)", result.missed),
            )
            for (key, code), count in sorted(found.items())
        ],
    )
    print(f"\nWrong, of another kind: {result.strangers.total()}")
    print_table(
        "Not measured",
        "why, lines",
        [[why, str(count)] for why, count in result.outside.most_common()],
    )
    print_table(
        "OBIS code and unit contradict each other",
        "key, OBIS code, unit, lines",
        [
            [f"`{key}`", code, unit, str(count)]
            for (key, code, unit), count in sorted(result.contradicting.items())
        ],
    )


if __name__ == "__main__":
    main()
