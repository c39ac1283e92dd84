"""What the user is told of a meter: repair issues, and counters that went on from elsewhere."""

from collections.abc import Mapping, Set as AbstractSet
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..counters.gap import Gap
from ..sml.health import MeterProblem
from ..texts import local_number
from .meter import Replacement

METER_SILENT: Final = "meter_silent"
METER_REPLACED: Final = "meter_replaced"
PROBLEMS: Final = (*MeterProblem, METER_SILENT)
LEARN_MORE: Final = "https://github.com/jankstar/py_hab#when-the-meter-is-in-trouble"
MAX_REPLACEMENTS: Final = 50
_READING: Final = ",.10g"
"""As the display shows it."""
"""A meter is changed every eight years; more is a reader that should be repaired."""


class Answer(StrEnum):
    """What the user says of a counter that went on from another reading."""

    NEW_METER = "new_meter"
    SAME_METER = "same_meter"


def issue_id(problem: str, entry: ConfigEntry, meter_index: str) -> str:
    """Return the id of a repair issue about a meter behind an entry's head."""
    return "_".join(filter(None, (problem, entry.entry_id, meter_index)))


class MeterIssues:
    """Raises and clears the issues of one entry's meters."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Start with nothing to tell."""
        self._hass = hass
        self._entry = entry
        self._raised: set[tuple[str, str]] = set()
        self.replacements: list[dict[str, Any]] = []
        """Counters that went on from another reading, oldest first, as JSON has it."""

    def recall(self, notes: object) -> None:
        """Take over the replacements of earlier runs, as far as they make sense."""
        self.replacements = [
            item
            for item in (notes if isinstance(notes, list) else [])
            if isinstance(item, dict)
            and {"place", "role", "verdict", "before", "now", "at", "answer"} <= item.keys()
        ]

    @callback
    def async_update(self, meter_index: str, name: str, problems: AbstractSet[str]) -> None:
        """Raise an issue for each trouble of a meter, and clear those that are over."""
        for problem in PROBLEMS:
            key = (problem, meter_index)
            if (problem in problems) == (key in self._raised):
                continue
            issue = issue_id(problem, self._entry, meter_index)
            if problem in problems:
                self._raised.add(key)
                ir.async_create_issue(
                    self._hass,
                    DOMAIN,
                    issue,
                    is_fixable=False,
                    learn_more_url=LEARN_MORE,
                    severity=ir.IssueSeverity.WARNING,
                    translation_key=problem,
                    translation_placeholders={"name": name},
                )
            else:
                self._raised.discard(key)
                ir.async_delete_issue(self._hass, DOMAIN, issue)

    @callback
    def clear(self) -> None:
        """Clear what is told as long as it lasts: nobody watches any more."""
        for problem, meter_index in self._raised:
            ir.async_delete_issue(self._hass, DOMAIN, issue_id(problem, self._entry, meter_index))
        self._raised.clear()

    @callback
    def async_report_replacement(
        self, meter_index: str, name: str, replacement: Replacement, gap: Gap | None
    ) -> None:
        """Keep a replacement, and ask the user whether the meter was replaced.

        `gap` lies between the two readings; the user may know what was counted in it.
        """
        self.replacements.append(
            {
                "place": meter_index,
                "role": replacement.quantity.value,
                "verdict": replacement.verdict.value,
                "before": replacement.before,
                "now": replacement.now,
                "at": dt_util.utcnow().isoformat(),
                "answer": None,
                "gap": gap.note() if gap else None,
            }
        )
        del self.replacements[:-MAX_REPLACEMENTS]
        if not replacement.is_question:
            return
        open_questions = self.unanswered(meter_index)
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id(METER_REPLACED, self._entry, meter_index),
            data={"entry_id": self._entry.entry_id, "place": meter_index},
            is_fixable=True,
            is_persistent=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key=METER_REPLACED,
            translation_placeholders={
                "name": name,
                "before": local_number(self._hass, open_questions[0]["before"], _READING),
                "now": local_number(self._hass, open_questions[0]["now"], _READING),
            },
        )

    @callback
    def forget(self, meter_index: str) -> None:
        """Ask nothing more about a meter that is no more."""
        ir.async_delete_issue(
            self._hass, DOMAIN, issue_id(METER_REPLACED, self._entry, meter_index)
        )

    def unanswered(self, meter_index: str) -> list[dict[str, Any]]:
        """Return the replacements at a meter that the user has said nothing of."""
        return [
            item
            for item in self.replacements
            if item["place"] == meter_index
            and item["answer"] is None
            and item["verdict"] == "replaced"
        ]

    @callback
    def answer(
        self, meter_index: str, answer: Answer, counted: Mapping[str, float] | None = None
    ) -> list[Gap]:
        """Keep what the user has said of the replacements at a meter.

        `counted` are kWh by role that were counted between the two readings of a replacement;
        the gaps for which the statistics are to be mended with them are returned.
        """
        gaps: list[Gap] = []
        told = dict(counted or {})
        for item in self.unanswered(meter_index):
            item["answer"] = answer.value
            gap = Gap.from_note(item.get("gap"))
            # Of several replacements of a counter the first one was asked about.
            kwh = told.pop(item["role"], None)
            if gap is not None and kwh is not None:
                gaps.append(replace(gap, counted=kwh))
        return gaps


@callback
def async_forget(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete every issue about the meters of an entry that is removed."""
    registry = ir.async_get(hass)
    for domain, issue in list(registry.issues):
        if domain == DOMAIN and entry.entry_id in issue:
            ir.async_delete_issue(hass, DOMAIN, issue)
