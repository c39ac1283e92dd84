"""Tables as portals, programs and devices write them, with what they mean."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

BERLIN: Final = ZoneInfo("Europe/Berlin")
QUARTER: Final = timedelta(minutes=15)
MONTHS: Final = (
    "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
    "November", "Dezember",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Portal:
    """A file of a portal."""

    name: str
    text: str
    encoding: str = "utf-8"
    delimiter: str = ";"
    content: str
    unit: str = "kWh"
    series: dict[str, dict[datetime, float]]
    """The kWh of each time from its begin (UTC: equal local times would be one key), by the name of
    the series."""
    doubts: frozenset[str] = frozenset()

    @property
    def data(self) -> bytes:
        """The file."""
        return self.text.encode(self.encoding)


def amount(at: datetime, scale: float = 1.0) -> float:
    """Return the kWh of a quarter of an hour, with three decimals."""
    number = int(at.timestamp()) // 900
    return round(scale * (0.05 + (number * 7919 % 97) / 1000), 3)


def quarters(start: datetime, count: int) -> Iterator[datetime]:
    """Yield the begins of quarter hours."""
    for index in range(count):
        yield (start.astimezone(UTC) + index * QUARTER).astimezone(start.tzinfo)


def german(number: float, digits: int = 3) -> str:
    """Return a number with a decimal comma and points between thousands."""
    return f"{number:,.{digits}f}".translate(str.maketrans(",.", ".,"))


def at(text: str) -> datetime:
    """Return a local time in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def lines(*head: str, rows: Iterator[str] | list[str], end: str = "\r\n") -> str:
    """Return a text of lines."""
    return end.join([*head, *rows, ""])


START: Final = at("2025-10-25T00:00:00")
DAYS: Final = 3 * 96 + 4
"""Quarters of three days, one of which has 25 hours."""


def _quarter_hours(
    row: Callable[[datetime, float], str], start: datetime = START, count: int = DAYS
) -> tuple[list[str], dict[datetime, float]]:
    rows = [row(begin, amount(begin)) for begin in quarters(start, count)]
    return rows, {begin.astimezone(UTC): amount(begin) for begin in quarters(start, count)}


def netze_bw() -> Portal:
    """Begin and end in four columns, and a preamble."""

    def row(begin: datetime, kwh: float) -> str:
        end = (begin.astimezone(UTC) + QUARTER).astimezone(BERLIN)
        return (
            f"{begin:%d.%m.%Y};{begin:%H:%M};{end:%d.%m.%Y};{end:%H:%M};{german(kwh)};Wahrer Wert"
        )

    rows, truth = _quarter_hours(row)
    head = (
        "Netze BW GmbH;Zählpunkt;;;;",
        "Messlokation;DE0001234567890000000000000012345;;;;",
        "OBIS-Kennzahl;1-1:1.29.0;;;;",
        "Einheit;kWh;;;;",
        ";;;;;",
        "Ab-Datum;Ab-Zeit;Bis-Datum;Bis-Zeit;Wert;Status",
    )
    return Portal(
        name="netze_bw",
        text=lines(*head, rows=rows),
        encoding="cp1252",
        content="consumption",
        series={"Wert": truth},
    )


def westnetz() -> Portal:
    """A day with begin and end, two directions."""

    def row(begin: datetime, kwh: float) -> str:
        end = (begin.astimezone(UTC) + QUARTER).astimezone(BERLIN)
        return f"{begin:%d.%m.%Y};{begin:%H:%M};{end:%H:%M};{german(kwh)};{german(kwh * 2)}"

    rows, truth = _quarter_hours(row)
    return Portal(
        name="westnetz",
        text=lines("Datum;von;bis;Bezug (kWh);Einspeisung (kWh)", rows=rows),
        content="consumption",
        series={
            "Bezug (kWh)": truth,
            "Einspeisung (kWh)": {begin: round(kwh * 2, 3) for begin, kwh in truth.items()},
        },
    )


