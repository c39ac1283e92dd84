// The numbers of a heatmap, apart from any drawing.
import { dateOfDay, weekdayOf, type Hour } from "./hours";

export interface Cell { column: number; hour: number; value: number; start: number }
export interface Grid { columns: string[]; cells: Cell[]; most: number }

/** The share of the hours that the colours span: one hour with the oven must not darken a year. */
const SPAN = 0.98;

/** Return the value below which a share of the values lies; interpolated. */
export function quantile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  return quantileOf(sorted, share);
}

/** The same of values that ascend. */
export function quantileOf(sorted: Float64Array, share: number): number {
  const at = (sorted.length - 1) * share, low = Math.floor(at), from = sorted[low] ?? 0;
  return from + ((sorted[low + 1] ?? from) - from) * (at - low);
}

/** Return hours by day. A day without hours keeps its column, so that the axis stays even. */
export function byDay(hours: readonly Hour[]): Grid {
  const first = hours[0]?.day ?? 0, count = hours.length ? (hours.at(-1)?.day ?? first) - first + 1 : 0;
  const columns = Array.from({ length: count }, (_, column) => dateOfDay(first + column).toISOString().slice(0, 10));
  const cells = hours.map(({ day, hour, value, start }) => ({ column: day - first, hour, value, start }));
  return { columns, cells, most: quantile(cells.map(({ value }) => value), SPAN) };
}

/** Return the mean of each hour of the week, Monday first. */
export function byWeekday(hours: readonly Hour[]): Grid {
  const sums = new Map<number, { sum: number; count: number; start: number }>();
  for (const { day, hour, value, start } of hours) {
    const key = weekdayOf(day) * 24 + hour, found = sums.get(key) ?? { sum: 0, count: 0, start };
    found.sum += value;
    found.count += 1;
    sums.set(key, found);
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

/** The hours of the night, in which no sun covers what a home draws. */
export const NIGHT = 5;

/**
 * Return the base load: the median of the least hour of each whole day whose hours were measured.
 * Only the hours before `until` count.
 */
export function baseLoad(cells: readonly Cell[], until = 24): number | null {
  const days = new Map<number, { all: number[]; least: number }>();
  for (const { column, hour, value } of cells) {
    const day = days.get(column) ?? { all: [], least: Infinity };
    day.all.push(value);
    if (hour < until) day.least = Math.min(day.least, value);
    days.set(column, day);
  }
  const measured = [...days.values()].filter(({ all, least }) => least < Infinity && isMeasured(all));
  return measured.length >= FEWEST_DAYS ? quantile(measured.map(({ least }) => least), 0.5) : null;
}
