"""When an entry takes over a device that another entry shows."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.py_hab.fritzbox.ownership import (
    OWNER_SILENT_FOR,
    ForeignDevices,
    OwnerView,
)

NOW = datetime(2026, 3, 20, 18, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


def view(*, at: datetime = LATER, listed: bool = True, present: bool = True) -> OwnerView:
    """Return what an owner reports."""
    return OwnerView(answered_at=at, is_listed=listed, is_present=present)


@pytest.mark.parametrize(
    ("owner", "is_present", "expected"),
    [
        (view(), True, False),
        (view(present=False), True, True),
        (view(present=False), False, False),
        (view(listed=False, present=False), True, True),
        (view(listed=False, present=False), False, True),
        (view(listed=False, present=False, at=NOW), True, False),
    ],
    ids=["both", "absent there", "absent in both", "not listed", "nowhere present", "old answer"],
)
def test_device_is_taken_over_when_its_owner_has_lost_it(
    owner: OwnerView, is_present: bool, expected: bool
) -> None:
    foreign = ForeignDevices()
    assert not foreign.may_take_over("1", owner_before(owner), NOW, is_present=is_present)
    assert foreign.may_take_over("1", owner, LATER, is_present=is_present) is expected


def owner_before(owner: OwnerView) -> OwnerView:
    """Return the same view, from an answer before this box has listed the device."""
    return OwnerView(answered_at=NOW, is_listed=owner.is_listed, is_present=owner.is_present)


def test_owner_that_reaches_its_device_again_keeps_it() -> None:
    foreign = ForeignDevices()
    lost = view(at=NOW, present=False)
    assert not foreign.may_take_over("1", lost, NOW, is_present=True)
    assert not foreign.may_take_over("1", view(), LATER, is_present=True)
    again = view(at=LATER, present=False)
    assert not foreign.may_take_over("1", again, LATER, is_present=True)


@pytest.mark.parametrize("is_present", [True, False])
def test_owner_whose_box_is_gone_keeps_its_devices_for_an_hour(is_present: bool) -> None:
    foreign = ForeignDevices()
    for passed in (timedelta(), OWNER_SILENT_FOR / 2):
        assert not foreign.may_take_over("1", OwnerView(), NOW + passed, is_present=is_present)
    end = NOW + OWNER_SILENT_FOR
    assert foreign.may_take_over("1", OwnerView(), end, is_present=is_present) is is_present
