// What the cards ask Home Assistant for. Cards on one page that need the same data share one request.
import type { Span } from "./calendar";
import { zone, type Hass } from "./hass";
import { hoursIn, type Answer, type Hours } from "./hours";

export interface Row {
  /** Unix time in ms. */
  start: number;
  end?: number;
  mean?: number | null;
  min?: number | null;
  max?: number | null;
  change?: number | null;
}
export type Step = "5minute" | "hour" | "day" | "week" | "month";

/** A time range as actions return it. */
export interface TimeRange { start: string; end: string }
export interface SeriesHistory {
  config_entry_id: string | null;
  since: string | null;
  origins: Partial<Record<"measured" | "reported" | "spread" | "imported", number>>;
  spread: TimeRange[];
  missing: TimeRange[];
  rejected: Record<string, number>;
  last_reading: string | null;
}

const FRESH = 60e3;

class Shared {
  private readonly answers = new Map<string, { at: number; answer: Promise<unknown> }>();

  get<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const now = Date.now();
    for (const [known, { at }] of this.answers) if (now - at > FRESH) this.answers.delete(known);
    const found = this.answers.get(key);
    if (found) return found.answer as Promise<T>;
    const answer = ask();
    this.answers.set(key, { at: now, answer });
    // A failure is not kept: the next card, or the next try, asks again.
    answer.catch(() => this.answers.delete(key));
    return answer;
  }
  clear(): void { this.answers.clear(); }
}
const shared = new Shared();

/** Forget what was answered: after a change of the data, and after Home Assistant was away. */
export const forget = (): void => { shared.clear(); };

const minutes = (at: number): number => Math.floor(at / 60e3) * 60e3;

/** Return what the rows of a series have: each type that is asked for costs time, whether it is there or not. */
const typesOf = (hass: Hass, entity: string): string[] => {
  const means = ["mean", "min", "max"], kind = hass.states[entity]?.attributes.state_class;
  return kind === undefined ? [...means, "change"] : kind === "measurement" ? means : ["change"];
};

/** Return the rows of a statistic, in kWh, W or the unit of the entity. */
export async function rowsOf(hass: Hass, entity: string, { start, end }: Span, step: Step): Promise<Row[]> {
  const message = {
    type: "recorder/statistics_during_period",
    start_time: new Date(minutes(start)).toISOString(), end_time: new Date(minutes(end)).toISOString(),
    statistic_ids: [entity], period: step, types: typesOf(hass, entity), units: { energy: "kWh", power: "W" },
  };
  const found = await shared.get(JSON.stringify(message), () => hass.callWS<Record<string, Row[]>>(message));
  return found[entity] ?? [];
}

/** Return what a counter has counted in a time range up to now, in kWh; null without any data. */
export async function countedIn(hass: Hass, entity: string, { start, end }: Span): Promise<number | null> {
  const found = await hass.callWS<{ change?: number | null }>({
    type: "recorder/statistic_during_period", statistic_id: entity, types: ["change"], units: { energy: "kWh" },
    fixed_period: { start_time: new Date(start).toISOString(), end_time: new Date(end).toISOString() },
  });
  return found.change ?? null;
}

const HOUR = 3600e3;

/** Return the same of a time range in the past, of whose last hour the recorder only knows the whole. */
export async function countedBefore(hass: Hass, entity: string, { start, end }: Span): Promise<number | null> {
  const full = Math.floor(end / HOUR) * HOUR;
  const [counted, last] = await Promise.all([
    full > start ? countedIn(hass, entity, { start, end: full }) : 0,
    end > full ? rowsOf(hass, entity, { start: full, end: full + HOUR }, "hour") : [],
  ]);
  const change = last[0]?.change ?? null;
  return counted === null || (counted === 0 && end > full && change === null) ? null : counted + ((change ?? 0) * (end - full)) / HOUR;
}

export interface Listed { statistic_id: string; name: string | null; unit_class: string | null; statistics_unit_of_measurement: string | null }

/** Return all statistics of energy, power and temperature. */
export async function seriesOf(hass: Hass): Promise<Listed[]> {
  const found = await shared.get("list", () => hass.callWS<Listed[]>({ type: "recorder/list_statistic_ids" }));
  return found.filter(({ unit_class }) => ["energy", "power", "temperature"].includes(unit_class ?? ""));
}

/** Call an action of ours that returns data. */
export async function act<T>(hass: Hass, action: string, data: object): Promise<T> {
  const { response } = await hass.callService<T>("py_hab", action, data, undefined, false, true);
  return response;
}

export const historyOf = (hass: Hass, entity_id: string): Promise<SeriesHistory> =>
  shared.get(`history ${entity_id}`, () => act<SeriesHistory>(hass, "get_history", { entity_id }));

/** Return the hours of a series. All cards of a page that show the same time share one request. */
export async function hoursOf(hass: Hass, entity: string, { start, end }: Span): Promise<Hours> {
  const message = {
    type: "py_hab/hours", statistic_id: entity,
    start: new Date(Math.floor(start / HOUR) * HOUR).toISOString(), end: new Date(Math.ceil(end / HOUR) * HOUR).toISOString(),
  };
  const timeZone = zone(hass);
  return shared.get(`${JSON.stringify(message)} ${timeZone}`, async () => hoursIn(await hass.callWS<Answer>(message), timeZone));
}

/** Return how many hours of a span lie in time ranges. */
export const hoursWithin = (ranges: readonly TimeRange[], { start, end }: Span): number =>
  ranges.reduce((sum, range) => sum + Math.max(0, Math.min(end, Date.parse(range.end)) - Math.max(start, Date.parse(range.start))) / HOUR, 0);
