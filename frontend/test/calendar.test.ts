import { expect, test } from "vitest";
import { comparisons, dateOf, dayOf, midnight } from "../src/calendar";

const BERLIN = "Europe/Berlin";
const at = (text: string): number => Date.parse(text);
const iso = (moment: number | undefined): string => new Date(moment ?? NaN).toISOString();

test("a day begins at midnight of the home, over clock changes too", () => {
  expect(iso(dayOf(at("2026-03-29T10:00:00Z"), BERLIN))).toBe("2026-03-28T23:00:00.000Z");
  expect(iso(dayOf(at("2026-03-28T23:30:00Z"), BERLIN, 1))).toBe("2026-03-29T22:00:00.000Z");
  expect(iso(dayOf(at("2026-01-01T10:00:00Z"), BERLIN, -1))).toBe("2025-12-30T23:00:00.000Z");
});

test("a date is that of the home", () => {
  expect(dateOf(at("2026-01-01T23:30:00Z"), BERLIN)).toBe("2026-01-02");
  expect(iso(midnight("2026-10-25", BERLIN))).toBe("2026-10-24T22:00:00.000Z");
  expect(iso(midnight("2026-10-25", BERLIN, 1))).toBe("2026-10-25T23:00:00.000Z");
  expect(midnight("yesterday", BERLIN)).toBeUndefined();
});

test("today is compared with yesterday up to the same time", () => {
  const { day } = comparisons(at("2026-03-30T08:15:00Z"), BERLIN);
  expect(iso(day.now.start)).toBe("2026-03-29T22:00:00.000Z");
  expect(iso(day.before.start)).toBe("2026-03-28T23:00:00.000Z");
  // Yesterday, 10:15, in summer time as well.
  expect(iso(day.before.end)).toBe("2026-03-29T08:15:00.000Z");
});

test("this month is compared with the last one, a 31st with all of it", () => {
  const may = comparisons(at("2026-05-12T10:00:00Z"), BERLIN).month;
  expect([may.before.start, may.before.end].map(iso)).toEqual(["2026-03-31T22:00:00.000Z", "2026-04-12T10:00:00.000Z"]);
  const last = comparisons(at("2026-05-31T10:00:00Z"), BERLIN).month;
  expect([last.before.start, last.before.end].map(iso)).toEqual(["2026-03-31T22:00:00.000Z", "2026-04-30T22:00:00.000Z"]);
  const january = comparisons(at("2026-01-05T10:00:00Z"), "UTC").month;
  expect([january.before.start, january.before.end].map(iso)).toEqual(["2025-12-01T00:00:00.000Z", "2025-12-05T10:00:00.000Z"]);
});
