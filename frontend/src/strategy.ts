// The dashboard: views of built-in cards and ours, from the devices, areas and names of the user.
import { areaOf, deviceName, devicePowers, fits, kindOf, mainCounter, mainPower, nameOf, ours, oursOf, type EntityEntry, type Hass } from "./hass";
import { texts } from "./texts";

type Card = Record<string, unknown>;
type Section = Card[];
interface ViewConfig { view: keyof typeof VIEWS; device?: string }

const heading = (text: string, icon?: string): Card => ({ type: "heading", heading: text, icon });
const link = ({ device_id }: EntityEntry): Card => ({
  tap_action: { action: "navigate", navigation_path: `device-${device_id}` },
});
const tile = (hass: Hass, entry: EntityEntry, more: Card = {}): Card => ({
  type: "tile", entity: entry.entity_id, name: deviceName(hass, entry.device_id ?? ""), ...link(entry), ...more,
});
const trend: Card = { features: [{ type: "trend-graph", hours_to_show: 24 }] };
const openings = (hass: Hass): EntityEntry[] =>
  ["window", "door", "opening"].flatMap((kind) => oursOf(hass, kind));
/** Entities named by their device class have no translation key: target temperatures have one. */
const temperatures = (hass: Hass): EntityEntry[] =>
  oursOf(hass, "temperature").filter(({ translation_key }) => !translation_key);

async function hasEnergyPreferences(hass: Hass): Promise<boolean> {
  try {
    const found = await hass.callWS<{ energy_sources: unknown[] }>({ type: "energy/get_prefs" });
    return found.energy_sources.length > 0;
  } catch {
    return false; // Home Assistant answers `not_found` in a home that never saved any.
  }
}

const VIEWS = {
  now(hass: Hass): Section[] {
    const t = texts(hass), main = mainPower(hass), powers = devicePowers(hass), counter = mainCounter(hass);
    const period = (entry: EntityEntry, name: string, unit: string): Card => ({
      type: "statistic", entity: entry.entity_id, stat_type: "change", name, period: { calendar: { period: unit } },
    });
    return [
      main ? [
        heading(t.power, "mdi:flash"),
        tile(hass, main, { ...trend, grid_options: { columns: 12, rows: 2 } }),
        ...(counter ? [period(counter, t.today, "day"), period(counter, t.month, "month")] : []),
      ] : [],
      powers.length ? [
        heading(t.draws, "mdi:power-plug"),
        { type: "distribution", entities: powers.map((entry) => ({ entity: entry.entity_id, name: deviceName(hass, entry.device_id ?? "") })) },
      ] : [],
      openings(hass).length ? [heading(t.windows, "mdi:window-closed"), ...openings(hass).map((entry) => tile(hass, entry))] : [],
      temperatures(hass).length ? [heading(t.temperatures, "mdi:thermometer"), ...temperatures(hass).map((entry) => tile(hass, entry, trend))] : [],
    ];
  },
  async energy(hass: Hass): Promise<Section[]> {
    const t = texts(hass), counters = oursOf(hass, "energy");
    if (await hasEnergyPreferences(hass)) {
      return [
        [{ type: "energy-date-selection" }, { type: "energy-usage-graph" }],
        [{ type: "energy-sources-table" }, { type: "energy-devices-graph" }],
      ];
    }
    return counters.map((entry) => [heading(nameOf(hass, entry.entity_id), "mdi:counter"), {
      type: "statistics-graph", title: t.counters, entities: [entry.entity_id],
      stat_types: ["change"], period: "day", chart_type: "bar", days_to_show: 30, hide_legend: true,
    }]);
  },
  profiles(hass: Hass): Section[] {
    const entity = (mainCounter(hass) ?? mainPower(hass))?.entity_id;
    const profile = (by: string): Card => ({ type: "custom:py-hab-profile-card", entity, by, title: texts(hass)[`by_${by}` as "by_hour"] });
    return entity ? [
      [profile("hour"), profile("weekday")],
      [profile("month"), { type: "custom:py-hab-heatmap-card", entity, kind: "year", title: texts(hass).kind_year }],
    ] : [];
  },
  rooms(hass: Hass): Section[] {
    const kinds = ["temperature", "humidity", "window", "door", "opening"];
    const entries = kinds.flatMap((kind) => oursOf(hass, kind));
    const section = (name: string, icon: string | null, found: EntityEntry[]): Section =>
      found.length ? [heading(name, icon ?? "mdi:home-outline"), ...found.map((entry) => tile(hass, entry, { name: { type: "entity" }, state_content: ["state"] }))] : [];
    return [
      ...Object.values(hass.areas).map((area) =>
        section(area.name, area.icon, entries.filter((entry) => areaOf(hass, entry) === area.area_id))),
      ...[...new Set(entries.filter((entry) => !areaOf(hass, entry)).map((entry) => entry.device_id ?? ""))].map((id) =>
        section(deviceName(hass, id), null, entries.filter((entry) => entry.device_id === id))),
    ];
  },
  device(hass: Hass, { device = "" }: ViewConfig): Section[] {
    const entries = ours(hass).filter((entry) => entry.device_id === device);
    const charted = ["energy", "power", "temperature"].flatMap((kind) => entries.filter(({ entity_id, translation_key }) =>
      kindOf(hass, entity_id) === kind && fits(hass, entity_id) && !(kind === "temperature" && translation_key)))[0];
    return [
      [heading(deviceName(hass, device)), ...entries.map((entry) => ({ type: "tile", entity: entry.entity_id, name: { type: "entity" } }))],
      charted ? [{ type: "custom:py-hab-profile-card", entity: charted.entity_id, by: "hour" }, { type: "custom:py-hab-heatmap-card", entity: charted.entity_id }] : [],
    ];
  },
};

