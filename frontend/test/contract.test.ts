import { expect, test } from "vitest";
import { balance, contracts, sameContract, scaleOf, standingOf, type Standing } from "../src/contract";
import { formatMoney, type Hass } from "../src/hass";
import { texts } from "../src/texts";
import { home, state } from "./home";

const NOTHING: Standing = {
  spent: undefined, paid: undefined, forecast: undefined, low: undefined, high: undefined, instalment: undefined, bonus: undefined, since: undefined, begins: undefined,
};

const withSensor = (hass: Hass, key: string, value: string, device_id = "meter"): void => {
  const entity_id = `sensor.${device_id}_${key}`;
  hass.entities[entity_id] = { entity_id, device_id, platform: "py_hab", translation_key: key };
  hass.states[entity_id] = state(value, { device_class: "monetary", unit_of_measurement: "EUR" });
};

test("what was spent against what was paid is a sentence", () => {
  const hass = home({ language: "de" }), t = texts(home());
  const money = (amount: number): string => formatMoney(home(), amount);
  const said = (spent: number | undefined, paid: number | undefined): string => balance(t, { ...NOTHING, spent, paid }, money, String);
  expect(said(476.6, 500)).toBe("€23.40 less spent than paid");
  expect(said(512, 500)).toBe("€12.00 more spent than paid");
  expect(said(499.999, 500)).toBe("As much spent as paid");
  expect(said(512, 0)).toBe("€512.00 spent");
  // A part of the year is unknown: that is no credit.
  expect(balance(t, { ...NOTHING, spent: 12, paid: 500, since: "2026-11-01T00:00:00Z" }, money, String)).toBe("€12.00 spent");
  // A contract that was entered before it begins.
  expect(balance(t, { ...NOTHING, begins: "2027-01-01" }, money, String)).toBe("The contract begins on 2027-01-01");
  expect(said(undefined, 95)).toBe("Nothing calculated for this contract year yet");
  expect(balance(texts(hass), { ...NOTHING, spent: 476.6, paid: 500 }, (amount) => formatMoney(hass, amount), String)).toBe(
    "23,40\u00a0€ mehr gezahlt als verbraucht",
  );
});

test("amounts are in the currency of the home", () => {
  expect(formatMoney(home({ config: { time_zone: "Europe/Zurich", currency: "CHF" } }), -0.001)).toBe("CHF\u00a00.00");
});

test("the sensors of a contract are found beside those of another counter of the same device", () => {
  const entry = (entity_id: string, counter: string, translation_key: string): { entity_id: string; unique_id: string; translation_key: string } => (
    { entity_id, unique_id: `${counter}_${translation_key}`, translation_key }
  );
  const found = [
    entry("sensor.spent", "meter_energy_import", "cost_contract_year"),
    entry("sensor.paid", "meter_energy_import", "contract_paid"),
    entry("sensor.night_spent", "meter_energy_import_t2", "cost_contract_year"),
    entry("sensor.night_paid", "meter_energy_import_t2", "contract_paid"),
  ];
  expect(sameContract(found, "sensor.paid")).toEqual({ cost_contract_year: "sensor.spent", contract_paid: "sensor.paid" });
  expect(sameContract(found, "sensor.night_spent")).toEqual({ cost_contract_year: "sensor.night_spent", contract_paid: "sensor.night_paid" });
  expect(sameContract(found, "sensor.other")).toBeUndefined();
});

test("only sensors of a contract with costs are contracts, and a state without a number is not known", () => {
  const hass = home();
  withSensor(hass, "cost_contract_year", "12.5");
  withSensor(hass, "contract_forecast", "unknown");
  withSensor(hass, "cost_today", "1");
  expect(contracts(hass).map(({ entity_id }) => entity_id)).toEqual(["sensor.meter_cost_contract_year"]);
  expect(standingOf(hass, { cost_contract_year: "sensor.meter_cost_contract_year", contract_forecast: "sensor.meter_contract_forecast" })).toEqual(
    { ...NOTHING, spent: 12.5 },
  );
});

test("the scale ends at the largest amount, and a credit does not leave it", () => {
  expect(scaleOf({ ...NOTHING, spent: 500, paid: 600, low: 950, high: 1000 })).toEqual({ spent: 50, paid: 60, low: 95, high: 100 });
  expect(scaleOf({ ...NOTHING, spent: 50 })).toEqual({ spent: 100, paid: undefined, low: undefined, high: undefined });
  expect(scaleOf({ ...NOTHING, spent: -5, paid: 10 })).toEqual({ spent: 0, paid: 100, low: undefined, high: undefined });
  expect(scaleOf(NOTHING)).toBeUndefined();
});
