"""Shows what a reader has published, in the forms about the meanings of keys."""

from collections.abc import Iterable, Mapping
import math
from typing import Final, NamedTuple

from ..const import DOMAIN
from ..sml.key_mapping import CHOICES, ORDER
from ..sml.meter_id import manufacturer_of, parse_meter_id
from ..sml.payload import number_in
from ..sml.registers import COUNTERS, QUANTITIES, KeyMapping, Quantity, QuantityKind
from ..util.texts import as_code, as_markdown, clean_text, local_number

_NUMBER: Final = ",.10g"
"""Format of a number, as on the display of a meter."""
_MAX_TEXT: Final = 40
"""Characters of a published text that are shown."""
_NOTHING: Final = "-"
_POWERS: Final = frozenset(quantity for quantity, info in QUANTITIES.items() if info.unit == "W")


class ReceivedValue(NamedTuple):
    """A value that a reader has published."""

    prefix: str
    """The name of its block."""
    name: str
    """The name of its key in the form."""
    key: str
    value: object


def in_form_order(names: Iterable[str], choices: Mapping[str, str]) -> list[str]:
    """Sort the names of keys by their meanings. Unknown keys come before those that are not used."""

    def rank(name: str) -> float:
        choice = choices.get(name)
        return ORDER.index(CHOICES[choice].quantity) if choice else len(ORDER) - 1.5

    return sorted(dict.fromkeys(names), key=rank)


def received_values(
    blocks: Mapping[str, Mapping[str, object]], names: Mapping[str, Mapping[str, str]]
) -> list[ReceivedValue]:
    """Return the values of blocks. `names` are the keys of each block by their name in the form."""
    return [
        ReceivedValue(prefix, name, key, blocks[prefix][key])
        for prefix, keys in names.items()
        for name, key in keys.items()
    ]


def as_table(
    received: Iterable[ReceivedValue],
    choices: Mapping[str, str],
    texts: Mapping[str, str],
    *,
    language: str,
) -> str:
    """Return rows of a Markdown table: meaning, value with its unit, and key.

    texts: the translations of selectors.
    """
    values = list(received)
    is_one_block = len({item.prefix for item in values}) == 1
    order = in_form_order((item.name for item in values), choices)
    return "\n".join(
        "| {} | {} | {} |".format(
            meaning_of(choices.get(item.name), texts),
            value_text(item.value, _mapping(choices.get(item.name)), language=language),
            " ".join(map(as_code, filter(None, ("" if is_one_block else item.prefix, item.key)))),
        )
        for item in sorted(values, key=lambda item: order.index(item.name))
    )


def values_by_name(
    received: Iterable[ReceivedValue], choices: Mapping[str, str], *, language: str
) -> dict[str, str]:
    """Return the value of each key as plain text, by the name of the key in the form.

    A key that is in several blocks has several values.
    """
    values: dict[str, list[str]] = {}
    for item in received:
        shown = plain_value(item.value, _mapping(choices.get(item.name)), language=language)
        values.setdefault(item.name, []).append(shown)
    return {name: ", ".join(found) for name, found in values.items()}


def meaning_of(choice: str | None, texts: Mapping[str, str]) -> str:
    """Return the translated name of a quantity, without the unit that the choice names."""
    if choice is None:
        return _NOTHING
    quantity = CHOICES[choice].quantity
    text = texts.get(f"component.{DOMAIN}.selector.register.options.{quantity}", quantity)
    return text.removesuffix(f" ({QUANTITIES[quantity].unit})")


def value_text(value: object, mapping: KeyMapping | None, *, language: str) -> str:
    """Return a published value as the user knows it, for Markdown."""
    shown = plain_value(value, mapping, language=language)
    return shown if shown == _NOTHING else as_markdown(shown)


def plain_value(value: object, mapping: KeyMapping | None, *, language: str) -> str:
    """Return a published value as the user knows it: in the unit of its quantity, and decoded."""
    if mapping is not None and QUANTITIES[mapping.quantity].kind is QuantityKind.TEXT:
        meter_id = parse_meter_id(value)
        return _text(meter_id.number if meter_id else manufacturer_of(value) or "")
    number = number_in(value)
    if math.isnan(number):
        return _text(value if isinstance(value, str) else "")
    factor, unit = (mapping.factor, QUANTITIES[mapping.quantity].unit) if mapping else (1.0, "")
    return f"{local_number(number * factor, _NUMBER, language=language)} {unit}".rstrip()


def seems_locked(received: Iterable[ReceivedValue], choices: Mapping[str, str]) -> bool:
    """Whether a meter seems to lack its PIN: it counts in whole kWh and reports no power.

    A script may publish whole kWh on purpose, so a power of zero or an empty number is needed, too.
    """
    blocks: dict[str, list[tuple[KeyMapping, object]]] = {}
    for item in received:
        if mapping := _mapping(choices.get(item.name)):
            blocks.setdefault(item.prefix, []).append((mapping, item.value))
    return any(map(_is_locked, blocks.values()))


def _is_locked(values: Iterable[tuple[KeyMapping, object]]) -> bool:
    counters: list[float] = []
    powers: list[float] = []
    has_empty_id = False
    for mapping, value in values:
        number = number_in(value) * mapping.factor
        if mapping.quantity in COUNTERS:
            counters.append(number)
        elif mapping.quantity in _POWERS:
            powers.append(number)
        elif mapping.quantity is Quantity.METER_ID:
            has_empty_id = not value
    is_whole = any(counters) and all(round(number, 6).is_integer() for number in counters)
    return is_whole and not any(powers) and (bool(powers) or has_empty_id)


def _mapping(choice: str | None) -> KeyMapping | None:
    return CHOICES[choice] if choice else None


def _text(value: str) -> str:
    return clean_text(value[:_MAX_TEXT]) or _NOTHING
