// A home for the tests: what the cards read of `hass`.
import type { Hass, State } from "../src/hass";

export const state = (value: string, attributes: State["attributes"] = {}): State => ({ state: value, attributes });

export const home = (more: Partial<Hass> = {}): Hass => ({
  language: "en", locale: { number_format: "language", time_zone: "server" }, config: { time_zone: "Europe/Berlin" },
  connection: {}, themes: {}, states: {}, entities: {}, devices: {}, areas: {},
  callWS: () => Promise.reject(new Error("not asked for")),
  callService: () => Promise.reject(new Error("not asked for")),
  ...more,
});

/** A counter or a power of a device. */
export const withEntity = (hass: Hass, entity_id: string, device_id: string, device_class: string, value = "1"): void => {
  hass.entities[entity_id] = { entity_id, device_id, platform: "py_hab" };
  hass.states[entity_id] = state(value, { device_class, state_class: "measurement", friendly_name: entity_id });
};
