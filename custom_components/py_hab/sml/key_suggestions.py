"""Suggests what the unknown and the doubtful keys of a meter mean."""

from .key_evidence import KeyEvidence
from .key_record import (
    DAY,
    EVIDENCE_COUNTERS,
    FLOWS,
    MAX_COPY_ERROR,
    MAX_RESIDUAL,
    MIN_OVERLAP,
    MIN_TOTAL,
    Fit,
    Flow,
)
from .registers import KeyMapping, Quantity


def suggestions_of(evidence: KeyEvidence) -> dict[str, KeyMapping]:
    """Return what the user might say that keys mean."""
    return _copies(evidence) | _power(evidence) | _counters(evidence)


def _copies(evidence: KeyEvidence) -> dict[str, KeyMapping]:
    """A "Power" that reads 1.8.0, as in some scripts, is a copy of the import counter."""
    counter = evidence.holder(Quantity.ENERGY_IMPORT)
    reading = evidence.keys[counter].reading if counter else 0.0
    return {
        key: KeyMapping(Quantity.NO_MEASUREMENT)
        for key, stats in evidence.keys.items()
        if stats.is_named(Quantity.POWER) and stats.only_rises
        for scale in (1.0, 1000.0, 0.001)
        if abs(stats.reading * scale - reading) <= MAX_COPY_ERROR * reading
    }


def _power(evidence: KeyEvidence) -> dict[str, KeyMapping]:
    """The one unknown key that amounts to what the counters count is the power."""
    imported = evidence.holder(Quantity.ENERGY_IMPORT)
    exported = evidence.holder(Quantity.ENERGY_EXPORT)
    if not imported or evidence.holder(Quantity.POWER):
        return {}
    found = {
        key: KeyMapping(Quantity.POWER, drawn.units.power)
        for key, stats in evidence.keys.items()
        if stats.mapping is None
        for drawn in evidence.fits(imported, key)
        if drawn.is_significant
        and all(
            fed_in.max_residual <= MAX_RESIDUAL * (drawn.counted + fed_in.counted)
            for fed_in in (evidence.fits(exported, key, is_negative=True) if exported else ())
            if fed_in.units.power == drawn.units.power
        )
    }
    return found if len(found) == 1 else {}


def _counters(evidence: KeyEvidence) -> dict[str, KeyMapping]:
    """A key that counts what a power amounts to is its counter, if there is only one."""
    fits: dict[Quantity, dict[str, Fit]] = {quantity: {} for quantity in EVIDENCE_COUNTERS}
    for flow in FLOWS:
        fits[flow.counter] |= _counters_of(evidence, flow)
    explained = {key for by_key in fits.values() for key in by_key}
    return {
        key: KeyMapping(quantity, fit.units.counter)
        for quantity, by_key in fits.items()
        if len(by_key) == 1
        for key, fit in by_key.items()
        if _counts_on(evidence, key, fit) and not _has_sibling(evidence, key, explained)
    }


def _counters_of(evidence: KeyEvidence, flow: Flow) -> dict[str, Fit]:
    """Return the keys that may be the missing counter of a flow, and how they fit its power."""
    power = evidence.holder(flow.power)
    if not power or evidence.holder(flow.counter):
        return {}
    return {
        key: fit
        for key, stats in evidence.keys.items()
        if stats.only_rises
        and (stats.mapping is None or stats.is_named(flow.counter, Quantity.POWER))
        for fit in evidence.fits(key, power, is_negative=flow.is_negative)
        if fit.is_significant
    }


def _counts_on(evidence: KeyEvidence, key: str, fit: Fit) -> bool:
    """Whether a key is no counter that begins anew each day: it fits for longer, or shows more."""
    return fit.duration >= DAY or evidence.keys[key].reading * fit.units.counter >= MIN_TOTAL


def _has_sibling(evidence: KeyEvidence, key: str, explained: set[str]) -> bool:
    """Whether another unknown counter stands still while this one rises: two tariffs do."""
    for other, stats in evidence.keys.items():
        is_counter = not stats.falls and stats.has_decimals and stats.reading >= 1
        if stats.mapping is None and is_counter and other not in explained:
            rises = [
                other in block.changes and block.changes[other].risen > 0
                for block in evidence.blocks
                if key in block.changes and block.changes[key].risen > 0
            ]
            if sum(rises) <= MIN_OVERLAP * len(rises):
                return True
    return False
