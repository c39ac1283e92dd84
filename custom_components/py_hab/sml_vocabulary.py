"""Which register of an electricity meter a published key means.

A Tasmota script publishes a key of its author's choice; unit and OBIS code stay behind. The
table holds the keys of the published scripts (bitShake, Tasmota's documentation, ottelo9, gPlug,
evcc) for the registers that we read.
"""

from dataclasses import dataclass
from enum import StrEnum
import re
from typing import Final


class Role(StrEnum):
    """What a register of the meter is; the value is part of unique ids."""

    ENERGY_IMPORT = "energy_import"
    """OBIS 1.8.0, kWh, cumulative."""
    ENERGY_EXPORT = "energy_export"
    """OBIS 2.8.0, kWh, cumulative."""
    POWER = "power"
    """OBIS 16.7.0, W, positive while drawing from the grid."""
    METER_ID = "meter_id"
    """OBIS 96.1.0, 0.0.9 or 0.0.0, the meter's number."""


COUNTERS: Final = frozenset({Role.ENERGY_IMPORT, Role.ENERGY_EXPORT})
"""Cumulative registers."""


@dataclass(frozen=True, slots=True)
class Register:
    """A role, and how the published number becomes kWh or W."""

    role: Role
    factor: float = 1.0


_KEYS: Final[dict[Role, str]] = {
    Role.ENERGY_IMPORT: """
        e_in total_in importactive import_active total_kwh energy_imported kwh_in enrg_imp
        energy_import ei counter_pos verbrauch_summe zaehlerstand_180 pos_active_total
        total_consumed_kwh pos_wirk_tariflos bezug dj_tpwrin""",
    Role.ENERGY_EXPORT: """
        e_out total_out exportactive export_active export_total_kwh total_kwh_out energy_exported
        kwh_out enrg_exp energy_export eo counter_neg einspeisung_summe einspeisung
        zaehlerstand_280 neg_active_total total_delivered_kwh neg_wirk_tariflos dj_tpwrout""",
    Role.POWER: """
        power power_curr power_cur curr_w currpower actual_power leistung momentanwirkleistung
        momentanleistung aktuelle_wirkleistung current_consumption watt_summe current_power
        effective_power p dj_tpwrcurr""",
    Role.METER_ID: """
        meter_id meter_number meterid server_id serialnr""",
}
_OBIS: Final = {
    "1.8.0": Role.ENERGY_IMPORT,
    "2.8.0": Role.ENERGY_EXPORT,
    "16.7.0": Role.POWER,
    "96.1.0": Role.METER_ID,
    "0.0.9": Role.METER_ID,
    "0.0.0": Role.METER_ID,
}


def _fold(key: str) -> str:
    """Return a key as the table compares it: scripts differ in case, blanks and separators."""
    return re.sub(r"[^a-z0-9]", "", key.casefold().replace("ä", "ae"))


_ROLE_BY_KEY: Final = {_fold(key): role for role, keys in _KEYS.items() for key in keys.split()}
_OBIS_KEY: Final = re.compile(r"\s*(?:1[-_.]0[-_.:])?(\d{1,2})[-_.](\d{1,2})[-_.](\d{1,2})\s*")


def register_of(key: str) -> Register | None:
    """Return the register that a key means, None if the table does not know it."""
    if match := _OBIS_KEY.fullmatch(key):
        role = _OBIS.get(".".join(match.groups()))
    elif key.strip() != key.strip("+- "):
        # "+P" and "-P" are the two directions of power, each a register of its own.
        role = None
    else:
        role = _ROLE_BY_KEY.get(_fold(key))
    return Register(role) if role else None
