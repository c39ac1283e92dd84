"""Finds out whether several readers publish on the topics of one entry."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ..sml.topics import ReaderInfo

ANSWER_WINDOW: Final = timedelta(minutes=1)
"""Readers answer a command within seconds. After a longer time, it is the answer to another one."""


@dataclass(frozen=True, slots=True)
class _Answer:
    address: str
    at: datetime


class ReaderIdentities:
    """The readers that have answered the last question about their identity."""

    def __init__(self) -> None:
        """Start without answers."""
        self._answers: dict[str, _Answer] = {}

    def see(self, reader: ReaderInfo, now: datetime) -> None:
        """Record an answer. One without a MAC address does not count."""
        if reader.mac is not None:
            self._answers = {
                mac: answer
                for mac, answer in self._answers.items()
                if timedelta() <= now - answer.at < ANSWER_WINDOW
            } | {reader.mac: _Answer(reader.address or "?", now)}

    @property
    def sharing(self) -> Mapping[str, str]:
        """The addresses of the readers that share the topics by MAC address; empty for only one."""
        if len(self._answers) < 2:
            return {}
        return {mac: answer.address for mac, answer in self._answers.items()}
