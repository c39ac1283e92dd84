// The part of Home Assistant's frontend that the cards use, and what they read from it.

export interface EntityEntry {
  entity_id: string;
  device_id?: string | null;
  area_id?: string | null;
  platform?: string;
  entity_category?: string | null;
  hidden?: boolean | null;
  translation_key?: string | null;
}
export interface Device {
  name: string | null;
  name_by_user: string | null;
  area_id: string | null;
  identifiers?: [string, string][];
  model?: string | null;
  sw_version?: string | null;
  via_device_id?: string | null;
  primary_config_entry?: string | null;
}
export interface Area {
  area_id: string;
  name: string;
  icon: string | null;
}
export interface State {
  state: string;
  attributes: { device_class?: string; state_class?: string; friendly_name?: string; unit_of_measurement?: string; last_reset?: string | null; costs_since?: string; begins?: string };
}
export interface Hass {
  language: string;
  locale: { number_format: string; time_zone: string };
  config: { time_zone: string; state?: string; currency?: string };
  connected?: boolean;
  /** It carries the collections of the Energy dashboard, see picker.ts. */
  connection: object;
  panelUrl?: string;
  user?: { is_admin: boolean };
  themes: unknown;
  states: Record<string, State>;
  entities: Record<string, EntityEntry>;
  devices: Record<string, Device>;
  areas: Record<string, Area>;
  callWS<T>(message: Record<string, unknown>): Promise<T>;
  callService<T>(
    domain: string, service: string, data: object,
    target: undefined, notifyOnError: boolean, returnResponse: boolean,
  ): Promise<{ response: T }>;
}

const FORMATS: Record<string, string> = {
  comma_decimal: "en-US", decimal_comma: "de", space_comma: "fr", quote_decimal: "de-CH",
};

export const zone = (hass: Hass): string | undefined =>
  hass.locale.time_zone === "server" ? hass.config.time_zone : undefined;

export const formatNumber = (hass: Hass, value: number, digits = 0): string =>
  new Intl.NumberFormat(FORMATS[hass.locale.number_format] ?? hass.language, {
    minimumFractionDigits: digits, maximumFractionDigits: digits,
  }).format(Number(value.toFixed(digits)) || 0); // never "-0"

export const formatPercent = (hass: Hass, share: number): string =>
  new Intl.NumberFormat(FORMATS[hass.locale.number_format] ?? hass.language, {
    style: "percent", signDisplay: "exceptZero",
  }).format(share);

