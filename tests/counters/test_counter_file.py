"""The file of an entry's counters; `test_store` and tests/field/test_storage read damaged ones."""

from typing import Any

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.counters.counter_file import (
    CounterFile,
    StoredCounters,
    StoredReading,
)
from custom_components.py_hab.counters.gap import Gap
from custom_components.py_hab.counters.verdict import Verdict
from homeassistant.core import HomeAssistant

CONTENT = StoredCounters(
    readings={"import": StoredReading(5.0, 1000.0), "export": StoredReading(0.5, None)},
    notes={"x": 1},
    gaps=[
        Gap(key="import", start=1.0, before=4.0, end=2.0, after=5.0, verdict=Verdict.ACCEPTED),
    ],
)


async def test_what_was_saved_is_read_again(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    file = CounterFile(hass, "entry", lambda: CONTENT)
    assert await file.async_read() == StoredCounters()
    await file.async_save()
    assert hass_storage[f"{DOMAIN}.entry"]["data"]["counters"]["import"] == [5.0, 1000.0]
    assert await CounterFile(hass, "entry", StoredCounters).async_read() == CONTENT
    await file.async_remove()
    assert f"{DOMAIN}.entry" not in hass_storage
