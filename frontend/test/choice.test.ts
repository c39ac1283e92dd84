import { expect, test } from "vitest";
import { withChosen } from "../src/card";
import { parseChoice, withChoice } from "../src/choice";

test("a choice survives the address", () => {
  const chosen = { series: "sensor.a b&c", from: "2026-01-01", to: "2026-02-01", spread: true };
  expect(parseChoice(`?${withChoice("", chosen)}`)).toEqual(chosen);
  expect(parseChoice(withChoice("", { days: 30 }))).toEqual({ days: 30 });
});

test("what else stands in the address stays", () => {
  expect(withChoice("?edit=1&days=7", { spread: false })).toBe("edit=1&spread=0");
});

test("what is not valid is left out", () => {
  for (const query of ["?days=-1", "?days=x", "?days=1e9", "?from=2026-02-01&to=2026-01-01", "?from=now&to=then", "?series="]) {
    expect(parseChoice(query)).toEqual({});
  }
});

test("only linked cards follow the choice", () => {
  const chosen = { series: "sensor.b", days: 7, spread: true };
  expect(withChosen({ entity: "sensor.a" }, chosen)).toEqual({ entity: "sensor.a" });
  expect(withChosen({ entity: "sensor.a", linked: true }, chosen)).toEqual({ entity: "sensor.b", days: 7, include_spread: true, linked: true });
});

test("what is no longer chosen leaves the address", () => {
  expect(withChoice("?days=7&spread=0", { ...parseChoice("?days=7&spread=0"), spread: undefined })).toBe("days=7");
});