def bayernwerk() -> Portal:
    """The end of each interval, UTF-16 with tabs as Excel writes it."""

    def row(begin: datetime, kwh: float) -> str:
        end = (begin.astimezone(UTC) + QUARTER).astimezone(BERLIN)
        return f"{end:%d.%m.%Y %H:%M}\t{german(kwh * 4)}"

    rows, truth = _quarter_hours(row)
    return Portal(
        name="bayernwerk",
        text=lines("Zeitstempel\tLeistung [kW]", rows=rows),
        encoding="utf-16",
        delimiter="\t",
        content="power",
        unit="kW",
        series={"Leistung [kW]": truth},
    )


def berlin_matrix() -> Portal:
    """A row for each day, a column for each quarter hour."""
    clocks = [f"{index // 4:02}:{index % 4 * 15:02}" for index in range(96)]
    start = at("2025-11-01T00:00:00")
    truth = {begin.astimezone(UTC): amount(begin) for begin in quarters(start, 5 * 96)}
    rows = []
    for day in range(5):
        begins = list(truth)[day * 96 : day * 96 + 96]
        rows.append(
            ";".join(
                [
                    f"{begins[0].astimezone(BERLIN):%d.%m.%Y}",
                    *(german(truth[each]) for each in begins),
                ]
            )
        )
    return Portal(
        name="berlin_matrix",
        text=lines("Stromnetz Berlin;Einheit kWh", ";".join(["Datum", *clocks]), rows=rows),
        content="consumption",
        series={"berlin_matrix": truth},
    )


def inexogy() -> Portal:
    """Unix milliseconds and readings of both directions in kWh."""
    truth, back = dict[datetime, float](), dict[datetime, float]()
    rows, total, fed = [], 15_119.035, 802.5
    for begin in quarters(START, 600):
        rows.append(f"{int(begin.timestamp() * 1000)},{total:.4f},{fed:.4f}")
        truth[begin.astimezone(UTC)], back[begin.astimezone(UTC)] = (
            amount(begin),
            amount(begin, 0.5),
        )
        total, fed = total + amount(begin), fed + amount(begin, 0.5)
    rows.append(f"{int((begin + QUARTER).timestamp() * 1000)},{total:.4f},{fed:.4f}")
    return Portal(
        name="inexogy",
        text=lines("Time,Energy total (kWh),EnergyOut total (kWh)", rows=rows, end="\n"),
        delimiter=",",
        content="readings",
        series={"Energy total (kWh)": truth, "EnergyOut total (kWh)": back},
    )


def tibber() -> Portal:
    """Hours with an offset, newest first, beside prices."""
    truth = dict[datetime, float]()
    rows = []
    for begin in list(quarters(START, 300))[::4]:
        kwh = truth[begin.astimezone(UTC)] = amount(begin, 3)
        end = (begin.astimezone(UTC) + timedelta(hours=1)).astimezone(BERLIN)
        rows.append(f"{begin.isoformat()},{end.isoformat()},{kwh},kWh,0.2912,EUR")
    return Portal(
        name="tibber",
        text=lines("from,to,consumption,consumptionUnit,unitPrice,currency", rows=rows[::-1]),
        delimiter=",",
        content="consumption",
        series={"consumption": truth},
    )


def shelly() -> Portal:
    """Minutes in unix seconds with Wh."""
    truth = dict[datetime, float]()
    rows = []
    for minute in range(2000):
        begin = START.astimezone(UTC) + timedelta(minutes=minute)
        wh = 10 + minute * 31 % 17
        truth[begin] = wh / 1000
        rows.append(f"{int(begin.timestamp())},{wh}.0000,0.0000,231.2")
    return Portal(
        name="shelly",
        text=lines("timestamp,consumption (Wh),returned (Wh),voltage", rows=rows, end="\n"),
        delimiter=",",
        content="consumption",
        unit="Wh",
        series={"consumption (Wh)": truth, "returned (Wh)": dict.fromkeys(truth, 0.0)},
    )


