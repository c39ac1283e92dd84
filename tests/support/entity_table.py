"""What an entity looks like to a user, as one line of a snapshot."""

from homeassistant.components.sensor import ATTR_OPTIONS, ATTR_STATE_CLASS
from homeassistant.const import ATTR_DEVICE_CLASS, ATTR_FRIENDLY_NAME, ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

NORMAL_ATTRIBUTES = {
    ATTR_DEVICE_CLASS,
    ATTR_FRIENDLY_NAME,
    ATTR_OPTIONS,
    ATTR_STATE_CLASS,
    ATTR_UNIT_OF_MEASUREMENT,
}


def table(hass: HomeAssistant, entry_id: str, domain: str) -> list[str]:
    """Return a line for each entity of an entry: who it is, then what it shows."""
    lines = []
    for entity in er.async_entries_for_config_entry(er.async_get(hass), entry_id):
        if entity.domain != domain:
            continue
        assert entity.has_entity_name
        state = hass.states.get(entity.entity_id)
        parts = [
            entity.unique_id,
            entity.entity_id,
            f"category {entity.entity_category}" if entity.entity_category else "",
            f"disabled by {entity.disabled_by}" if entity.disabled_by else "",
        ]
        if state is not None:
            assert set(state.attributes) <= NORMAL_ATTRIBUTES
            shown = (ATTR_FRIENDLY_NAME, ATTR_DEVICE_CLASS, ATTR_STATE_CLASS)
            unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT, "")
            parts += [
                *(str(state.attributes.get(name) or "") for name in shown),
                f"{state.state} {unit}".strip(),
            ]
        lines.append(" | ".join(part for part in parts if part))
    return sorted(lines)


def device_table(hass: HomeAssistant, entry_id: str) -> list[str]:
    """Return a line for each device of an entry."""
    registry = dr.async_get(hass)
    lines = []
    for device in dr.async_entries_for_config_entry(registry, entry_id):
        parents = [
            other.name
            for other in dr.async_entries_for_config_entry(registry, entry_id)
            if other.id == device.via_device_id
        ]
        parts = [
            *(identifier for _, identifier in device.identifiers),
            device.name,
            device.manufacturer,
            device.model,
            device.sw_version,
            f"serial {device.serial_number}" if device.serial_number else None,
            *(f"via {parent}" for parent in parents),
        ]
        lines.append(" | ".join(part for part in parts if part))
    return sorted(lines)
