"""A FRITZ!Box that counts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import partial
from http import HTTPStatus
import json
from pathlib import Path
from typing import Final, override
from zoneinfo import ZoneInfo

from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)

from custom_components.py_hab.const import CONF_KIND, DOMAIN, EntryKind
from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_SCAN_INTERVAL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.helpers.device_registry import format_mac
from simulator.fritzbox import DEFAULT_PASSWORD, DEFAULT_USER, Fault, SimulatedFritzBox
from simulator.fritzbox_devices import EXPORT, IMPORT, REFRIGERATOR

from .home_assistant import ZONE
from .house import HOUR, House
from .server import write_years_of_a_plug
from .sources import Heard, Source, Successor
from .world import Party, World

POLLED: Final = timedelta(minutes=5)
SERVER_OFF: Final = timedelta(days=10)
"""So long before Home Assistant is set up, the old server of a plug was switched off."""
DAYS: Final = 31
"""The box remembers as single ones, that of today included."""
MONTHS: Final = timedelta(days=23 * 30)
"""The box remembers as single ones, at least."""
BOX_SERIES: Final[Mapping[str, str]] = {
    "refrigerator": f"{REFRIGERATOR}_energy",
    "import": f"{IMPORT}_energy_import",
    "export": f"{EXPORT}_energy_export",
}


class BoxSource(Source):
    """A FRITZ!Box."""

    def __init__(
        self, world: World, house: House, server_file: Path, box: SimulatedFritzBox
    ) -> None:
        """Have a box count."""
        super().__init__(world, house, server_file)
        self.box = box
        self.period = POLLED
        self.series = {
            series: unique_id
            for series, unique_id in BOX_SERIES.items()
            if unique_id.startswith(world.ains)
        }
        zone = ZoneInfo(ZONE)
        days = world.start.astimezone(zone).date() - timedelta(days=DAYS - 1)
        self.known_since = datetime.combine(days, time(), tzinfo=zone).astimezone(UTC)
        self.months_since = world.start - MONTHS
        if world.served:
            off = world.start - SERVER_OFF
            write_years_of_a_plug(server_file, house, off - world.served, off)
            self.uncertain = (off - world.served,)

    @override
    def entries(self) -> list[MockConfigEntry]:
        return [
            MockConfigEntry(
                domain=DOMAIN,
                title="FRITZ!Box",
                unique_id=format_mac(self.box.identity.serial),
                entry_id="box",
                data={
                    CONF_KIND: EntryKind.FRITZBOX.value,
                    CONF_HOST: self.box.url,
                    CONF_USERNAME: DEFAULT_USER,
                    CONF_PASSWORD: DEFAULT_PASSWORD,
                    CONF_VERIFY_SSL: True,
                },
                options={CONF_SCAN_INTERVAL: POLLED.total_seconds(), **self.world.options},
            )
        ]

    @property
    @override
    def heard(self) -> Sequence[Heard]:
        return [
            Heard(
                at=request.at,
                counted={series: self.counted(series, request.at) for series in self.series},
            )
            for request in self.box.requests
            if request.switchcmd == "getdevicelistinfos" and request.status == HTTPStatus.OK
        ]

    def reset_plug(self) -> None:
        """Clear the statistics of a plug, as its user can: the counter starts again at 0."""
        self.box.reset_statistics(REFRIGERATOR)
        self.known_since = self.months_since = self.computer.clock.now
        self.successors.append(
            Successor(self.known_since, ("refrigerator",), has_unseen_opening=False)
        )

    def reboot(self, *periods: str, zeros: bool = False) -> None:
        """Reboot the box: of these periods (REST) it has forgotten what was before, or says 0."""
        now = self.computer.clock.now
        self.box.reboot(timedelta(minutes=3))
        self.box.fault(Fault(edit=partial(_forgetful, periods, zeros, now)))
        if "month" in periods:
            self.known_since = now
        if "year" in periods:
            self.months_since = now

    @override
    async def changed(self, party: Party, away: Sequence[Party]) -> None:
        if party in away:
            self.box.fault(Fault(drop=True))
        else:
            self.box.clear_faults()


def _forgetful(periods: Sequence[str], zeros: bool, reboot: datetime, text: str) -> str:
    """Take out of an answer of the REST API what a box remembers of the time before a reboot."""
    if not text.startswith("{"):
        return text
    answer = json.loads(text)
    for series in answer.get("statistics", {}).get("energies", []):
        if series["period"] in periods and "values" in series:
            known = _steps_since(reboot, series["interval"])
            values = series["values"]
            series["values"] = values[:known] + [0] * (len(values[known:]) if zeros else 0)
    return json.dumps(answer)


def _steps_since(moment: datetime, step: int) -> int:
    """Return how many steps have begun since a moment; in Berlin's winter."""
    now, before = (
        (at.timestamp() + HOUR.total_seconds()) // step for at in (datetime.now(UTC), moment)
    )
    return int(now - before)
