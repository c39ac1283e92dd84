"""The codec for everything that is stored: dataclasses to JSON and back.

A stored file may have been edited, truncated or written by another version, so decoding checks every
type. A missing field gets its default, an unknown field is ignored.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
import math
from types import NoneType, UnionType
from typing import Any, Final, NamedTuple, TypeAliasType, cast, get_args, get_origin, get_type_hints

STORED_AS: Final = "stored_as"
"""Metadata key of a dataclass field: its name in JSON, if that differs from its own name."""

_AS_IN_JSON: Final = (NoneType, bool, dict, int, list, str)
"""Types whose values are stored as they are."""


def encode(value: Any) -> Any:
    """Return a value in its JSON form. Dataclasses become objects, enums their values."""
    match value:
        case Enum():
            return value.value
        case date():
            return value.isoformat()
        case Mapping():
            return {str(encode(key)): encode(item) for key, item in value.items()}
        case list() | tuple():
            return [encode(item) for item in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {
                field.stored_name: encode(getattr(value, field.name))
                for field in _fields(type(value))
            }
        case _:
            return value


def decode[T](kind: type[T], stored: object) -> T:
    """Return a stored value as a dataclass, or as another type that `encode` supports.

    Raises ValueError if the stored value does not fit the type, if a number is not finite, or if a
    time has no zone.
    """
    return cast("T", _decode(kind, stored))


def decode_items[T](kind: type[T], stored: object) -> list[T]:
    """Return the items of a stored list that fit a type; others are dropped."""
    items = stored if isinstance(stored, list) else []
    return [item for _, item in _valid(kind, enumerate(items))]


def decode_values[T](kind: type[T], stored: object) -> dict[str, T]:
    """Return the entries of a stored object whose values fit a type; others are dropped."""
    entries = stored if isinstance(stored, dict) else {}
    return dict(_valid(kind, entries.items()))


def _valid[K, T](kind: type[T], entries: Any) -> Iterator[tuple[K, T]]:
    for key, item in entries:
        try:
            yield key, decode(kind, item)
        except ValueError:
            continue


class _Field(NamedTuple):
    """A field of a dataclass."""

    name: str
    stored_name: str
    """Its name in JSON."""
    kind: Any
    """Its type."""


@cache
def _fields(kind: Any) -> list[_Field]:
    """Return the fields of a dataclass."""
    hints = get_type_hints(kind)
    return [
        _Field(field.name, field.metadata.get(STORED_AS, field.name), hints[field.name])
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
        field.name: _decode(field.kind, stored[field.stored_name])
        for field in _fields(kind)
        if field.stored_name in stored
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
    # In JSON every key is a string.
    return _decode(kind, int(key) if kind is int else key)


def _decode_plain(kind: Any, stored: object) -> Any:
    if kind in _AS_IN_JSON and type(stored) is kind:
        return stored
    if kind is float and isinstance(stored, int | float) and not isinstance(stored, bool):
        return _decode_number(stored)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(stored)
    if isinstance(kind, type) and issubclass(kind, date) and isinstance(stored, str):
        return _decode_time(kind, stored)
    raise ValueError(f"not {kind}: {stored!r:.80}")


def _decode_number(stored: float) -> float:
    try:
        number = float(stored)
    except OverflowError as err:
        raise ValueError("too large") from err
    if not math.isfinite(number):
        raise ValueError(f"not finite: {number}")
    return number


def _decode_time(kind: type[date], stored: str) -> date:
    """Return a day, or a time, which must have a zone."""
    if not issubclass(kind, datetime):
        return date.fromisoformat(stored)
    time = datetime.fromisoformat(stored)
    if time.tzinfo is None:
        raise ValueError(f"no zone: {stored:.80}")
    return time
