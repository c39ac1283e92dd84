import { expect, test } from "vitest";
import { baseLoad, byDay, byWeekday, quantile } from "../src/heat";
import { energyOf, isSparse } from "../src/profile";

const HOUR = 3600e3;
const hours = (start: string, count: number, value: (index: number) => number) =>
  Array.from({ length: count }, (_, index) => ({ start: Date.parse(start) + index * HOUR, change: value(index) }));

test("hours are shown in the time zone of the home, the changed kWh as W", () => {
  const { cells, columns } = byDay(hours("2026-01-01T23:00:00Z", 2, () => 0.25), "Europe/Berlin");
  expect(columns).toEqual(["2026-01-02"]);
  expect(cells.map(({ hour, value }) => [hour, value])).toEqual([[0, 250], [1, 250]]);
});

test("a day without hours keeps its column", () => {
  const rows = [...hours("2026-01-01T00:00:00Z", 1, () => 1), ...hours("2026-01-04T00:00:00Z", 1, () => 1)];
  expect(byDay(rows, "UTC").columns).toEqual(["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]);
});

test("the same hour of several weeks is averaged, Monday first", () => {
  const rows = [...hours("2026-01-05T06:00:00Z", 1, () => 1), ...hours("2026-01-12T06:00:00Z", 1, () => 3)];
  expect(byWeekday(rows, "UTC").cells).toMatchObject([{ column: 0, hour: 6, value: 2000 }]);
});

const measured = (index: number): number => (index % 24 === 3 ? 0.1 : 1 + (index % 5) / 10);

test("the base load is the median of the least hour of whole days", () => {
  const rows = hours("2026-01-01T00:00:00Z", 7 * 24 + 5, (index) => (index >= 7 * 24 ? 0 : measured(index)));
  expect(baseLoad(byDay(rows, "UTC").cells)).toBeCloseTo(100);
});

test("few measured days give no base load, spread ones do not count", () => {
  const rows = hours("2026-01-01T00:00:00Z", 30 * 24, (index) => (index < 6 * 24 ? measured(index) : Math.floor((index + 1) / 24)));
  expect(baseLoad(byDay(rows, "UTC").cells)).toBeNull();
  expect(baseLoad([])).toBeNull();
});

test("a quantile lies between its neighbours", () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
});

test("a mean power becomes the energy of the whole group, a year that of its hours", () => {
  const group = (key: string) => ({ key, count: 10, sum: 5000, avg: 500, lower_quartile: 0, median: 0, upper_quartile: 0, min: 0, max: 0 });
  expect(energyOf("hour", group("07"))).toBe(0.5);
  expect(energyOf("weekday", group("Mon"))).toBe(12);
  expect(energyOf("month", group("01"))).toBe(372);
  expect(energyOf("year", group("2026"))).toBe(5);
});

test("a history of few known hours is sparse, unless fewer were spread", () => {
  expect(isSparse(23, 8741)).toBe(true);
  expect(isSparse(0, 1)).toBe(true);
  expect(isSparse(168, 8596)).toBe(false);
  expect(isSparse(100, 68)).toBe(false);
  expect(isSparse(0, 0)).toBe(false);
});
