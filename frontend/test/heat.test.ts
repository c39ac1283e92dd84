import { expect, test } from "vitest";
import { NIGHT, baseLoad, byDay, byWeekday, quantile } from "../src/heat";
import { hoursIn, type Hour } from "../src/hours";
import { energyOf, isSparse, profileOf } from "../src/profile";

const values = (start: string, values: (number | null)[], timeZone = "UTC", spread: [number, number][] = []): Hour[] =>
  hoursIn({ unit: "W", is_energy: true, start: Date.parse(start) / 1000, values, spread }, timeZone).hours;
const hours = (start: string, count: number, value: (index: number) => number, timeZone?: string): Hour[] =>
  values(start, Array.from({ length: count }, (_, index) => value(index) * 1000), timeZone);

test("hours are shown in the time zone of the home", () => {
  const { cells, columns } = byDay(hours("2026-01-01T23:00:00Z", 2, () => 0.25, "Europe/Berlin"));
  expect(columns).toEqual(["2026-01-02"]);
  expect(cells.map(({ hour, value }) => [hour, value])).toEqual([[0, 250], [1, 250]]);
});

test("a day without hours keeps its column", () => {
  const rows = [...hours("2026-01-01T00:00:00Z", 1, () => 1), ...hours("2026-01-04T00:00:00Z", 1, () => 1)];
  expect(byDay(rows).columns).toEqual(["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]);
});

test("a clock change leaves an hour out or doubles it, and days keep their hours", () => {
  const at = (start: string): number[] => hours(start, 48, () => 1, "Europe/Berlin").map(({ day, hour }) => day * 24 + hour);
  const spring = at("2026-03-28T12:00:00Z"), autumn = at("2026-10-24T12:00:00Z");
  expect(spring.slice(11, 15).map((hour) => hour % 24)).toEqual([0, 1, 3, 4]);
  expect(autumn.slice(11, 16).map((hour) => hour % 24)).toEqual([1, 2, 2, 3, 4]);
  const length = (found: number[]): number => (found.at(-1) ?? NaN) - (found[0] ?? NaN);
  expect([length(spring), length(autumn)]).toEqual([48, 46]);
});

test("an hour of a zone that is half an hour off UTC begins within one of its wall clock", () => {
  expect(hours("2026-01-01T18:00:00Z", 2, () => 1, "Asia/Kolkata").map(({ hour }) => hour)).toEqual([23, 0]);
});

test("hours without a value are left out, ranges of spread ones are known", () => {
  const found = values("2026-01-01T00:00:00Z", [1, null, 3, 4, 5], "UTC", [[0, 0], [3, 3]]);
  expect(found.map(({ value, isSpread }) => [value, isSpread])).toEqual([[1, true], [3, false], [4, true], [5, false]]);
  expect(values("2026-01-01T00:00:00Z", [])).toEqual([]);
});

test("a profile has the mean, the quartiles and the range of each group, without spread hours", () => {
  const of = { unit: "W", isEnergy: true, hours: values("2026-01-05T00:00:00Z", [1, 2, 3, 4, 50, ...Array.from({ length: 24 }, () => null), 6], "UTC", [[4, 4]]) };
  const week = profileOf(of, "weekday", false);
  expect([week.hours, week.leftOut]).toEqual([5, 1]);
  expect(week.groups).toEqual([
    { key: "Mon", count: 4, sum: 10, mean: 2.5, least: 1, lowerQuartile: 1.75, median: 2.5, upperQuartile: 3.25, most: 4 },
    { key: "Tue", count: 1, sum: 6, mean: 6, least: 6, lowerQuartile: 6, median: 6, upperQuartile: 6, most: 6 },
  ]);
  expect(profileOf(of, "month", true).groups).toMatchObject([{ key: "01", count: 6, sum: 66 }]);
  expect(profileOf(of, "day", true).groups.map(({ key }) => key)).toEqual(["05", "06"]);
  expect(profileOf(of, "hour", true).groups[5]).toMatchObject({ key: "05", mean: 6 });
  expect(profileOf(of, "year", true).groups.map(({ key }) => key)).toEqual(["2026"]);
});

test("the same hour of several weeks is averaged, Monday first", () => {
  const rows = [...hours("2026-01-05T06:00:00Z", 1, () => 1), ...hours("2026-01-12T06:00:00Z", 1, () => 3)];
  expect(byWeekday(rows).cells).toMatchObject([{ column: 0, hour: 6, value: 2000 }]);
});

const measured = (index: number): number => (index % 24 === 3 ? 0.1 : 1 + (index % 5) / 10);

test("the base load is the median of the least hour of whole days", () => {
  const rows = hours("2026-01-01T00:00:00Z", 7 * 24 + 5, (index) => (index >= 7 * 24 ? 0 : measured(index)));
  expect(baseLoad(byDay(rows).cells)).toBeCloseTo(100);
});

test("the base load of a home that feeds in is that of its nights", () => {
  // At noon, the sun covers all of it.
  const rows = hours("2026-01-01T00:00:00Z", 7 * 24, (index) => (index % 24 === 12 ? 0 : measured(index)));
  expect(baseLoad(byDay(rows).cells)).toBe(0);
  expect(baseLoad(byDay(rows).cells, NIGHT)).toBeCloseTo(100);
  expect(baseLoad(byDay(rows).cells.filter(({ hour }) => hour >= NIGHT), NIGHT)).toBeNull();
});

test("few measured days give no base load, spread ones do not count", () => {
  const rows = hours("2026-01-01T00:00:00Z", 30 * 24, (index) => (index < 6 * 24 ? measured(index) : Math.floor((index + 1) / 24)));
  expect(baseLoad(byDay(rows).cells)).toBeNull();
  expect(baseLoad([])).toBeNull();
});

test("a quantile lies between its neighbours", () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
});

test("a mean power becomes the energy of the whole group, a year that of its hours", () => {
  const group = (key: string) => ({ key, count: 10, sum: 5000, mean: 500, least: 0, lowerQuartile: 0, median: 0, upperQuartile: 0, most: 0 });
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