export const formatMoment = (hass: Hass, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat(hass.language, { timeZone: zone(hass), ...options });

/** Return a power as people say it: whole watts, from a kilowatt on kilowatts. */
export const formatPower = (hass: Hass, watts: number): string =>
  Math.abs(watts) < 1000 ? `${formatNumber(hass, watts)} W` : `${formatNumber(hass, watts / 1000, 1)} kW`;

/** Return an energy with the digits that matter. */
export const formatEnergy = (hass: Hass, kwh: number): string =>
  `${formatNumber(hass, kwh, Math.abs(kwh) < 10 ? 2 : Math.abs(kwh) < 100 ? 1 : 0)} kWh`;

/** Return an amount in the currency of the home. */
export const formatMoney = (hass: Hass, amount: number, digits = 2): string =>
  new Intl.NumberFormat(FORMATS[hass.locale.number_format] ?? hass.language, {
    style: "currency", currency: hass.config.currency ?? "EUR", minimumFractionDigits: digits, maximumFractionDigits: digits,
  }).format(Number(amount.toFixed(digits)) || 0);

/** Return the number that an entity shows, undefined without one. */
export const numberOf = (hass: Hass, entity: string): number | undefined => {
  const value = parseFloat(hass.states[entity]?.state ?? "");
  return Number.isFinite(value) ? value : undefined;
};

const WATTS: Record<string, number> = { mW: 0.001, W: 1, kW: 1000, MW: 1e6 };

/** Return the power of an entity in W, undefined without a number. */
export const wattsOf = (hass: Hass, entity: string): number | undefined => {
  const value = numberOf(hass, entity);
  return value === undefined ? undefined : value * (WATTS[hass.states[entity]?.attributes.unit_of_measurement ?? "W"] ?? 1);
};

export const nameOf = (hass: Hass, entity: string): string =>
  hass.states[entity]?.attributes.friendly_name ?? entity;

export const deviceName = (hass: Hass, id: string): string =>
  hass.devices[id]?.name_by_user ?? hass.devices[id]?.name ?? "";

/** Return the name of the device of an entity, else that of the entity. */
export const ownerName = (hass: Hass, entity: string): string =>
  deviceName(hass, hass.entities[entity]?.device_id ?? "") || nameOf(hass, entity);

export const areaOf = (hass: Hass, entry: EntityEntry): string | null | undefined =>
  entry.area_id ?? (entry.device_id ? hass.devices[entry.device_id]?.area_id : undefined);

export const kindOf = (hass: Hass, entity: string): string | undefined =>
  hass.states[entity]?.attributes.device_class;

/** The AIN of a group of a FRITZ!Box, today and on older boxes. Groups repeat what their members measure. */
const GROUP = /^grp|^[0-9a-f:]{8,}-9\d\d$/i;

const isGroup = (hass: Hass, { device_id }: EntityEntry): boolean =>
  (hass.devices[device_id ?? ""]?.identifiers ?? []).some(([, id]) => GROUP.test(id));

/** Our entities that are shown and have a state. A new entity is registered before it has one. */
export const ours = (hass: Hass): EntityEntry[] =>
  Object.values(hass.entities).filter(
    (entry) => entry.platform === "py_hab" && !entry.hidden && hass.states[entry.entity_id] && !isGroup(hass, entry),
  );

export const oursOf = (hass: Hass, kind: string): EntityEntry[] =>
  ours(hass).filter((entry) => !entry.entity_category && kindOf(hass, entry.entity_id) === kind);

/** The meters of the whole house: what counts in both directions, or by its name in one of them. A plug counts energy alone. */
const houseMeters = (hass: Hass): Set<string> => {
  const counters = oursOf(hass, "energy"), devices = counters.map((entry) => entry.device_id ?? "");
  return new Set(devices.filter((id, index) => id && (devices.indexOf(id) !== index || /import|export/.test(counters[index]?.translation_key ?? ""))));
};

/** Whether an entity is that of a meter of the whole house. */
export const isOfHouse = (hass: Hass, { device_id }: EntityEntry): boolean => houseMeters(hass).has(device_id ?? "");

/** The power of the house, else of the first device. */
export const mainPower = (hass: Hass): EntityEntry | undefined => {
  const meters = houseMeters(hass);
  // That of all phases is named by its device class, those of single ones have a key.
  const powers = oursOf(hass, "power").sort((one, other) => Number(Boolean(one.translation_key)) - Number(Boolean(other.translation_key)));
  return powers.find((entry) => meters.has(entry.device_id ?? "")) ?? powers[0];
};

/** The powers of single devices. */
export const devicePowers = (hass: Hass): EntityEntry[] => {
  const meters = houseMeters(hass);
  return oursOf(hass, "power").filter((entry) => !meters.has(entry.device_id ?? ""));
};

const TARIFF = /_t\d$/;

/** Whether a counter is that of one tariff. */
export const isTariff = ({ translation_key }: EntityEntry): boolean => TARIFF.test(translation_key ?? "");

/** The counters of the house, else those of the first device that counts. */
export const mainCounters = (hass: Hass): EntityEntry[] => {
  const counters = oursOf(hass, "energy"), meters = houseMeters(hass);
  const device = mainPower(hass)?.device_id ?? [...meters][0] ?? counters[0]?.device_id;
  const ofDevice = counters.filter((entry) => entry.device_id === device), keys = ofDevice.map((entry) => entry.translation_key);
  // The counters of tariffs repeat what that of their direction counts.
  const isPart = (entry: EntityEntry): boolean => isTariff(entry) && keys.includes(entry.translation_key?.replace(TARIFF, ""));
  const found = ofDevice.filter((entry) => !isPart(entry)).sort((one, other) => Number(isFedIn(one)) - Number(isFedIn(other)));
  return found.length ? found : counters.slice(0, 1);
};

/** The counter of the house: its history is longer than that of its power. */
export const mainCounter = (hass: Hass): EntityEntry | undefined =>
  mainCounters(hass).find((entry) => !isFedIn(entry)) ?? mainCounters(hass)[0];

export const isFedIn = ({ translation_key }: EntityEntry): boolean => translation_key?.includes("export") ?? false;

/** Whether the device of an entity also counts what is fed in. */
export const feedsIn = (hass: Hass, { device_id }: EntityEntry): boolean =>
  oursOf(hass, "energy").some((entry) => entry.device_id === device_id && isFedIn(entry));

/** Entities named by their device class have no translation key: target temperatures have one. */
export const isActual = ({ translation_key }: EntityEntry): boolean => !translation_key;

/** Whether a chart of hours can be drawn of an entity of ours. */
export const fits = (hass: Hass, entity: string): boolean =>
  hass.entities[entity]?.platform === "py_hab" &&
  ["energy", "power", "temperature"].includes(kindOf(hass, entity) ?? "") &&
  hass.states[entity]?.attributes.state_class !== undefined;
