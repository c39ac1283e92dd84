"""One codec for all that is stored: dataclasses to JSON and back.

A file may have been changed by hand, cut off, or written by another version, so decoding checks
every type. A field that is missing gets its default; a field that is not known is ignored.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
import math
from types import NoneType, UnionType
from typing import Any, Final, TypeAliasType, cast, get_args, get_origin, get_type_hints

STORED_AS: Final = "stored_as"
"""Key of a dataclass field's metadata: the name that the field has in JSON, if not its own."""


def encode(value: Any) -> Any:
    """Return a value as JSON has it. Dataclasses become objects, enums their values."""
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.isoformat()
        case Mapping():
            return {str(encode(key)): encode(item) for key, item in value.items()}
        case list() | tuple():
            return [encode(item) for item in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {
                stored: encode(getattr(value, name)) for name, stored, _ in _fields(type(value))
            }
        case _:
            return value


def decode[T](kind: type[T], stored: object) -> T:
    """Return what JSON holds as a dataclass, or another type that `encode` knows.

    Raises ValueError if the stored value is not of that type. Numbers must be finite, times have a
    zone.
    """
    return cast("T", _decode(kind, stored))


def decode_items[T](kind: type[T], stored: object) -> list[T]:
    """Return the items of a stored list that are of a type; others are left out."""
    items = stored if isinstance(stored, list) else []
    return [item for _, item in _valid(kind, enumerate(items))]


def decode_values[T](kind: type[T], stored: object) -> dict[str, T]:
    """Return the entries of a stored object whose values are of a type; others are left out."""
    entries = stored if isinstance(stored, dict) else {}
    return dict(_valid(kind, entries.items()))


def _valid[K, T](kind: type[T], entries: Any) -> Iterator[tuple[K, T]]:
    for key, item in entries:
        try:
            yield key, decode(kind, item)
        except ValueError:
            continue


@cache
def _fields(kind: Any) -> list[tuple[str, str, Any]]:
    """Return name, stored name and type of each field of a dataclass."""
    hints = get_type_hints(kind)
    return [
        (field.name, field.metadata.get(STORED_AS, field.name), hints[field.name])
        for field in fields(kind)
    ]


def _decode(kind: Any, stored: object) -> Any:
    while isinstance(kind, TypeAliasType):
        kind = kind.__value__
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return stored
    if origin is UnionType:
        return _decode_union(arguments, stored)
    if origin is list and isinstance(stored, list):
        return [_decode(arguments[0], item) for item in stored]
    if origin is tuple and isinstance(stored, list) and len(stored) == len(arguments):
        return tuple(_decode(*pair) for pair in zip(arguments, stored, strict=True))
    if origin is dict and isinstance(stored, dict):
        return {
            _decode_key(arguments[0], key): _decode(arguments[1], item)
            for key, item in stored.items()
        }
    if is_dataclass(kind) and isinstance(stored, dict):
        return _decode_fields(kind, stored)
    return _decode_plain(kind, stored)


def _decode_fields(kind: Any, stored: dict[str, object]) -> Any:
    found = {
        name: _decode(hint, stored[stored_name])
        for name, stored_name, hint in _fields(kind)
        if stored_name in stored
    }
    try:
        return kind(**found)
    except TypeError as err:
        raise ValueError(f"a field of {kind} is missing") from err


def _decode_union(kinds: tuple[Any, ...], stored: object) -> Any:
    if stored is None and NoneType in kinds:
        return None
    for kind in kinds:
        try:
            return _decode(kind, stored)
        except ValueError:
            continue
    raise ValueError(f"not one of {kinds}: {stored!r:.80}")


def _decode_key(kind: Any, key: str) -> Any:
    # JSON writes all keys as text.
    return _decode(kind, int(key) if kind is int else key)


def _decode_plain(kind: Any, stored: object) -> Any:
    if kind is NoneType and stored is None:
        return None
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(stored)
    if isinstance(kind, type) and issubclass(kind, datetime) and isinstance(stored, str):
        moment = datetime.fromisoformat(stored)
        if moment.tzinfo is not None:
            return moment
    if kind is float and isinstance(stored, int | float) and not isinstance(stored, bool):
        try:
            number = float(stored)
        except OverflowError as err:
            raise ValueError("too large") from err
        if math.isfinite(number):
            return number
    elif kind in (int, str, bool, dict, list) and type(stored) is kind:
        return stored
    raise ValueError(f"not {kind}: {stored!r:.80}")
