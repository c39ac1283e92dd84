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
}
export interface Area {
  area_id: string;
  name: string;
  icon: string | null;
}
export interface State {
  state: string;
  attributes: { device_class?: string; state_class?: string; friendly_name?: string };
}
export interface Hass {
  language: string;
  locale: { number_format: string; time_zone: string };
  config: { time_zone: string };
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
  }).format(value);

export const formatMoment = (hass: Hass, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat(hass.language, { timeZone: zone(hass), ...options });

export const nameOf = (hass: Hass, entity: string): string =>
  hass.states[entity]?.attributes.friendly_name ?? entity;

export const deviceName = (hass: Hass, id: string): string =>
  hass.devices[id]?.name_by_user ?? hass.devices[id]?.name ?? "";

export const areaOf = (hass: Hass, entry: EntityEntry): string | null | undefined =>
  entry.area_id ?? (entry.device_id ? hass.devices[entry.device_id]?.area_id : undefined);

export const kindOf = (hass: Hass, entity: string): string | undefined =>
  hass.states[entity]?.attributes.device_class;

/** Our entities that are shown and have a state. A new entity is registered before it has one. */
export const ours = (hass: Hass): EntityEntry[] =>
  Object.values(hass.entities).filter(
    (entry) => entry.platform === "py_hab" && !entry.hidden && hass.states[entry.entity_id],
  );

export const oursOf = (hass: Hass, kind: string): EntityEntry[] =>
  ours(hass).filter((entry) => !entry.entity_category && kindOf(hass, entry.entity_id) === kind);

/** The devices that count in both directions: meters of the whole house. */
const houseMeters = (hass: Hass): Set<string> => {
  const counted = oursOf(hass, "energy").map((entry) => entry.device_id ?? "");
  return new Set(counted.filter((id, index) => id && counted.indexOf(id) !== index));
};

/** The power of the house, else of the first device. */
export const mainPower = (hass: Hass): EntityEntry | undefined => {
  const powers = oursOf(hass, "power"), meters = houseMeters(hass);
  return powers.find((entry) => meters.has(entry.device_id ?? "")) ?? powers[0];
};

/** The powers of single devices, the largest first. */
export const devicePowers = (hass: Hass): EntityEntry[] => {
  const meters = houseMeters(hass), power = ({ entity_id }: EntityEntry): number => Number(hass.states[entity_id]?.state) || 0;
  return oursOf(hass, "power")
    .filter((entry) => !meters.has(entry.device_id ?? "") && entry !== mainPower(hass))
    .sort((one, other) => power(other) - power(one));
};

/** The counter of the house: its history is longer than that of its power. */
export const mainCounter = (hass: Hass): EntityEntry | undefined => {
  const counters = oursOf(hass, "energy"), device = mainPower(hass)?.device_id;
  return counters.find((entry) => entry.device_id === device) ?? counters[0];
};

/** Whether a chart of hours can be drawn of an entity of ours. */
export const fits = (hass: Hass, entity: string): boolean =>
  hass.entities[entity]?.platform === "py_hab" &&
  ["energy", "power", "temperature"].includes(kindOf(hass, entity) ?? "") &&
  hass.states[entity]?.attributes.state_class !== undefined;
