import { expect, test } from "vitest";
import { TEXTS, filled, texts, type TextKey } from "../src/texts";

const english = texts({ language: "en" });

test("both languages have the same texts, with the same placeholders", () => {
  const holes = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const language of Object.values(TEXTS)) {
    expect(Object.keys(language).sort()).toEqual(Object.keys(english).sort());
    for (const [key, text] of Object.entries(language)) {
      expect(text).not.toBe("");
      expect(holes(text)).toEqual(holes(english[key as TextKey]));
    }
  }
});

test("a regional language is read as its language, an unknown one as English", () => {
  expect(texts({ language: "de-CH" })).toBe(TEXTS["de"]);
  expect(texts({ language: "fr" })).toBe(TEXTS["en"]);
});

test("placeholders are filled", () => {
  expect(filled("Based on {hours} hours", { hours: "7" })).toBe("Based on 7 hours");
});

test("a text with two forms takes the first one for 1", () => {
  for (const [count, text] of [[0, "0 hours"], [1, "1 hour"], [2, "2 hours"]] as const) {
    expect(filled(english.hour_count, { hours: String(count) }, count)).toBe(text);
  }
  expect(filled(english.period, { days: "1" }, 1)).toBe("Last day");
});
