"""Raises and clears repair issues about meters."""

from collections.abc import Mapping, Set as AbstractSet
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN
from ..counters.verdict import Verdict
from ..sml.health import MeterProblem
from ..util.documentation import page_of_notices
from ..util.texts import MAX_LINE, as_code, as_markdown, local_number
from .counter_stage import WaitingCounter
from .replacements import ReplacementRecord

METER_SILENT: Final = "meter_silent"
READERS_SHARE_TOPIC: Final = "readers_share_topic"
METER_REPLACED: Final = "meter_replaced"
COUNTER_WAITS: Final = {
    Verdict.QUARANTINED: "counter_rises_too_fast",
    Verdict.IMPLAUSIBLE_RISE: "counter_rises_too_fast",
    Verdict.DECREASED: "counter_fell",
    Verdict.ROLLOVER_CANDIDATE: "counter_fell",
    Verdict.NEGATIVE: "counter_invalid",
    Verdict.NOT_FINITE: "counter_invalid",
}
"""Problems of a counter whose readings are refused, by the verdict on them."""
PROBLEMS: Final = (*MeterProblem, METER_SILENT)
READING: Final = ",.10g"
"""Format of a reading, as on the display."""


def issue_id(problem: str, entry_id: str, meter_index: str) -> str:
    """Return the id of a repair issue about a meter of an entry."""
    return "_".join(filter(None, (problem, entry_id, meter_index)))


class MeterIssues:
    """The repair issues about the meters of one entry."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Start without issues."""
        self._hass = hass
        self._entry_id = entry_id
        self._raised: set[tuple[str, str]] = set()

    @callback
    def async_update(self, meter_index: str, name: str, problems: AbstractSet[str]) -> None:
        """Raise an issue for each new problem of a meter, and clear those of solved problems."""
        for problem in PROBLEMS:
            if (problem in problems) == ((problem, meter_index) in self._raised):
                continue
            if problem in problems:
                self._raise(problem, meter_index, name=as_markdown(name))
            else:
                self._clear(problem, meter_index)

    @callback
    def async_update_sharing(self, name: str, topic: str, readers: Mapping[str, str]) -> None:
        """Raise an issue if several readers publish on one topic, and clear it otherwise.

        `readers` are their addresses by MAC address; empty if there is only one.
        """
        if not readers:
            self._clear(READERS_SHARE_TOPIC, "")
            return
        self._raise(
            READERS_SHARE_TOPIC,
            "",
            severity=ir.IssueSeverity.ERROR,
            name=as_markdown(name),
            topic=as_markdown(topic, length=MAX_LINE),
            readers=", ".join(f"{address} ({mac})" for mac, address in readers.items()),
        )

    @callback
    def async_update_waiting(
        self, meter_index: str, name: str, waiting: WaitingCounter | None
    ) -> None:
        """Raise an issue that says why the readings of a counter are refused; clear it otherwise."""
        found = None if waiting is None else COUNTER_WAITS.get(waiting.verdict)
        for problem in sorted(set(COUNTER_WAITS.values())):
            if problem != found or waiting is None:
                self._clear(problem, meter_index)
            elif (problem, meter_index) not in self._raised:
                last = waiting.last
                self._raise(
                    problem,
                    meter_index,
                    name=as_markdown(name),
                    key=as_code(waiting.key),
                    reading=self._number(waiting.reading),
                    last="-" if last is None else f"{self._number(last)} kWh",
                )

    def _raise(
        self,
        problem: str,
        meter_index: str,
        *,
        severity: ir.IssueSeverity = ir.IssueSeverity.WARNING,
        **placeholders: str,
    ) -> None:
        self._raised.add((problem, meter_index))
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id(problem, self._entry_id, meter_index),
            is_fixable=False,
            learn_more_url=page_of_notices(self._hass.config.language),
            severity=severity,
            translation_key=problem,
            translation_placeholders=placeholders,
        )

    def _clear(self, problem: str, meter_index: str) -> None:
        """Delete the issue about a problem if this run has raised it."""
        key = (problem, meter_index)
        if key in self._raised:
            self._raised.discard(key)
            ir.async_delete_issue(
                self._hass, DOMAIN, issue_id(problem, self._entry_id, meter_index)
            )

    def _number(self, reading: float) -> str:
        return local_number(reading, READING, language=self._hass.config.language)

    @callback
    def async_clear(self) -> None:
        """Clear the issues about problems, before the entry is unloaded."""
        for problem, meter_index in list(self._raised):
            self._clear(problem, meter_index)

    @callback
    def async_ask_about_replacement(
        self, meter_index: str, name: str, record: ReplacementRecord
    ) -> None:
        """Ask the user whether the meter was replaced.

        The replacement is stored with the counters, and is asked about again at the next start. The
        issue is not: Home Assistant would show the readings of a stored issue in diagnostics.
        """
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id(METER_REPLACED, self._entry_id, meter_index),
            data={"entry_id": self._entry_id, "place": meter_index},
            is_fixable=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key=METER_REPLACED,
            translation_placeholders={
                "name": as_markdown(name),
                "before": self._number(record.before),
                "now": self._number(record.now),
            },
        )

    @callback
    def async_forget(self, meter_index: str) -> None:
        """Delete the question about a meter that no longer exists."""
        issue = issue_id(METER_REPLACED, self._entry_id, meter_index)
        ir.async_delete_issue(self._hass, DOMAIN, issue)


@callback
def async_delete_issues(hass: HomeAssistant, entry_id: str) -> None:
    """Delete every issue about the meters of an entry that is removed."""
    for domain, issue in list(ir.async_get(hass).issues):
        if domain == DOMAIN and entry_id in issue:
            ir.async_delete_issue(hass, DOMAIN, issue)
