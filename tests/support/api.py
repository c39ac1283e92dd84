"""Calls of actions and JSON endpoints, as their clients make them."""

from typing import Any, Final

from aiohttp.test_utils import TestClient
import pytest
from yarl import URL

from custom_components.py_hab.const import DOMAIN
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError

FRIDGE: Final = "11630%200714031"
"""The AIN of the refrigerator's plug in a URL."""


async def act(
    hass: HomeAssistant, action: str, context: Context | None = None, **data: Any
) -> dict[str, Any]:
    """Call an action; return what it answers."""
    answer = await hass.services.async_call(
        DOMAIN, action, data, blocking=True, context=context, return_response=True
    )
    assert isinstance(answer, dict)
    return answer


async def fails(
    hass: HomeAssistant, error: type[HomeAssistantError], key: str, action: str, **data: Any
) -> HomeAssistantError:
    """Call an action that raises an error with a translation."""
    with pytest.raises(error) as raised:
        await act(hass, action, **data)
    assert type(raised.value) is error
    assert raised.value.translation_domain == DOMAIN
    assert raised.value.translation_key == key
    return raised.value


async def get(client: TestClient[Any, Any], path: str, **parameters: str | int) -> tuple[int, Any]:
    """Ask for a path as it stands; the answer must be JSON, whatever it is."""
    url = URL(f"/api/py_hab/{path}", encoded=True).extend_query(parameters)
    response = await client.get(url)
    assert response.content_type == "application/json"
    return response.status, await response.json()


async def got(client: TestClient[Any, Any], path: str, **parameters: str | int) -> Any:
    """Return a good answer."""
    status, answer = await get(client, path, **parameters)
    assert status == 200, answer
    return answer
