"""Going through the dialogues as a user does; each text that they show must exist."""

from collections.abc import Mapping
import json
from pathlib import Path
from string import Formatter
from typing import Any, Final

import voluptuous as vol

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.flows.key_section import KeySection
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntriesFlowManager,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
    OptionsFlowManager,
)
from homeassistant.core import DOMAIN as HOMEASSISTANT_DOMAIN, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
from homeassistant.helpers.data_entry_flow import FlowManagerResourceView
from homeassistant.helpers.json import json_bytes

TEXTS: Final[Mapping[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "custom_components" / DOMAIN / "translations/en.json").read_text(
        encoding="utf-8"
    )
)


class Dialogue:
    """A flow, seen from its user's side."""

    def __init__(self, hass: HomeAssistant, result: ConfigFlowResult, *, options: bool) -> None:
        """Look at the first step of a flow."""
        self._hass = hass
        self._options = options
        self._result = result
        self._check_texts()

    async def answer(self, **values: Any) -> None:
        """Fill in the form that is shown, and send it."""
        await self._send(values)

    async def accept(self, *, without: str = "", **registers: str) -> None:
        """Send a form with what the values mean as it is filled in, but for these keys."""
        filled = self.suggested
        meanings = {**filled["registers"], **registers}
        if without:
            del meanings[without]
        await self._send({**filled, "registers": meanings})

    async def arrive(self) -> None:
        """Watch a progress until its end, as the page does that is notified of it."""
        while self.progress is not None:
            await self._hass.async_block_till_done()
            await self.look()

    async def look(self) -> None:
        """Look at what is shown now, as a page does that is loaded again."""
        self._result = await self._manager.async_configure(self.flow_id)
        self._check_texts()

    async def leave(self) -> None:
        """Close the dialogue in the middle."""
        self._manager.async_abort(self.flow_id)
        await self._hass.async_block_till_done()

    async def choose(self, option: str) -> None:
        """Choose from the menu that is shown."""
        assert option in self._result["menu_options"]
        await self._send({"next_step_id": option})

    async def _send(self, values: dict[str, Any]) -> None:
        self._result = await self._manager.async_configure(self._result["flow_id"], values)
        self._check_texts()

    @property
    def _manager(self) -> ConfigEntriesFlowManager | OptionsFlowManager:
        entries = self._hass.config_entries
        return entries.options if self._options else entries.flow

    # What the user sees

    @property
    def step(self) -> str | None:
        """The step of the form or menu that is shown, None at the end."""
        return self._result.get("step_id")

    @property
    def flow_id(self) -> str:
        """The id of this flow."""
        return self._result["flow_id"]

    @property
    def menu(self) -> list[str]:
        """What may be chosen."""
        options = self._result["menu_options"]
        assert isinstance(options, list)
        return options

    @property
    def progress(self) -> str | None:
        """What is under way, None if nothing is."""
        return self._result.get("progress_action")

    @property
    def errors(self) -> Mapping[str, str]:
        """What is said to be wrong, by field."""
        return self._result["errors"] or {}

    @property
    def placeholders(self) -> Mapping[str, str]:
        """What is filled into the texts."""
        return self._result.get("description_placeholders") or {}

    @property
    def suggested(self) -> dict[str, Any]:
        """What the form is filled with, sections included."""
        return suggestions(self._form)

    def field(self, name: str) -> Any:
        """Return the selector of a field."""
        return self._form.schema[name]

    @property
    def end(self) -> str | None:
        """Why the flow has ended without a new entry, None if it has not."""
        return self._result.get("reason")

    @property
    def entry(self) -> ConfigEntry[Any]:
        """The entry that was created."""
        assert self._result["type"] is FlowResultType.CREATE_ENTRY, self._result
        entry: ConfigEntry[Any] = self._result["result"]
        return entry

    @property
    def page(self) -> dict[str, dict[str, Any]]:
        """The fields of the form as they reach the browser, by name."""
        shown: Any = self._result
        sent = FlowManagerResourceView(self._manager)._prepare_result_json(shown)
        return {field["name"]: field for field in json.loads(json_bytes(sent["data_schema"]))}

    @property
    def _form(self) -> vol.Schema:
        schema = self._result["data_schema"]
        assert schema is not None
        return schema

    # Texts

    def _check_texts(self) -> None:
        """Every step, field, error and reason has a text, and every gap in it is filled."""
        texts = TEXTS["options" if self._options else "config"]
        match self._result["type"]:
            case FlowResultType.FORM:
                step = texts["step"][self.step]
                self._check_gaps(step["title"], step.get("description", ""))
                # A button "OK" answers no question.
                assert self._form.schema or "submit" in step or not step["title"].endswith("?")
                # Without texts, the names of the fields are the world's.
                if "data" in step or "sections" in step:
                    self._check_fields(self._form, step)
                page = self.page
                assert page.keys() == set(map(str, self._form.schema))
                assert [name for name, field in page.items() if stays_empty(field)] == []
                for error in self.errors.values():
                    self._check_gaps(texts["error"][error])
            case FlowResultType.MENU:
                step = texts["step"][self.step]
                self._check_gaps(step["title"])
                words, shown = step["menu_options"].keys(), set(self.menu)
                # The options of both kinds of entries have one menu.
                assert words == shown or (self._options and words > shown)
            case FlowResultType.SHOW_PROGRESS:
                assert self.progress is not None
                # Without a title, the dialog shows the name of the integration.
                self._check_gaps(texts["step"][self.step]["title"])
                self._check_gaps(texts["progress"][self.progress])
            case FlowResultType.ABORT:
                # Some reasons are Home Assistant's own since 2026.10.
                if self._result.get("translation_domain") != HOMEASSISTANT_DOMAIN:
                    self._check_gaps(texts["abort"][self.end])
            case FlowResultType.CREATE_ENTRY:
                pass
            case other:
                raise AssertionError(f"unexpected: {other}")

    def _check_fields(self, form: vol.Schema, texts: Mapping[str, Any]) -> None:
        for key, field in form.schema.items():
            if isinstance(field, section):
                part = texts["sections"][str(key)]
                self._check_gaps(part["name"], part.get("description", ""))
                # Without texts, the names of the fields are the reader's own.
                if "data" in part:
                    self._check_fields(field.schema, part)
            else:
                self._check_gaps(texts["data"][str(key)], texts["data_description"][str(key)])

    def _check_gaps(self, *texts: str) -> None:
        for text in texts:
            gaps = {name for _, name, _, _ in Formatter().parse(text) if name}
            assert gaps <= self.placeholders.keys(), text


