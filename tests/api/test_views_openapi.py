"""The description of the endpoints, against the endpoints."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from aiohttp.test_utils import TestClient
from hypothesis import HealthCheck, given, settings, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
import requests
import schemathesis
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from simulator.fritzbox_devices import REFRIGERATOR
from tests.support.measured_home import write_hours
from tests.support.passing_time import Time

DESCRIPTION: Final = Path(__file__).parents[2] / "docs" / "openapi.yaml"
CHECKS: Final[list[Callable[..., Any]]] = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
]


@pytest.fixture
async def client(
    time: Time,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    fritzbox_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> TestClient[Any, Any]:
    """A client of a home with readings and statistics."""
    assert await async_setup_component(hass, "http", {})
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    await write_hours(hass)
    client: TestClient[Any, Any] = await hass_client()
    return client


async def test_all_endpoints_are_as_described(
    hass: HomeAssistant, client: TestClient[Any, Any], hass_access_token: str
) -> None:
    schema: Any = schemathesis.openapi.from_path(DESCRIPTION)
    schema.config.update(base_url=str(client.make_url("/api/py_hab")))
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == 7
    real = {"device": REFRIGERATOR, "sub_entity": "Energy"}
    seen: Counter[tuple[str, int]] = Counter()

    def ask(operation: Any) -> None:
        """Ask one endpoint whatever may be asked, right and wrong, often for a real series."""
        session = requests.Session()
        # Nothing from the environment: it would be looked for with each request.
        session.trust_env = False

        @settings(
            suppress_health_check=list(HealthCheck), max_examples=settings().max_examples // 2
        )
        @given(
            case=st.one_of(
                operation.as_strategy(),
                operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE),
            ),
            is_real=st.booleans(),
        )
        def examples(case: Any, is_real: bool) -> None:
            if is_real:
                case.path_parameters = {
                    name: real.get(name, value)
                    for name, value in (case.path_parameters or {}).items()
                }
            response = case.call(
                headers={"Authorization": f"Bearer {hass_access_token}"}, session=session
            )
            is_new = not seen[operation.path, response.status_code]
            seen[operation.path, response.status_code] += 1
            # Whoever asks without a token, or with another one, asks twice more.
            case.validate_response(
                response, checks=[*CHECKS, openapi_checks.ignored_auth] if is_new else CHECKS
            )

        examples()

    for operation in operations:
        await hass.async_add_executor_job(ask, operation)
    assert {path for path, status in seen if status == 200} == {item.path for item in operations}
    statuses = Counter[int]()
    for (_, status), count in seen.items():
        statuses[status] += count
    # Some are asked with a token that is none.
    assert statuses.keys() == {200, 400, 401, 404}
    assert min(statuses[status] for status in (200, 400, 404)) > 20
