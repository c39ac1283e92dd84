import { beforeAll, expect, test } from "vitest";
import type { Hass } from "../src/hass";
import type { ViewStrategy as View } from "../src/strategy";
import { texts } from "../src/texts";
import { home, state, withEntity } from "./home";

interface Generated { sections: { cards: Record<string, unknown>[]; visibility?: object[] }[] }

let strategy: typeof View;
beforeAll(async () => {
  // Node has no elements.
  Object.assign(globalThis, { HTMLElement: class {} });
  strategy = (await import("../src/strategy")).ViewStrategy;
});

const generated = async (hass: Hass, view: "now" | "energy" | "profiles" | "rooms" | "device", device?: string): Promise<Generated> =>
  (await strategy.generate({ view, ...(device ? { device } : {}) }, hass)) as Generated;
const typesOf = ({ sections }: Generated): unknown[] => sections.flatMap(({ cards }) => cards.map(({ type }) => type));

const meter = (hass: Hass): void => {
  withEntity(hass, "sensor.power", "meter", "power");
  withEntity(hass, "sensor.import", "meter", "energy");
  withEntity(hass, "sensor.export", "meter", "energy");
};
const plug = (hass: Hass): void => {
  withEntity(hass, "sensor.plug_power", "plug", "power");
  withEntity(hass, "sensor.plug_energy", "plug", "energy");
};
const thermostat = (hass: Hass): void => {
  withEntity(hass, "sensor.bath", "bath", "temperature", "20.5");
  withEntity(hass, "sensor.bath_battery", "bath", "battery", "9");
};

test("an empty home says what to do, in every view", async () => {
  for (const view of ["now", "energy", "profiles", "rooms"] as const) {
    expect((await generated(home(), view)).sections).toEqual([
      { type: "grid", cards: [{ type: "markdown", content: texts(home()).empty_home }] },
    ]);
  }
});

test("what a home lacks leaves no hole", async () => {
  const only = async (fill: (hass: Hass) => void, view: "now" | "profiles" | "rooms"): Promise<Generated> => {
    const hass = home();
    fill(hass);
    return generated(hass, view);
  };
  for (const fill of [meter, plug, thermostat]) {
    for (const view of ["now", "profiles"] as const) {
      const found = await only(fill, view);
      // A heading alone would be a hole.
      for (const { cards } of found.sections) expect(cards.some(({ type }) => type !== "heading")).toBe(true);
    }
  }
  expect(typesOf(await only(meter, "now"))).toContain("custom:py-hab-house-card");
  expect(typesOf(await only(meter, "now"))).not.toContain("custom:py-hab-consumers-card");
  expect(typesOf(await only(thermostat, "now"))).not.toContain("custom:py-hab-house-card");
});

test("a plug is not called the house, and none of several stands for it", async () => {
  const hass = home();
  plug(hass);
  hass.devices["plug"] = { name: "Fridge", name_by_user: null, area_id: null };
  const one = await generated(hass, "now");
  expect(one.sections[0]?.cards[0]).toMatchObject({ type: "heading", heading: "Fridge" });
  expect(typesOf(one)).not.toContain("custom:py-hab-consumers-card");
  withEntity(hass, "sensor.lamp_power", "lamp", "power");
  const { cards } = (await generated(hass, "now")).sections[0] ?? {};
  expect(cards?.[1]).toEqual({ type: "custom:py-hab-consumers-card", entities: ["sensor.plug_power", "sensor.lamp_power"] });
  // A meter that counts in one direction only is known by the name of its counter.
  withEntity(hass, "sensor.meter_power", "meter", "power");
  withEntity(hass, "sensor.meter_energy", "meter", "energy");
  hass.entities["sensor.meter_energy"] = { entity_id: "sensor.meter_energy", device_id: "meter", platform: "py_hab", translation_key: "energy_import" };
  const all = await generated(hass, "now");
  expect(all.sections[0]?.cards.slice(0, 2)).toMatchObject([{ heading: texts(hass).power }, { entity: "sensor.meter_power", counters: ["sensor.meter_energy"] }]);
});