EMPTY: Final = frozenset(
    (
        *("app", "assist_pipeline", "config_entry", "conversation_agent", "floor", "location"),
        *("navigation", "period", "qr_code", "statistic", "stt", "timezone", "tts", "tts_voice"),
    )
)
"""Selectors for which Home Assistant's page knows no value to begin with."""


def stays_empty(field: Mapping[str, Any]) -> bool:
    """Return whether the page shows no form at all because of this field, as it reaches it.

    A required field without any value ends the script that fills in the form.
    """
    suggested = (field.get("description") or {}).get("suggested_value")
    is_empty = suggested is None and "default" not in field
    return (
        is_empty
        and bool(field.get("required"))
        and not EMPTY.isdisjoint(field.get("selector") or ())
    )


def suggestions(form: vol.Schema) -> dict[str, Any]:
    """Return what a form is filled with: suggested values, else defaults."""
    filled: dict[str, Any] = {}
    for key, field in form.schema.items():
        if isinstance(field, KeySection):
            shown = suggestions(field.schema)
            filled[str(key)] = {
                name: shown[label] for name, label in field.labels.items() if label in shown
            }
        elif isinstance(field, section):
            filled[str(key)] = suggestions(field.schema)
        elif "suggested_value" in (key.description or {}):
            filled[str(key)] = key.description["suggested_value"]
        elif not isinstance(key.default, vol.Undefined):
            filled[str(key)] = key.default()
    return filled


async def add(hass: HomeAssistant, kind: str) -> Dialogue:
    """Add an integration, and choose what kind of source it is."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    dialogue = Dialogue(hass, result, options=False)
    await dialogue.choose(kind)
    return dialogue


async def change(hass: HomeAssistant, entry: ConfigEntry[Any]) -> Dialogue:
    """Reconfigure an entry."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": "reconfigure", "entry_id": entry.entry_id}
    )
    return Dialogue(hass, result, options=False)


async def prefer(hass: HomeAssistant, entry: ConfigEntry[Any], option: str) -> Dialogue:
    """Open the options of an entry, and choose what is to be changed."""
    result = await hass.config_entries.options.async_init(entry.entry_id)
    dialogue = Dialogue(hass, result, options=True)
    await dialogue.choose(option)
    return dialogue


async def leave(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Make sure that an entry works, and unload it."""
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert await hass.config_entries.async_unload(entry.entry_id)


async def asked_for_login(hass: HomeAssistant, entry: ConfigEntry[Any]) -> Dialogue:
    """Open the dialogue that an entry has started because its credentials fail."""
    [flow] = [
        flow
        for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        if flow["context"].get("entry_id") == entry.entry_id
    ]
    result = await hass.config_entries.flow.async_configure(flow["flow_id"])
    return Dialogue(hass, result, options=False)
