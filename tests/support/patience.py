"""How long is waited for a reader: in tests not long, everything is on one machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from custom_components.py_hab.meter import probe as reader_probe


@contextmanager
def brisk() -> Iterator[None]:
    """Wait only a moment for what has to come at once."""
    with (
        patch.object(reader_probe, "LISTEN_TIME", timedelta(seconds=0.3)),
        patch.object(reader_probe, "GRACE_TIME", timedelta(seconds=0.3)),
        # How long Home Assistant's client collects subscriptions.
        patch.multiple(
            "homeassistant.components.mqtt.client",
            DISCOVERY_COOLDOWN=0,
            INITIAL_SUBSCRIBE_COOLDOWN=0,
            SUBSCRIBE_COOLDOWN=0,
            UNSUBSCRIBE_COOLDOWN=0,
        ),
    ):
        yield


@contextmanager
def impatience() -> Iterator[None]:
    """Let silence be noticed soon, that of the broker, too."""
    with patch.object(reader_probe, "SUBSCRIBE_TIMEOUT", timedelta(seconds=0.3)), silent_reader():
        yield


@contextmanager
def silent_reader() -> Iterator[None]:
    """Let it be noticed soon that a reader publishes nothing."""
    with patch.object(reader_probe, "MESSAGE_TIMEOUT", timedelta(seconds=0.3)):
        yield
