"""How device statistics are requested from the box."""

from datetime import timedelta

from custom_components.py_hab.fritzbox_api import FritzBoxConnectionError
from custom_components.py_hab.history.maintenance import NOT_REPORTED
from homeassistant.const import CONF_SCAN_INTERVAL
from simulator.fritzbox_devices import IMPORT, REFRIGERATOR
from tests.support.box_house import (
    FRIDGE,
    METER,
    House,
    refuses,
)


async def test_counters_are_read_again_once_when_the_box_tells_of_the_past(house: House) -> None:
    def polls() -> int:
        return sum(ask.switchcmd == "getdevicelistinfos" for ask in house.box.requests)

    await house.start(**{CONF_SCAN_INTERVAL: 300})
    await house.lives(timedelta(minutes=2), timedelta(minutes=1))
    before = polls()
    await house.act("backfill")
    assert house.asked == [REFRIGERATOR, IMPORT]
    assert polls() == before + 1
    await house.act("backfill")
    assert polls() == before + 1, "a reading of some seconds ago will do"


async def test_one_device_that_does_not_tell_holds_up_no_other(house: House) -> None:
    await house.start()
    house.tells += refuses(FritzBoxConnectionError("gone"))
    reported = await house.act("backfill")
    assert reported[FRIDGE]["left_out"] == [NOT_REPORTED]
    assert (reported[FRIDGE]["rows"], reported[FRIDGE]["since"]) == (0, None)
    assert reported[METER]["rows"] == 49
