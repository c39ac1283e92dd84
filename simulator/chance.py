"""Chance that can be repeated: the same question always has the same random answer."""

from functools import lru_cache
from hashlib import shake_128


@lru_cache(maxsize=20_000, typed=True)
def dice(*question: object, size: int) -> bytes:
    """Return `size` random bytes that depend on nothing but the question."""
    return shake_128("/".join(map(str, question)).encode()).digest(size)


def chance(*question: object) -> float:
    """Return a random number from 0 up to, not including, 1."""
    return int.from_bytes(dice(*question, size=4)) / 2**32


def between(low: float, high: float, *question: object) -> float:
    """Return a random number between two bounds."""
    return low + (high - low) * chance(*question)
