"""What the keys of a meter did, and how a counter goes with a power."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from custom_components.py_hab.sml.key_record import BLOCK_LENGTH, MAX_BLOCKS, Fit, Record, Units

START: Final = datetime(2026, 3, 20, 18, tzinfo=UTC)

FIT: Final = Fit(
    units=Units(),
    duration=timedelta(minutes=30),
    counted=1.0,
    integrated=1.0,
    resolution=0.05,
    max_residual=0.09,
    nonlinearity=0.28,
)


@pytest.mark.parametrize(
    ("fit", "verdicts"),
    [
        (FIT, "YYY"),
        (replace(FIT, duration=timedelta(minutes=29)), "---"),
        (replace(FIT, counted=0.19, integrated=0.19, max_residual=0.0, resolution=0.001), "---"),
        (replace(FIT, resolution=0.051), "---"),
        (replace(FIT, integrated=0.7), "-YY"),
        (replace(FIT, integrated=1.5), "-YY"),
        (replace(FIT, max_residual=0.11, nonlinearity=0.4), "Y--"),
        (replace(FIT, nonlinearity=0.26), "YY-"),
        (replace(FIT, max_residual=0.0, nonlinearity=0.04), "YY-"),
        (replace(FIT, counted=9.0, integrated=9.0, nonlinearity=0.28), "YYY"),
    ],
)
def test_what_a_fit_proves(fit: Fit, verdicts: str) -> None:
    proves = (fit.has_right_units, fit.agrees, fit.is_significant)
    assert "".join("Y" if it else "-" for it in proves) == verdicts


def test_blocks_are_ten_minutes_of_complete_messages() -> None:
    record = Record(lambda _: None)
    ended = [
        record.add(START + timedelta(minutes=minute), {"a": float(minute), "b": 1.0})
        for minute in range(31)
    ]
    # The first message ends a block that nothing is known about.
    assert [minute for minute, is_end in enumerate(ended) if is_end] == [0, 10, 20, 30]
    assert all(block.duration == BLOCK_LENGTH for block in record.blocks)


def test_only_the_last_day_or_two_are_remembered() -> None:
    record = Record(lambda _: None)
    for number in range(2 * MAX_BLOCKS):
        record.add(START + number * BLOCK_LENGTH, {"a": float(number)})
    assert len(record.blocks) == MAX_BLOCKS
