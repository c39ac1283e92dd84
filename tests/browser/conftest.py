"""Home Assistant and the browser are real processes, too."""

from tests.e2e.conftest import network

__all__ = ["network"]