def fronius() -> Portal:
    """Five minutes, a row of units below the names."""
    truth = dict[datetime, float]()
    rows = []
    for index in range(600):
        begin = START.astimezone(UTC) + timedelta(minutes=5 * index)
        wh = index * 37 % 113
        truth[begin] = wh / 1000
        rows.append(f'"{begin.astimezone(BERLIN):%d.%m.%Y %H:%M}","{german(wh, 2)}"')
    return Portal(
        name="fronius",
        text=lines(
            '"Datum und Uhrzeit","Energie | Symo 8.2-3-M"', '"[dd.MM.yyyy HH:mm]","[Wh]"', rows=rows
        ),
        encoding="utf-8-sig",
        delimiter=",",
        content="consumption",
        unit="Wh",
        series={"Energie | Symo 8.2-3-M [Wh]": truth},
    )


def openhab() -> Portal:
    """A persistence export: irregular readings in Wh, without a header."""
    truth = dict[datetime, float]()
    rows, total = [], 4_402_310
    begin = START.astimezone(UTC)
    for index in range(400):
        rows.append(f"{begin.astimezone(BERLIN):%Y-%m-%dT%H:%M:%S%z};{total}")
        wh = 20 + index * 13 % 71
        truth[begin] = wh / 1000
        total += wh
        begin += timedelta(seconds=300 + index * 7 % 120)
    rows.append(f"{begin.astimezone(BERLIN):%Y-%m-%dT%H:%M:%S%z};{total}")
    return Portal(
        name="openhab",
        text=lines("time;Zaehlerstand_Wh", rows=rows, end="\n"),
        content="readings",
        unit="Wh",
        series={"Zaehlerstand_Wh": truth},
    )


def home_assistant_history() -> Portal:
    """The download of the history panel: states of two entities, one after the other."""
    rows = []
    series: dict[str, dict[datetime, float]] = {}
    for entity, scale in (("sensor.grid_energy", 1.0), ("sensor.plug_energy", 0.25)):
        truth = series.setdefault(entity, {})
        total = 1000.0 * scale
        for begin in quarters(START, 300):
            rows.append(f"{entity},{total:.3f},{begin.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000Z}")
            truth[begin.astimezone(UTC)] = amount(begin, scale)
            total += amount(begin, scale)
        rows.append(
            f"{entity},{total:.3f},{(begin + QUARTER).astimezone(UTC):%Y-%m-%dT%H:%M:%S.000Z}"
        )
    return Portal(
        name="home_assistant_history",
        text=lines("entity_id,state,last_changed", rows=rows, end="\n"),
        delimiter=",",
        content="readings",
        series=series,
        doubts=frozenset({"unit"}),
    )


def home_assistant_energy() -> Portal:
    """The download of the Energy dashboard: a column for each hour, a row for each statistic."""
    begins = list(quarters(START, 196))[::4]
    series = {
        name: {begin.astimezone(UTC): amount(begin, scale) for begin in begins}
        for name, scale in (("sensor.grid_in", 2.0), ("sensor.grid_out", 1.0))
    }
    header = ["entity_id", "type", "unit"]
    header += [f"{begin.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000Z}" for begin in begins]
    rows = [
        ",".join([name, "grid", "kWh", *map(str, truth.values())]) for name, truth in series.items()
    ]
    return Portal(
        name="home_assistant_energy",
        text=lines(",".join(header), rows=rows, end="\n"),
        delimiter=",",
        content="consumption",
        series=series,
    )


def iobroker() -> Portal:
    """Readings every ten minutes in quotes, US dates."""
    truth = dict[datetime, float]()
    rows, total = [], 31_152.372
    for index in range(700):
        begin = START.astimezone(UTC) + index * timedelta(minutes=10)
        rows.append(f'"{begin.astimezone(BERLIN):%m/%d/%Y %I:%M:%S %p}";"{total:.3f}"')
        if index < 699:
            truth[begin] = 0.02 + index % 7 / 100
            total += truth[begin]
    return Portal(
        name="iobroker",
        text=lines('"ts";"smartmeter.0.1-0:1_8_0.value"', rows=rows, end="\n"),
        content="readings",
        series={"smartmeter.0.1-0:1_8_0.value": truth},
        doubts=frozenset({"unit"}),
    )


