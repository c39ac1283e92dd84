// What the cards accept in their configuration: the fields of their editors, and clear errors for YAML.
import { filled, spoken, type TextKey, type Texts } from "./texts";

/** What a key holds: a word or a range of numbers stands for itself. */
export type Rule = "series" | "series_list" | "text" | "switch" | readonly string[] | { from: number; to: number };
export type Rules = Record<string, Rule>;

const isSeries = (value: unknown): boolean => typeof value === "string" && /^[\w.:-]+$/.test(value);

function isAllowed(rule: Rule, value: unknown): boolean {
  if (rule === "series") return isSeries(value);
  if (rule === "series_list") return Array.isArray(value) && value.every(isSeries);
  // In YAML, a title such as 2026 is a number.
  if (rule === "text") return typeof value === "string" || typeof value === "number";
  if (rule === "switch") return typeof value === "boolean";
  if ("from" in rule) return Number.isInteger(value) && Number(value) >= rule.from && Number(value) <= rule.to;
  return rule.includes(value as string);
}

function expected(t: Texts, rule: Rule): string {
  if (rule === "series") return t.expects_series;
  if (rule === "series_list") return t.expects_series_list;
  if (rule === "text") return t.expects_text;
  if (rule === "switch") return t.expects_switch;
  return "from" in rule ? filled(t.expects_number, { from: String(rule.from), to: String(rule.to) }) : filled(t.expects_one, { words: rule.join(", ") });
}

/** Throw an error that names the key and what it accepts; keys of Home Assistant are left alone. */
export function check(t: Texts, rules: Rules, config: object): void {
  for (const [key, value] of Object.entries(config)) {
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
    if (rule === undefined || value === undefined || value === null || isAllowed(rule, value)) continue;
    throw new Error(filled(t.bad_value, { key, expected: expected(t, rule), value: JSON.stringify(value) }));
  }
}

export interface Field { name: string; required?: true; selector: object }

export const SERIES: Field = { name: "entity", required: true, selector: { statistic: {} } };
export const TITLE: Field = { name: "title", selector: { text: {} } };
export const daysBack = ({ from, to }: { from: number; to: number }): Field => ({ name: "days", selector: { number: { min: from, max: to, mode: "box" } } });
export const toggle = (name: string): Field => ({ name, selector: { boolean: {} } });
export const choiceOf = (name: string, options: readonly (string | { value: string; label: string })[]): Field => (
  { name, selector: { select: { mode: "dropdown", options } } }
);

/** Return the editor of a card. `labels` are the texts of fields that mean something else than elsewhere. */
export function form(schema: readonly Field[], rules: Rules, labels: Record<string, TextKey> = {}): object {
  const t = spoken(), label = (name: string): string => labels[name] ?? name;
  const text = (key: string): string | undefined => (key in t ? t[key as TextKey] : undefined);
  return {
    schema,
    computeLabel: ({ name }: Field) => text(name === "title" ? "heading" : label(name)),
    computeHelper: ({ name }: Field) => text(`${label(name)}_help`),
    assertConfig: (config: object) => { check(t, rules, config); },
  };
}
