import { beforeAll, expect, test } from "vitest";
import type { SeriesHistory } from "../src/data";
import type { Hass } from "../src/hass";
import { home } from "./home";

interface Card {
  hass: Hass;
  texts: { take_back_now: string; taken_back: string };
  note(hass: Hass, config: { entity: string }, found: SeriesHistory): unknown;
  ask(hass: Hass, config: { entity: string }, entry: string): Promise<void>;
  takeBack(hass: Hass, config: { entity: string }, run: object): Promise<void>;
}

let make: () => Card;
beforeAll(async () => {
  // Node has no elements.
  Object.assign(globalThis, { HTMLElement: class {} });
  const { HistoryCard } = await import("../src/history-card");
  const prototype = HistoryCard.prototype as unknown as object;
  make = () => Object.assign(Object.create(prototype) as Card, { reload: () => undefined });
});

const FOUND: SeriesHistory = {
  config_entry_id: "entry", since: null, origins: {}, spread: [], missing: [], rejected: {}, last_reading: null,
};
const RUN = { run: "1", at: "2026-03-20T12:00:00+00:00", statistics: [{ entity_id: "sensor.one", hours: 7 }, { entity_id: "sensor.two", hours: 9 }] };
const written = (template: unknown): string => JSON.stringify(template);

test("a run is taken back only of the series that was asked about", async () => {
  const card = make(), asked: object[] = [];
  const hass = card.hass = home({
    user: { is_admin: true },
    callService: ((_domain: string, _action: string, data: object) => {
      asked.push(data);
      return Promise.resolve({ response: { runs: [RUN] } });
    }) as never,
  });
  const one = { entity: "sensor.one" }, two = { entity: "sensor.two" };
  await card.ask(hass, one, "entry");
  expect(written(card.note(hass, one, FOUND))).toContain(card.texts.take_back_now);
  // Another series was chosen on the page.
  expect(written(card.note(hass, two, FOUND))).not.toContain(card.texts.take_back_now);
  await card.takeBack(hass, one, RUN);
  expect(written(asked.at(-1))).toContain("sensor.one");
  expect(written(card.note(hass, one, FOUND))).toContain(card.texts.taken_back);
  expect(written(card.note(hass, one, FOUND))).not.toContain(card.texts.take_back_now);
});
