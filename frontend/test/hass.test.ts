import { expect, test } from "vitest";
import { sorted } from "../src/consumers-card";
import { mainCounters, mainPower, ours, wattsOf } from "../src/hass";
import { inWords } from "../src/house-card";
import { texts } from "../src/texts";
import { home, state, withEntity } from "./home";

test("the sign of the power is a word", () => {
  const hass = home(), german = home({ language: "de" });
  expect(inWords(texts(hass), hass, -2130)).toBe("feeding in 2.1 kW");
  expect(inWords(texts(german), german, -2130)).toBe("speist 2,1 kW ein");
  expect(inWords(texts(hass), hass, 412.4)).toBe("drawing 412 W");
  expect(inWords(texts(hass), hass, -0.3)).toBe("neither drawing nor feeding in");
  expect(inWords(texts(hass), hass, undefined)).toBe("no value at present");
});

test("powers are compared in watts, and those without a value are left out", () => {
  const hass = home({ states: {
    a: state("0.5", { unit_of_measurement: "kW" }), b: state("700", { unit_of_measurement: "W" }), c: state("unavailable"),
  } });
  expect(wattsOf(hass, "c")).toBeUndefined();
  expect(sorted(hass, ["a", "b", "c", "d"])).toEqual([{ entity: "b", watts: 700 }, { entity: "a", watts: 500 }]);
});

test("the house is the device that counts in both directions", () => {
  const hass = home();
  withEntity(hass, "sensor.plug_power", "plug", "power");
  withEntity(hass, "sensor.plug_energy", "plug", "energy");
  withEntity(hass, "sensor.meter_power", "meter", "power");
  withEntity(hass, "sensor.meter_import", "meter", "energy");
  withEntity(hass, "sensor.meter_export", "meter", "energy");
  expect(mainPower(hass)?.entity_id).toBe("sensor.meter_power");
  expect(mainCounters(hass).map(({ entity_id }) => entity_id)).toEqual(["sensor.meter_import", "sensor.meter_export"]);
});

test("the power of all phases stands for the house, and counters of tariffs only where no total is counted", () => {
  const hass = home();
  const entity = (key: string, kind: string, translation_key: string | null): void => {
    withEntity(hass, `sensor.${key}`, "meter", kind);
    hass.entities[`sensor.${key}`] = { entity_id: `sensor.${key}`, device_id: "meter", platform: "py_hab", translation_key };
  };
  entity("power_l1", "power", "power_l1");
  entity("power", "power", null);
  entity("export", "energy", "energy_export");
  entity("t1", "energy", "energy_import_t1");
  entity("t2", "energy", "energy_import_t2");
  const counters = (): string[] => mainCounters(hass).map(({ entity_id }) => entity_id);
  expect(mainPower(hass)?.entity_id).toBe("sensor.power");
  expect(counters()).toEqual(["sensor.t1", "sensor.t2", "sensor.export"]);
  entity("import", "energy", "energy_import");
  expect(counters()).toEqual(["sensor.import", "sensor.export"]);
});

test("groups, hidden entities and those without a state stay out", () => {
  const hass = home();
  for (const [id, ain] of [["group", "grp303E4F-40B81D6A2"], ["old", "08:96:D7:11:22:33-900"], ["plug", "11630 0714031"]] as const) {
    withEntity(hass, `sensor.${id}`, id, "power");
    hass.devices[id] = { name: id, name_by_user: null, area_id: null, identifiers: [["py_hab", ain]] };
  }
  withEntity(hass, "sensor.hidden", "plug", "power");
  hass.entities["sensor.hidden"] = { ...hass.entities["sensor.hidden"], entity_id: "sensor.hidden", platform: "py_hab", hidden: true };
  hass.entities["sensor.new"] = { entity_id: "sensor.new", platform: "py_hab" };
  expect(ours(hass).map(({ entity_id }) => entity_id)).toEqual(["sensor.plug"]);
});
