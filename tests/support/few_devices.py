"""A box with few devices, for folders of tests that are not about many."""

from collections.abc import Collection

import pytest

from simulator.fritzbox_devices import BATH, IMPORT, REFRIGERATOR, WORKSHOP


@pytest.fixture
def ains() -> Collection[str]:
    """Two plugs, a thermostat and a meter."""
    return {REFRIGERATOR, WORKSHOP, BATH, IMPORT.removesuffix("-1"), IMPORT}