/** The default compares registries only; a new entity gets its state after it is registered. */
const shouldRegenerate = (_config: unknown, old: Hass, hass: Hass): boolean =>
  (["entities", "devices", "areas", "language"] as const).some((key) => old[key] !== hass[key]) ||
  (old.states !== hass.states && ours(old).length !== ours(hass).length);

export class DashboardStrategy extends HTMLElement {
  static noEditor = true;
  static shouldRegenerate = shouldRegenerate;
  static getCreateSuggestions(hass: Hass): object {
    return { title: texts(hass).title, icon: "mdi:home-lightning-bolt" };
  }
  static async generate(_config: unknown, hass: Hass): Promise<object> {
    const t = texts(hass);
    const view = (name: keyof typeof VIEWS, more: Card): Card => ({ path: name, strategy: { type: "custom:py-hab", view: name }, ...more });
    const devices = [...new Set(ours(hass).map((entry) => entry.device_id))].filter((id) => id != null);
    return {
      views: [
        view("now", { title: t.now, icon: "mdi:home-lightning-bolt" }),
        view("energy", { title: t.energy, icon: "mdi:lightning-bolt" }),
        view("profiles", { title: t.profiles, icon: "mdi:chart-bell-curve" }),
        view("rooms", { title: t.rooms, icon: "mdi:floor-plan" }),
        ...devices.map((device) => view("device", {
          title: deviceName(hass, device), path: `device-${device}`, subview: true, back_path: "now",
          strategy: { type: "custom:py-hab", view: "device", device },
        })),
      ],
    };
  }
}

export class ViewStrategy extends HTMLElement {
  static shouldRegenerate = shouldRegenerate;
  static async generate(config: ViewConfig, hass: Hass): Promise<object> {
    const sections = (await VIEWS[config.view](hass, config)).filter((cards) => cards.length);
    const cards = sections.length ? sections : [[{ type: "markdown", content: texts(hass).empty_home }]];
    return { type: "sections", max_columns: 3, sections: cards.map((each) => ({ type: "grid", cards: each })) };
  }
}
