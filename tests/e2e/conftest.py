"""Real processes: Home Assistant, a broker, and the simulated box and reader."""

import pytest


@pytest.fixture(autouse=True)
def network(request: pytest.FixtureRequest) -> None:
    """Let the test plugin, where there is one, allow what is the point here."""
    try:
        request.getfixturevalue("socket_enabled")
    except pytest.FixtureLookupError:
        return
