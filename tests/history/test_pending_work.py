"""What is maintained before the next run of the whole history."""

from custom_components.py_hab.const import CONF_HISTORY
from custom_components.py_hab.history.pending_work import PendingWork
from custom_components.py_hab.history.retries import RETRY
from custom_components.py_hab.history.statistics.editor import get_editor
from homeassistant.util import dt as dt_util
from simulator.fritzbox_devices import BATH, IMPORT, REFRIGERATOR
from tests.support.box_house import METER, House, outage


async def test_counters_with_gaps_and_silent_devices_wait_for_work(house: House) -> None:
    await house.start(**{CONF_HISTORY: False})
    await outage(house, 3)
    data = house.entry.runtime_data
    pending = PendingWork(house.hass, data.coordinator, data.counters)
    assert pending.counters() == {IMPORT, REFRIGERATOR}
    assert not pending.has_old_gaps()
    assert await pending.async_damaged(None) == set()
    assert not pending.is_search_due(dt_util.utcnow())

    pending.note({BATH: False})
    assert BATH not in pending.counters(), "a silent device is asked again after a pause"
    await house.time.passes(house.hass, RETRY, step=RETRY)
    assert BATH in pending.counters()

    get_editor(house.hass).journal.changes_of(METER).undone = True
    assert IMPORT not in pending.counters(), "the user has undone its changes"
