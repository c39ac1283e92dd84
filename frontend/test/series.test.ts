import { expect, test } from "vitest";
import { pointsOf, stepOf, summaryOf } from "../src/series";

const HOUR = 3600e3;
const start = Date.parse("2026-01-01T00:00:00Z");
const range = (from: number, to: number) => ({ start: new Date(start + from * HOUR).toISOString(), end: new Date(start + to * HOUR).toISOString() });

test("the length of the points follows from the length of the time", () => {
  const span = (days: number) => ({ start, end: start + days * 24 * HOUR });
  expect([1, 10, 365, 730, 2000, 9000].map((days) => stepOf(span(days), false))).toEqual(["5minute", "hour", "day", "day", "week", "month"]);
  expect([1, 30, 365].map((days) => stepOf(span(days), true))).toEqual(["hour", "day", "month"]);
});

test("a counter is energy in bars and mean power in a line", () => {
  const rows = [{ start, end: start + 24 * HOUR, change: 12 }];
  expect(pointsOf(rows, "day", { isBars: true, spread: [] })[0]?.value).toBe(12);
  expect(pointsOf(rows, "day", { isBars: false, spread: [] })[0]?.value).toBe(500);
});

test("the mean power of a day that is not over rests on its whole hours", () => {
  const rows = [{ start, end: start + 24 * HOUR, change: 3 }];
  expect(pointsOf(rows, "day", { isBars: false, spread: [], now: start + 6.5 * HOUR })[0]).toMatchObject({ value: 500, end: start + 6 * HOUR });
});

test("a point knows the share of its time that was spread", () => {
  const rows = [0, 1, 2].map((day) => ({ start: start + day * 24 * HOUR, end: start + (day + 1) * 24 * HOUR, change: 1 }));
  const points = pointsOf(rows, "day", { isBars: true, spread: [range(-10, 12), range(30, 36), range(36, 39)] });
  expect(points.map(({ spread }) => spread)).toEqual([0.5, 9 / 24, 0]);
});

test("the summary takes the least and largest values of the hours where they are known", () => {
  const points = pointsOf([
    { start, end: start + HOUR, mean: 100, min: 10, max: 300 }, { start: start + HOUR, end: start + 4 * HOUR, mean: 200, min: 150, max: 220 },
  ], "hour", { isBars: false, spread: [] });
  expect(summaryOf(points)).toEqual({ least: 10, mean: 175, most: 300, sum: 300 });
  expect(summaryOf([])).toBeUndefined();
});