test("weak batteries and devices that are away are seen only if there are any", async () => {
  const hass = home();
  thermostat(hass);
  const { sections } = await generated(hass, "now");
  const conditional = sections.filter(({ visibility }) => visibility);
  expect(conditional.map(({ visibility }) => visibility)).toEqual([
    [{ condition: "or", conditions: [{ condition: "state", entity: "sensor.bath", state_not: "unavailable" }] }],
    [{ condition: "or", conditions: [{ condition: "numeric_state", entity: "sensor.bath_battery", below: 20 }] }],
    [{ condition: "or", conditions: [{ condition: "state", entity: "sensor.bath", state: "unavailable" }] }],
  ]);
});

test("a room has its name, a device without one its own", async () => {
  const hass = home({ areas: { bath: { area_id: "bath", name: "Bathroom", icon: null } } });
  thermostat(hass);
  hass.devices["bath"] = { name: "Thermostat", name_by_user: null, area_id: "bath" };
  withEntity(hass, "sensor.cellar", "cellar", "temperature");
  hass.devices["cellar"] = { name: "FRITZ!DECT 301", name_by_user: "Cellar", area_id: null };
  const { sections } = await generated(hass, "rooms");
  expect(sections.map(({ cards }) => cards[0]?.["heading"])).toEqual(["Bathroom", "Cellar"]);
});

test("without Energy preferences there are bars of our counters, and for administrators a button", async () => {
  const hass = home({ user: { is_admin: true } });
  meter(hass);
  const types = typesOf(await generated(hass, "energy"));
  expect(types).toEqual(["markdown", "button", "heading", "custom:py-hab-series-card", "heading", "custom:py-hab-series-card"]);
  hass.user = { is_admin: false };
  expect(typesOf(await generated(hass, "energy"))).not.toContain("button");
});

test("with Energy preferences there are the cards of Home Assistant, and ours that tell spread hours apart", async () => {
  const hass = home({ callWS: <T>() => Promise.resolve({ energy_sources: [{}] } as T) });
  meter(hass);
  expect(typesOf(await generated(hass, "energy"))).toEqual(expect.arrayContaining([
    "energy-date-selection", "energy-usage-graph", "energy-sources-table", "energy-devices-graph", "custom:py-hab-series-card",
  ]));
});

test("a window is shown while it is open", async () => {
  const hass = home();
  hass.entities["binary_sensor.window"] = { entity_id: "binary_sensor.window", device_id: "window", platform: "py_hab" };
  hass.states["binary_sensor.window"] = state("off", { device_class: "window" });
  const cards = (await generated(hass, "now")).sections.flatMap((section) => section.cards);
  expect(cards.find(({ entity, visibility }) => entity === "binary_sensor.window" && visibility)?.["visibility"]).toEqual([
    { condition: "state", entity: "binary_sensor.window", state: "on" },
  ]);
});

test("a view for which a home has no devices says what would appear there", async () => {
  const hass = home(), t = texts(hass);
  withEntity(hass, "sensor.last_reading", "box", "timestamp");
  for (const view of ["now", "energy", "profiles", "rooms"] as const) {
    const [first] = (await generated(hass, view)).sections;
    expect(first?.cards[0]).toMatchObject({ type: "markdown", content: t[`empty_${view}`] });
  }
  meter(hass);
  expect(typesOf(await generated(hass, "now"))).toContain("custom:py-hab-house-card");
  expect(typesOf(await generated(hass, "rooms"))).toEqual(["markdown"]);
});

test("hidden entities and groups count as missing", async () => {
  const hass = home();
  plug(hass);
  for (const entry of Object.values(hass.entities)) entry.hidden = true;
  withEntity(hass, "sensor.group_power", "group", "power");
  hass.devices["group"] = { name: "All plugs", name_by_user: null, area_id: null, identifiers: [["py_hab", "grpA1B2-C3D4"]] };
  for (const view of ["now", "energy", "profiles", "rooms"] as const) {
    expect((await generated(hass, view)).sections[0]?.cards).toEqual([{ type: "markdown", content: texts(hass).empty_home }]);
  }
});

test("temperatures that nobody reports leave no heading", async () => {
  const hass = home();
  thermostat(hass);
  const found = (await generated(hass, "now")).sections.find(({ cards }) => cards.some(({ entity }) => entity === "sensor.bath"));
  expect(found?.visibility).toEqual([
    { condition: "or", conditions: [{ condition: "state", entity: "sensor.bath", state_not: "unavailable" }] },
  ]);
});

