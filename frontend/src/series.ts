// The numbers of a line or of bars over a time, apart from any drawing.
import type { Span } from "./calendar";
import { hoursWithin, type Row, type Step, type TimeRange } from "./data";

const DAY = 864e5;
const HOUR = 3600e3;
/** The length of the points by the length of the time, so that there are some hundred of them. */
const STEPS: readonly (readonly [days: number, step: Step])[] = [[2, "5minute"], [16, "hour"], [800, "day"], [3700, "week"]];
const BAR_STEPS: readonly (readonly [days: number, step: Step])[] = [[2, "hour"], [35, "day"]];

export const stepOf = ({ start, end }: Span, isBars: boolean): Step =>
  (isBars ? BAR_STEPS : STEPS).find(([days]) => end - start <= days * DAY)?.[1] ?? "month";

export interface Point {
  start: number;
  end: number;
  value: number;
  low: number | null;
  high: number | null;
  /** The share of the time whose energy was spread within a longer total. */
  spread: number;
}

const LENGTHS: Record<Step, number> = { "5minute": HOUR / 12, hour: HOUR, day: DAY, week: 7 * DAY, month: 30 * DAY };

/** Return the points of a chart: of a counter its energy in kWh (bars) or mean power in W (line). */
export function pointsOf(
  rows: readonly Row[], step: Step, { isBars, spread, now = Date.now() }: { isBars: boolean; spread: readonly TimeRange[]; now?: number },
): Point[] {
  const points: Point[] = [];
  let from = 0;
  for (const row of rows) {
    // The last day, week or month has whole hours up to now.
    const known = step === "5minute" ? now : Math.floor(now / HOUR) * HOUR;
    const { start } = row, whole = row.end ?? start + LENGTHS[step], end = whole > known && known > start ? known : whole, hours = (end - start) / HOUR;
    const value = row.mean ?? (row.change == null ? null : isBars ? row.change : (row.change * 1000) / hours);
    if (value === null) continue;
    while (from < spread.length && Date.parse(spread[from]?.end ?? "") <= start) from += 1;
    let until = from;
    while (until < spread.length && Date.parse(spread[until]?.start ?? "") < end) until += 1;
    const share = until > from ? hoursWithin(spread.slice(from, until), { start, end }) / hours : 0;
    points.push({ start, end, value, low: row.min ?? null, high: row.max ?? null, spread: share });
  }
  return points;
}

export interface Summary { least: number; mean: number; most: number; sum: number }

/** Return the least, the mean and the largest value, the mean weighted by the length of the points. */
export function summaryOf(points: readonly Point[]): Summary | undefined {
  if (!points.length) return undefined;
  let least = Infinity, most = -Infinity, weighted = 0, length = 0, sum = 0;
  for (const { start, end, value, low, high } of points) {
    least = Math.min(least, low ?? value);
    most = Math.max(most, high ?? value);
    weighted += value * (end - start);
    length += end - start;
    sum += value;
  }
  return { least, most, mean: weighted / length, sum };
}
