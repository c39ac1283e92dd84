"""What these tests share: a box with few devices."""

from tests.support.few_devices import ains

__all__ = ["ains"]
