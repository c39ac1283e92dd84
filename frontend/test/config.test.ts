import { expect, test } from "vitest";
import { check, type Rules } from "../src/config";
import { TEXTS, texts } from "../src/texts";

const t = texts({ language: "en" });
const RULES: Rules = {
  entity: "series", counters: "series_list", title: "text", compare: "switch", by: ["hour", "month"], days: { from: 1, to: 3660 },
};
const error = (config: object): string => {
  try {
    check(t, RULES, config);
  } catch (caught) {
    return (caught as Error).message;
  }
  return "";
};

test("what the editor and YAML may hold is accepted, and keys of Home Assistant are left alone", () => {
  expect(error({
    type: "custom:py-hab-profile-card", entity: "py_hab:cost_1", counters: ["sensor.a"], title: 2026, compare: false, by: "month", days: 365,
    grid_options: { rows: 5 }, visibility: [], view_layout: {}, constructor: 1,
  })).toBe("");
  expect(error({ entity: undefined, days: null })).toBe("");
});

test("each key with a wrong type is named with what it accepts", () => {
  expect(error({ days: "week" })).toBe('days: a whole number from 1 to 3660 is expected, not "week"');
  for (const days of [0, 1.5, 3661, Infinity, [7]]) expect(error({ days })).toContain("days: a whole number");
  expect(error({ by: "hours" })).toBe('by: one of hour, month is expected, not "hours"');
  for (const entity of [5, "", "no id", ["sensor.a"], {}]) expect(error({ entity })).toContain("entity: the ID");
  for (const counters of ["sensor.a", [1], {}]) expect(error({ counters })).toContain("counters: a list");
  for (const title of [[], {}, true]) expect(error({ title })).toContain("title: a text");
  expect(error({ compare: "yes" })).toBe('compare: true or false is expected, not "yes"');
});

test("the error is in the language of the user", () => {
  expect(() => { check(TEXTS["de"] ?? t, RULES, { days: 0 }); }).toThrow("days: erwartet wird eine ganze Zahl von 1 bis 3660, nicht 0");
});
