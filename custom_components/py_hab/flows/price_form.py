"""The forms of a price and of a contract: their fields, and what a user has entered."""

from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Any, Final

import voluptuous as vol

from homeassistant.components.input_number import DOMAIN as INPUT_NUMBER
from homeassistant.components.sensor import DOMAIN as SENSOR
from homeassistant.helpers.selector import (
    BooleanSelector,
    DateSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    ObjectSelector,
    ObjectSelectorConfig,
    ObjectSelectorField,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TimeSelector,
)

from ..costs.contract import Contract, Instalment
from ..costs.prices import Price, Window
from ..costs.units import price_unit

CONF_SINCE: Final = "since"
CONF_TIME: Final = "time"
CONF_PRICE: Final = "price"
CONF_BASE: Final = "base"
CONF_ENTITY: Final = "entity"
CONF_WINDOWS: Final = "windows"
CONF_WEEKDAYS: Final = "weekdays"
CONF_START: Final = "start"
CONF_END: Final = "end"
CONF_INSTALMENT: Final = "instalment"
CONF_CHANGES: Final = "changes"
CONF_BONUS: Final = "bonus"
CONF_OTHERS: Final = "others"
CONF_REMOVE: Final = "remove"

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOST: Final = 100_000
"""More than any price or instalment, so that a slip is noticed."""


def price_schema(currency: str, word: Callable[[str], str], *, is_known: bool) -> vol.Schema:
    """Return the fields of a price; `is_known` says that it can be removed.

    `word` translates what has no translation of its own in a form: the fields of a window.
    """
    # Without a least one: a form would begin with it.
    per_kwh = _number(price_unit(currency).text, step="any")
    fields: dict[str, ObjectSelectorField] = {
        CONF_WEEKDAYS: {
            "label": word("weekdays"),
            "selector": SelectSelector(
                SelectSelectorConfig(
                    options=[SelectOptionDict(value=day, label=word(day)) for day in WEEKDAYS],
                    multiple=True,
                )
            ),
        },
        CONF_START: {"label": word("start"), "required": True, "selector": TimeSelector()},
        CONF_END: {"label": word("end"), "required": True, "selector": TimeSelector()},
        CONF_PRICE: {"label": word("price"), "required": True, "selector": per_kwh},
    }
    schema: dict[vol.Marker, Any] = {
        vol.Required(CONF_SINCE): DateSelector(),
        vol.Optional(CONF_TIME): TimeSelector(),
        vol.Optional(CONF_PRICE): per_kwh,
        # A negative one is refused with a reason.
        vol.Optional(CONF_BASE): _number(currency, least=-_MOST, step=0.01),
        vol.Optional(CONF_ENTITY): EntitySelector(
            EntitySelectorConfig(domain=[SENSOR, INPUT_NUMBER])
        ),
        vol.Optional(CONF_WINDOWS): ObjectSelector(
            ObjectSelectorConfig(
                fields=fields,
                multiple=True,
                label_field=CONF_START,
                description_field=CONF_PRICE,
            )
        ),
    }
    if is_known:
        schema[vol.Optional(CONF_REMOVE)] = BooleanSelector()
    return vol.Schema(schema)


def contract_schema(
    currency: str,
    word: Callable[[str], str],
    others: list[SelectOptionDict],
    *,
    is_known: bool,
) -> vol.Schema:
    """Return the fields of a contract, which may cover other counters of the device.

    `word` translates the fields of a later payment.
    """
    money = _number(currency, least=0, step=0.01)
    changes: dict[str, ObjectSelectorField] = {
        CONF_SINCE: {"label": word("since"), "required": True, "selector": DateSelector()},
        CONF_INSTALMENT: {"label": word("instalment"), "required": True, "selector": money},
    }
    schema: dict[vol.Marker, Any] = {
        vol.Required(CONF_START): DateSelector(),
        vol.Optional(CONF_INSTALMENT): money,
        vol.Optional(CONF_CHANGES): ObjectSelector(
            ObjectSelectorConfig(
                fields=changes,
                multiple=True,
                label_field=CONF_SINCE,
                description_field=CONF_INSTALMENT,
            )
        ),
        vol.Optional(CONF_BONUS): money,
    }
    if others:
        schema[vol.Optional(CONF_OTHERS)] = SelectSelector(
            SelectSelectorConfig(options=others, multiple=True, mode=SelectSelectorMode.LIST)
        )
    if is_known:
        schema[vol.Optional(CONF_REMOVE)] = BooleanSelector()
    return vol.Schema(schema)


