// The numbers of a heatmap, apart from any drawing.

import type { Row } from "./data";

export interface Cell { column: number; hour: number; value: number; start: number }
export interface Grid { columns: string[]; cells: Cell[]; most: number }

/** The share of the hours that the colours span: one hour with the oven must not darken a year. */
const SPAN = 0.98;

/** Return the mean power of an hour in W, or the mean of any other series. */
export const valueOf = (row: Row): number | null =>
  row.mean ?? (row.change == null ? null : row.change * 1000);

/** Return the value below which a share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (sorted.length - 1) * share, low = Math.floor(at);
  const from = sorted[low] ?? 0;
  return from + ((sorted[low + 1] ?? from) - from) * (at - low);
}

const parts = (timeZone: string | undefined): ((start: number) => { date: string; hour: number; weekday: number }) => {
  const format = new Intl.DateTimeFormat("en-CA", {
    year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", hourCycle: "h23", timeZone,
  });
  return (start) => {
    const [date = "", hour = "0"] = format.format(start).split(", ");
    return { date, hour: parseInt(hour), weekday: (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7 };
  };
};

/** Return hours by day. A day without rows keeps its column, so that the axis stays even. */
export function byDay(rows: readonly Row[], timeZone: string | undefined): Grid {
  const of = parts(timeZone), columns: string[] = [], cells: Cell[] = [];
  for (const row of rows) {
    const value = valueOf(row);
    if (value === null) continue;
    const { date, hour } = of(row.start);
    while (columns.at(-1) !== date) {
      const last = columns.at(-1);
      columns.push(last ? new Date(Date.parse(`${last}T00:00:00Z`) + 864e5).toISOString().slice(0, 10) : date);
    }
    cells.push({ column: columns.length - 1, hour, value, start: row.start });
  }
  return { columns, cells, most: quantile(cells.map(({ value }) => value), SPAN) };
}

/** Return the mean of each hour of the week, Monday first. */
export function byWeekday(rows: readonly Row[], timeZone: string | undefined): Grid {
  const of = parts(timeZone), sums = new Map<number, { sum: number; count: number; start: number }>();
  for (const row of rows) {
    const value = valueOf(row);
    if (value === null) continue;
    const { hour, weekday } = of(row.start);
    const found = sums.get(weekday * 24 + hour) ?? { sum: 0, count: 0, start: row.start };
    found.sum += value;
    found.count += 1;
    sums.set(weekday * 24 + hour, found);
  }
  const cells = [...sums].map(([at, { sum, count, start }]) => (
    { column: Math.floor(at / 24), hour: at % 24, value: sum / count, start }
  ));
  return { columns: ["0", "1", "2", "3", "4", "5", "6"], cells, most: quantile(cells.map(({ value }) => value), SPAN) };
}

const WHOLE_DAY = 20;
const FEWEST_DAYS = 7;
/** Hours over which a sum was spread differ by rounding alone. */
const EVEN = 0.01;
/** A spread day has as many different hours as parts it was spread from, a measured one more. */
const CHANGES = 8;

const isMeasured = (hours: readonly number[]): boolean =>
  hours.length >= WHOLE_DAY && CHANGES <= hours.filter((value, index) => {
    const before = hours[index - 1] ?? value;
    return Math.abs(value - before) > EVEN * Math.max(Math.abs(value), Math.abs(before));
  }).length;

/** Return the base load: the median of the least hour of each whole day whose hours were measured. */
export function baseLoad(cells: readonly Cell[]): number | null {
  const days = new Map<number, number[]>();
  for (const { column, value } of cells) {
    const hours = days.get(column);
    if (hours) hours.push(value);
    else days.set(column, [value]);
  }
  const measured = [...days.values()].filter(isMeasured);
  return measured.length >= FEWEST_DAYS ? quantile(measured.map((hours) => Math.min(...hours)), 0.5) : null;
}