test("the button of the Energy dashboard opens the entry of the house's meter", async () => {
  const hass = home({ user: { is_admin: true } });
  plug(hass);
  meter(hass);
  const path = async (): Promise<unknown> =>
    (await generated(hass, "energy")).sections[0]?.cards.find(({ type }) => type === "button")?.["tap_action"];
  expect(await path()).toEqual({ action: "navigate", navigation_path: "/config/integrations/integration/py_hab" });
  hass.devices["meter"] = { name: "Meter", name_by_user: null, area_id: null, primary_config_entry: "01ABC" };
  expect(await path()).toEqual({ action: "navigate", navigation_path: "/config/integrations/integration/py_hab#config_entry=01ABC" });
});

const sensor = (hass: Hass, key: string, device: string, value = "1"): void => {
  withEntity(hass, `sensor.${device}_${key}`, device, "monetary", value);
  hass.entities[`sensor.${device}_${key}`] = { entity_id: `sensor.${device}_${key}`, device_id: device, platform: "py_hab", translation_key: key };
};

test("a contract has its card in the view of energy, with and without Energy preferences", async () => {
  for (const more of [{}, { callWS: <T>() => Promise.resolve({ energy_sources: [{}] } as T) }]) {
    const hass = home(more);
    meter(hass);
    expect(typesOf(await generated(hass, "energy"))).not.toContain("custom:py-hab-contract-card");
    sensor(hass, "cost_contract_year", "meter");
    expect((await generated(hass, "energy")).sections.flatMap(({ cards }) => cards)).toContainEqual(
      { type: "custom:py-hab-contract-card", entity: "sensor.meter_cost_contract_year" },
    );
  }
});

test("the view of profiles shows what runs all the time, and the plugs by what they cost", async () => {
  const hass = home();
  meter(hass);
  const entities = async (): Promise<unknown[]> => (await generated(hass, "profiles")).sections.flatMap(({ cards }) =>
    cards.filter(({ type }) => type === "tile").map(({ entity }) => entity));
  expect(await entities()).toEqual([]);
  for (const key of ["cost_per_year", "base_load", "base_load_cost"]) sensor(hass, key, "meter");
  for (const [device, cost] of [["lamp", "7"], ["fridge", "90"], ["new", "unknown"]] as const) {
    sensor(hass, "cost_per_year", device, cost);
    sensor(hass, "cost_share", device);
    sensor(hass, "base_load", device);
  }
  expect(await entities()).toEqual([
    "sensor.meter_base_load", "sensor.meter_base_load_cost", "sensor.meter_cost_per_year",
    ...["fridge", "lamp", "new"].flatMap((device) => [`sensor.${device}_cost_per_year`, `sensor.${device}_cost_share`]),
  ]);
  // The names of these sensors are longer than half a column.
  const tiles = (await generated(hass, "profiles")).sections.flatMap(({ cards }) => cards);
  expect(tiles).toContainEqual(expect.objectContaining({ entity: "sensor.meter_base_load_cost", grid_options: { columns: 12 } }));
});

test("the view of a device shows whether its reader is online, and since when only if that is enabled", async () => {
  const hass = home();
  meter(hass);
  const device = Object.values(hass.entities)[0]?.device_id ?? "";
  hass.devices[device] = { name: "Meter", name_by_user: null, area_id: null, via_device_id: "reader", identifiers: [["py_hab", "1"]] };
  const rows = async (): Promise<unknown> => (await generated(hass, "device", device)).sections
    .flatMap((section) => section.cards).find(({ type }) => type === "entities")?.["entities"];
  const contact = (entity_id: string, translation_key: string): void => {
    withEntity(hass, entity_id, "reader", "connectivity", "on");
    hass.entities[entity_id] = { entity_id, device_id: "reader", platform: "py_hab", translation_key };
  };
  contact("binary_sensor.online", "online");
  expect(await rows()).toEqual([expect.objectContaining({ entity: "binary_sensor.online" })]);
  contact("sensor.last_message", "last_message");
  expect(await rows()).toEqual(["binary_sensor.online", "sensor.last_message"].map((entity) => expect.objectContaining({ entity }) as unknown));
});
