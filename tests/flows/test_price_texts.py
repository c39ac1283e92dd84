"""Prices and amounts in the language of the home."""

from datetime import date

import pytest

from custom_components.py_hab.costs.prices import Price, WeekTime, Window
from custom_components.py_hab.flows.price_texts import async_price_texts
from homeassistant.core import HomeAssistant


@pytest.mark.parametrize(
    ("language", "amount", "price", "time"),
    [
        (
            "en",
            "1,234.50 EUR",
            "32.50 ct/kWh, 11.90 EUR per month from 2026-01-01 on",
            "Sunday 22:30",
        ),
        ("de", "1.234,50 EUR", "32,50 ct/kWh, 11,90 EUR pro Monat ab 01.01.2026", "Sonntag 22:30"),
    ],
)
async def test_a_price_is_written_out(
    hass: HomeAssistant, language: str, amount: str, price: str, time: str
) -> None:
    hass.config.language = language
    texts = await async_price_texts(hass)
    assert texts.amount(1234.5) == amount
    assert texts.price(Price(since=date(2026, 1, 1), price=0.325, base=11.9)) == price
    assert texts.week_time(WeekTime(6, 22 * 60 + 30)) == time
    assert texts.week_time(None) == ""
    assert texts.number(1234.5) in ("1,234", "1.234")


async def test_windows_and_entities_are_named(hass: HomeAssistant) -> None:
    hass.config.currency = "SEK"
    texts = await async_price_texts(hass)
    night = Window(start=0, end=360, price=0.2)
    price = Price(since=date(2026, 1, 1), price=0.4, windows=[night], entity="sensor.market")
    assert texts.price(price) == (
        "sensor.market, 0.40 SEK/kWh / 0.20 SEK/kWh (00:00-06:00) from 2026-01-01 on"
    )


@pytest.mark.parametrize(
    ("weekdays", "shown"),
    [
        ([0, 1, 2, 3, 4], "Montag-Freitag 07:00-09:30, 22:00-06:00"),
        ([5, 6], "Samstag-Sonntag 07:00-09:30, 22:00-06:00"),
        ([0, 2, 6], "Montag Mittwoch Sonntag 07:00-09:30, 22:00-06:00"),
        ([3], "Donnerstag 07:00-09:30, 22:00-06:00"),
    ],
)
async def test_times_of_one_price_are_written_out(
    hass: HomeAssistant, weekdays: list[int], shown: str
) -> None:
    hass.config.language = "de"
    texts = await async_price_texts(hass)
    windows = [
        Window(start=420, end=570, weekdays=weekdays, price=0.2),
        Window(start=1320, end=360, price=0.2),
    ]
    price = Price(since=date(2026, 1, 1), price=0.4, windows=windows)
    assert texts.price(price) == f"40,00 ct/kWh / 20,00 ct/kWh ({shown}) ab 01.01.2026"