def load_profile_utc() -> Portal:
    """A load profile in UTC, several registers in one column."""
    rows = []
    series: dict[str, dict[datetime, float]] = {"1-1:1.29.0": {}, "1-1:2.29.0": {}}
    for begin in quarters(START, 300):
        for obis, scale in (("1-1:1.29.0", 1.0), ("1-1:2.29.0", 0.5)):
            utc = begin.astimezone(UTC)
            series[obis][utc] = amount(begin, scale)
            rows.append(f"{utc:%Y%m%d%H%M}|{obis}|{german(series[obis][utc])}|kWh|W")
    return Portal(
        name="load_profile_utc",
        text=lines("Zeit von (UTC)|OBIS|Menge|Einheit|Status", rows=rows),
        delimiter="|",
        content="consumption",
        series=series,
    )


def days() -> Portal:
    """Days with thousands, as a supplier lists them."""
    truth = dict[datetime, float]()
    rows = []
    for index in range(60):
        begin = at("2025-09-01T00:00:00") + timedelta(days=index)
        truth[begin] = 8.0 + index * 17 % 41 / 10
        rows.append(f"{begin:%d.%m.%Y};{german(truth[begin], 1)}")
    return Portal(
        name="days",
        text=lines("Tag;Verbrauch in kWh", rows=[*rows, "Summe;612,0"]),
        content="consumption",
        series={"Verbrauch in kWh": truth},
    )


def months() -> Portal:
    """Months by name."""
    truth = {
        datetime(2025, month, 1, tzinfo=BERLIN): 200.0 + month * 37 % 150 for month in range(1, 11)
    }
    rows = [f"{MONTHS[begin.month - 1]} 2025;{german(kwh, 0)}" for begin, kwh in truth.items()]
    return Portal(
        name="months",
        text=lines("Monat;Verbrauch (kWh)", rows=rows),
        encoding="cp1252",
        content="consumption",
        series={"Verbrauch (kWh)": truth},
    )


def yearly_readings() -> Portal:
    """Readings that somebody has noted now and then."""
    noted = [("02.01.2023", 12_000.4), ("05.07.2023", 13_801.9), ("31.12.2023", 15_600.0)]
    noted += [("30.06.2024", 17_355.2), ("01.01.2025", 19_004.7), ("03.03.2025", 19_811.0)]
    truth = {}
    for (day, before), (_, after) in pairwise(noted):
        truth[datetime.strptime(day, "%d.%m.%Y").replace(tzinfo=BERLIN)] = round(after - before, 1)
    rows = [f"{day};{german(kwh, 1)}" for day, kwh in noted]
    return Portal(
        name="yearly_readings",
        text=lines("Ablesedatum;Zählerstand (kWh)", rows=rows),
        content="readings",
        series={"Zählerstand (kWh)": truth},
    )


def of_box(view: str, written: str, rows: Iterable[tuple[str, str, str]]) -> str:
    """Return a table as a FRITZ!Box writes it: rows of label, energy and unit; Euro and CO2 follow."""
    head = "Datum/Zeit;Energie;Einheit;Energie in Euro;Einheit;CO2-Ausstoss;Einheit;;Ansicht:"
    return lines(
        "sep=;",
        f"{head};{view};;Datum;{written} Uhr",
        rows=[f"{label};{energy};{unit};0,12;Euro;0,017;kg CO2" for label, energy, unit in rows],
        end="\n",
    )


def fritzbox() -> Portal:
    """The last 31 days of a plug, which a FRITZ!Box sends by mail on the last evening of a month."""
    last = at("2026-01-31T00:00:00")
    truth = {
        last - timedelta(days=ago): round(0.15 + ago * 37 % 101 / 50, 3)
        for ago in range(30, -1, -1)
    }
    rows = ((f"{day:%d.%m}", german(kwh), "kWh") for day, kwh in truth.items())
    return Portal(
        name="fritzbox",
        text=of_box("1 Monat", "31.01.2026 23:50", rows),
        content="consumption",
        series={"Energie": truth},
    )


PORTALS: Final = (
    netze_bw, westnetz, bayernwerk, berlin_matrix, inexogy, tibber, shelly, fronius, openhab,
    home_assistant_history, home_assistant_energy, iobroker, load_profile_utc, days, months,
    yearly_readings, fritzbox,
)  # fmt: skip