def entered_contract(user_input: Mapping[str, Any]) -> Contract:
    """Return the contract that a form contains; its selectors have checked days and numbers."""
    return Contract(
        start=date.fromisoformat(user_input[CONF_START]),
        instalment=user_input.get(CONF_INSTALMENT) or 0.0,
        bonus=user_input.get(CONF_BONUS) or 0.0,
        others=user_input.get(CONF_OTHERS) or [],
        changes=sorted(
            (
                Instalment(
                    since=date.fromisoformat(change[CONF_SINCE]), amount=change[CONF_INSTALMENT]
                )
                for change in _items(user_input.get(CONF_CHANGES))
            ),
            key=lambda change: change.since,
        ),
    )


def contract_values(contract: Contract) -> dict[str, Any]:
    """Return how a form shows a contract."""
    values: dict[str, Any] = {CONF_START: contract.start.isoformat()}
    if contract.instalment:
        values[CONF_INSTALMENT] = contract.instalment
    if contract.bonus:
        values[CONF_BONUS] = contract.bonus
    if contract.others:
        values[CONF_OTHERS] = contract.others
    if contract.changes:
        values[CONF_CHANGES] = [
            {CONF_SINCE: change.since.isoformat(), CONF_INSTALMENT: change.amount}
            for change in contract.changes
        ]
    return values


def _items(entered: Any) -> list[Any]:
    """Return the items of a field; a form that is sent without a page may contain one alone."""
    if not entered:
        return []
    return entered if isinstance(entered, list) else [entered]


def _number(unit: str, *, step: Any, least: float | None = None) -> NumberSelector:
    config = NumberSelectorConfig(
        max=_MOST, step=step, mode=NumberSelectorMode.BOX, unit_of_measurement=unit
    )
    return NumberSelector(config if least is None else config | {"min": least})


def entered_price(user_input: Mapping[str, Any], currency: str) -> Price:
    """Return the price that a form contains; its selectors have checked days, times and numbers."""
    cents = price_unit(currency).per_currency
    price = user_input.get(CONF_PRICE)
    return Price(
        since=date.fromisoformat(user_input[CONF_SINCE]),
        minute=_minutes(user_input[CONF_TIME]) if user_input.get(CONF_TIME) else 0,
        price=None if price is None else price / cents,
        base=user_input.get(CONF_BASE) or 0.0,
        entity=user_input.get(CONF_ENTITY),
        windows=[
            Window(
                weekdays=sorted(
                    WEEKDAYS.index(day) for day in window.get(CONF_WEEKDAYS) or WEEKDAYS
                ),
                start=_minutes(window[CONF_START]),
                end=_minutes(window[CONF_END]),
                price=window[CONF_PRICE] / cents,
            )
            for window in _items(user_input.get(CONF_WINDOWS))
        ],
    )


def form_values(price: Price, currency: str) -> dict[str, Any]:
    """Return how a form shows a price."""
    cents = price_unit(currency).per_currency
    values: dict[str, Any] = {CONF_SINCE: price.since.isoformat(), CONF_BASE: price.base}
    if price.minute:
        values[CONF_TIME] = _time(price.minute)
    if price.price is not None:
        values[CONF_PRICE] = round(price.price * cents, 6)
    if price.entity is not None:
        values[CONF_ENTITY] = price.entity
    if price.windows:
        values[CONF_WINDOWS] = [
            {
                CONF_WEEKDAYS: [WEEKDAYS[day] for day in window.weekdays],
                CONF_START: _time(window.start),
                CONF_END: _time(window.end),
                CONF_PRICE: round(window.price * cents, 6),
            }
            for window in price.windows
        ]
    return values


def _minutes(text: str) -> int:
    """Return the minutes after midnight of a time such as 22:00:00."""
    found = time.fromisoformat(text)
    return found.hour * 60 + found.minute


def _time(minutes: int) -> str:
    return time(*divmod(minutes % (24 * 60), 60)).isoformat()
