"""The changes that one maintenance run makes."""

import logging

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.ulid import ulid_now

from ..const import DOMAIN
from .planning.change import Change, WriteRows
from .statistics.editor import StatisticsEditor
from .statistics.gateway import Statistic
from .statistics.work import Planner

_LOGGER = logging.getLogger(__name__)


class RunChanges:
    """Changes statistics as the parts of one run, which are taken back together."""

    def __init__(self, editor: StatisticsEditor, *, dry_run: bool) -> None:
        """Create the run; in a dry run, changes are only calculated."""
        self.editor = editor
        self.dry_run = dry_run
        self._run = ulid_now()
        self._is_stopped = False

    def stop(self) -> None:
        """Change nothing more, because the entry is unloaded."""
        self._is_stopped = True

    def check_not_stopped(self) -> None:
        """Raise HomeAssistantError if the entry was unloaded, before anything is written for it."""
        if self._is_stopped:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="unloaded")

    def is_undone(self, statistic: Statistic) -> bool:
        """Whether the user has undone all our changes of a statistic."""
        return self.editor.journal.changes_of(statistic.id).undone

    async def async_change(self, statistic: Statistic, plan: Planner) -> Change:
        """Change a statistic as planned from its rows; see StatisticsEditor.async_change."""
        return await self.editor.async_change(statistic, plan, dry_run=self.dry_run, run=self._run)

    async def async_complete(self, statistic: Statistic, plan: Planner) -> None:
        """Change a statistic as planned, unless the user has undone our changes meanwhile.

        Raises HomeAssistantError if the database refuses, or if the run was stopped.
        """
        changes = self.editor.journal.changes_of(statistic.id)
        change = await self.async_change(
            statistic, lambda rows: () if changes.undone or self._is_stopped else plan(rows)
        )
        self.check_not_stopped()
        hours = sum(len(step.rows) for step in change if isinstance(step, WriteRows))
        if hours and not self.dry_run:
            _LOGGER.debug("%s: %d hours added from device statistics", statistic.id, hours)
