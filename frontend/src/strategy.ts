// The dashboard: views of built-in cards and ours, from the devices, areas and names of the user.
import { contracts } from "./contract";
import {
  areaOf, deviceName, devicePowers, fits, isActual, isFedIn, isOfHouse, isTariff, kindOf, mainCounter, mainCounters, mainPower, nameOf, numberOf, ours, oursOf,
  type EntityEntry, type Hass,
} from "./hass";
import { texts } from "./texts";

type Card = Record<string, unknown>;
interface Section { cards: Card[]; column_span?: number; visibility?: object[] }
interface ViewConfig { view: keyof typeof VIEWS; device?: string }

const WEAK = 20;

/** The page of the integration, on which the entry of a device is highlighted. */
const entryPage = (hass: Hass, device: string): string => {
  const entry = hass.devices[device]?.primary_config_entry;
  return `/config/integrations/integration/py_hab${entry ? `#config_entry=${entry}` : ""}`;
};

const heading = (text: string, icon?: string): Card => ({ type: "heading", heading: text, icon });
const section = (cards: Card[], more: Omit<Section, "cards"> = {}): Section => ({ cards, ...more });
const link = ({ device_id }: EntityEntry): Card => ({
  tap_action: { action: "navigate", navigation_path: `device-${device_id}` },
});
const tile = (hass: Hass, entry: EntityEntry, more: Card = {}): Card => ({
  type: "tile", entity: entry.entity_id, name: deviceName(hass, entry.device_id ?? ""), ...link(entry), ...more,
});
const trend: Card = { features: [{ type: "trend-graph", hours_to_show: 24 }] };
const openings = (hass: Hass): EntityEntry[] =>
  ["window", "door", "opening"].flatMap((kind) => oursOf(hass, kind));
const temperatures = (hass: Hass): EntityEntry[] => oursOf(hass, "temperature").filter(isActual);
const isTarget = ({ translation_key }: EntityEntry): boolean => translation_key === "target_temperature";
const areaName = (hass: Hass, entry: EntityEntry): string | undefined => hass.areas[areaOf(hass, entry) ?? ""]?.name;

const isState = (entity: string, state: string): object => ({ condition: "state", entity, state });
const isThere = (entity: string): object => ({ condition: "state", entity, state_not: "unavailable" });
const isWeak = (entity: string): object =>
  entity.startsWith("binary_sensor.") ? isState(entity, "on") : { condition: "numeric_state", entity, below: WEAK };
const any = (conditions: object[]): object[] => [{ condition: "or", conditions }];

/** Cards that are seen only under their condition, in a section that is seen with any of them. */
function onlyIfAny(title: Card, shown: { card: Card; when: object }[]): Section[] {
  if (!shown.length) return [];
  return [section(
    [title, ...shown.map(({ card, when }) => ({ ...card, visibility: [when] }))], { visibility: any(shown.map(({ when }) => when)) },
  )];
}

async function hasEnergyPreferences(hass: Hass): Promise<boolean> {
  try {
    const found = await hass.callWS<{ energy_sources: unknown[] }>({ type: "energy/get_prefs" });
    return found.energy_sources.length > 0;
  } catch {
    return false; // Home Assistant answers `not_found` in a home that never saved any.
  }
}

/** What is spent against what is paid, where the user has entered a contract. */
const contractSections = (hass: Hass): Section[] => contracts(hass).map(({ entity_id }) =>
  section([heading(texts(hass).contract, "mdi:file-sign"), { type: "custom:py-hab-contract-card", entity: entity_id }]));

/** What runs all the time and what the plugs cost in a year, the most expensive first; where there are prices. */
function standingSections(hass: Hass): Section[] {
  const t = texts(hass), of = (key: string): EntityEntry[] => ours(hass).filter((entry) => entry.translation_key === key);
  const shares = of("cost_share"), plugs = new Set(shares.map(({ device_id }) => device_id));
  const house = ["base_load", "base_load_cost", "cost_per_year"].flatMap(of).filter(({ device_id }) => !plugs.has(device_id));
  const worth = ({ entity_id }: EntityEntry): number => numberOf(hass, entity_id) ?? -Infinity;
  // "Kosten der Grundlast pro Jahr" is wider than half a column.
  const named = (entry: EntityEntry): Card => ({ type: "tile", entity: entry.entity_id, name: { type: "entity" }, grid_options: { columns: 12 } });
  const costly = of("cost_per_year").filter(({ device_id }) => plugs.has(device_id)).sort((one, other) => worth(other) - worth(one));
  return [
    ...(house.length ? [section([heading(t.standing, "mdi:cash-clock"), ...house.map(named)])] : []),
    ...(costly.length ? [section([heading(t.plugs_per_year, "mdi:power-plug"), ...costly.flatMap((entry) => [
      tile(hass, entry), ...shares.filter(({ device_id }) => device_id === entry.device_id).map((share) => tile(hass, share, { name: t.share })),
    ])])] : []),
  ];
}

const VIEWS = {
  now(hass: Hass): Section[] {
    const t = texts(hass), draws = devicePowers(hass), first = mainPower(hass), ofHouse = first && isOfHouse(hass, first);
    // Without a meter of the house, none of several devices stands for it.
    const main = ofHouse || draws.length === 1 ? first : undefined, powers = ofHouse || draws.length > 1 ? draws : [];
    const rooms = temperatures(hass).sort((one, other) => (areaName(hass, one) ?? "~").localeCompare(areaName(hass, other) ?? "~", hass.language));
    const batteries = ours(hass).filter(({ entity_id }) => kindOf(hass, entity_id) === "battery");
    const devices = [...new Set(ours(hass).map(({ device_id }) => device_id))].flatMap((id) => {
      const first = ours(hass).find((entry) => entry.device_id === id && !entry.entity_category && !/^(event|button)\./.test(entry.entity_id));
      return first ? [first] : [];
    });
    const found = [
      ...(main ? [section([
        heading(ofHouse ? t.power : deviceName(hass, main.device_id ?? ""), "mdi:flash"),
        { type: "custom:py-hab-house-card", entity: main.entity_id, counters: mainCounters(hass).map(({ entity_id }) => entity_id) },
        tile(hass, main, { ...trend, grid_options: { columns: 12, rows: 2 } }),
      ])] : []),
      ...(powers.length ? [section([
        heading(t.draws, "mdi:power-plug"),
        { type: "custom:py-hab-consumers-card", entities: powers.map(({ entity_id }) => entity_id) },
      ])] : []),
      ...(openings(hass).length ? [section([
        heading(t.windows, "mdi:window-closed"),
        ...openings(hass).map((entry) => tile(hass, entry, { visibility: [isState(entry.entity_id, "on")] })),
        {
          type: "markdown", content: t.all_closed, text_only: true,
          visibility: openings(hass).map(({ entity_id }) => ({ condition: "state", entity: entity_id, state_not: "on" })),
        },
      ])] : []),
      ...onlyIfAny(heading(t.temperatures, "mdi:thermometer"), rooms.map((entry) => {
        const area = areaName(hass, entry), isAlone = rooms.filter((other) => areaName(hass, other) === area).length === 1;
        return { card: tile(hass, entry, { ...trend, ...(area && isAlone ? { name: area } : {}) }), when: isThere(entry.entity_id) };
      })),
    ];
    if (!ours(hass).length) return [];
    return [
      ...(found.length ? found : [section([{ type: "markdown", content: t.empty_now, text_only: true }])]),
      ...onlyIfAny(heading(t.batteries, "mdi:battery-alert"), batteries.map((entry) => ({ card: tile(hass, entry), when: isWeak(entry.entity_id) }))),
      ...onlyIfAny(heading(t.away, "mdi:lan-disconnect"), devices.map((entry) => ({
        card: tile(hass, entry, { icon: "mdi:lan-disconnect" }), when: isState(entry.entity_id, "unavailable"),
      }))),
      section([{ type: "repairs", hide_empty: true, grid_options: { columns: 12 } }]),
    ];
  },
  async energy(hass: Hass): Promise<Section[]> {
    const t = texts(hass), house = mainCounters(hass);
    const counters = [...house, ...oursOf(hass, "energy").filter((entry) => !house.includes(entry))];
    const bars = (entry: EntityEntry, more: Card): Card => ({
      type: "custom:py-hab-series-card", entity: entry.entity_id, chart: "bar", title: nameOf(hass, entry.entity_id), ...more,
    });
    if (await hasEnergyPreferences(hass)) {
      return [
        section([{ type: "energy-date-selection" }, { type: "energy-usage-graph" }, { type: "energy-grid-balance" }]),
        section([{ type: "energy-sources-table" }, { type: "energy-devices-graph" }]),
        ...contractSections(hass),
        ...(house.length ? [section([heading(t.counters, "mdi:counter"), ...house.map((entry) => bars(entry, { energy_date_selection: true }))])] : []),
      ];
    }
    return [
      ...(counters.length && hass.user?.is_admin ? [section([
        { type: "markdown", content: t.no_energy, text_only: true },
        { type: "button", name: t.set_up_energy, icon: "mdi:lightning-bolt", tap_action: { action: "navigate", navigation_path: entryPage(hass, house[0]?.device_id ?? "") }, grid_options: { columns: 12, rows: 2 } },
      ])] : []),
      ...counters.map((entry) => section([heading(nameOf(hass, entry.entity_id), "mdi:counter"), bars(entry, { title: t.last_month, days: 30 })])),
      ...contractSections(hass),
    ];
  },
  profiles(hass: Hass): Section[] {
    const t = texts(hass), entity = (mainCounter(hass) ?? mainPower(hass) ?? ours(hass).find(({ entity_id }) => fits(hass, entity_id)))?.entity_id;
    if (!entity) return [];
    const shown = { entity, linked: true };
    const profile = (by: "hour" | "weekday" | "day" | "month"): Card => ({ type: "custom:py-hab-profile-card", by, title: t[`by_${by}`], ...shown });
    return [
      section([{ type: "custom:py-hab-choice-card", entity }], { column_span: 3 }),
      // One card in each section: two and three columns are filled evenly.
      ...[
        { type: "custom:py-hab-series-card", chart: "line", title: t.chart_line, days: 365, ...shown },
        { type: "custom:py-hab-heatmap-card", kind: "year", title: t.kind_year, ...shown },
        ...(["hour", "weekday", "day", "month"] as const).map(profile),
      ].map((card) => section([card])),
      ...standingSections(hass),
    ];
  },
  rooms(hass: Hass): Section[] {
    const t = texts(hass), kinds = ["temperature", "humidity", "window", "door", "opening"];
    const entries = kinds.flatMap((kind) => oursOf(hass, kind));
    const room = (name: string, icon: string | null, found: EntityEntry[]): Section[] => {
      const isOne = new Set(found.map(({ device_id }) => device_id)).size === 1;
      return found.length ? [section([
        heading(name, icon ?? "mdi:home-outline"),
        // The names of several devices are longer than half a column.
        ...found.map((entry) => tile(hass, entry, isOne
          ? { name: isTarget(entry) ? t.target : { type: "entity" } } : { name: nameOf(hass, entry.entity_id), grid_options: { columns: 12 } })),
      ])] : [];
    };
    const areas = Object.values(hass.areas).sort((one, other) => one.name.localeCompare(other.name, hass.language));
    return [
      ...areas.flatMap((area) => room(area.name, area.icon, entries.filter((entry) => areaOf(hass, entry) === area.area_id))),
      ...[...new Set(entries.filter((entry) => !areaOf(hass, entry)).map((entry) => entry.device_id ?? ""))].flatMap((id) =>
        room(deviceName(hass, id), null, entries.filter((entry) => entry.device_id === id))),
    ];
  },
  device(hass: Hass, { device = "" }: ViewConfig): Section[] {
    const t = texts(hass), entries = ours(hass).filter((entry) => entry.device_id === device), about = hass.devices[device];
    const values = entries.filter((entry) => !entry.entity_category), others = entries.filter((entry) => entry.entity_category);
    // What is drawn comes before what is fed in, a total before its tariffs.
    const rank = (entry: EntityEntry): number => 2 * Number(isFedIn(entry)) + Number(isTariff(entry));
    const charted = ["energy", "power", "temperature"].flatMap((kind) => entries.filter((entry) =>
      kindOf(hass, entry.entity_id) === kind && fits(hass, entry.entity_id) && (kind !== "temperature" || isActual(entry))))
      .sort((one, other) => rank(one) - rank(other))[0];
    // Whether a device can be heard is known of its FRITZ!Box or reader; since when is disabled by default.
    const contact = ours(hass).filter(({ device_id, translation_key }) =>
      device_id === about?.via_device_id && ["reachable", "online", "last_reading", "last_message"].includes(translation_key ?? ""));
    const facts = [about?.model, about?.sw_version && `${t.firmware} ${about.sw_version}`].filter(Boolean).join(" · ");
    return [
      section([
        heading(deviceName(hass, device)),
        ...(facts ? [{ type: "heading", heading: facts, heading_style: "subtitle" }] : []),
        ...values.map(({ entity_id }) => ({ type: "tile", entity: entity_id, name: { type: "entity" } })),
      ]),
      ...(charted ? [section([
        { type: "custom:py-hab-profile-card", entity: charted.entity_id, by: "hour", title: t.by_hour },
        { type: "custom:py-hab-heatmap-card", entity: charted.entity_id, title: t.kind_year },
      ])] : []),
      ...(charted || others.length || contact.length ? [section([
        ...(charted ? [{ type: "custom:py-hab-history-card", entity: charted.entity_id, title: t.history }] : []),
        ...(others.length || contact.length ? [heading(t.state, "mdi:information-outline"), { type: "entities", entities: [
          ...[...others, ...contact].map(({ entity_id }) => ({ entity: entity_id, name: { type: "entity" } })),
        ] }] : []),
      ])] : []),
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
  static generate(_config: unknown, hass: Hass): Promise<object> {
    const t = texts(hass);
    const view = (name: keyof typeof VIEWS, more: Card): Card => ({ path: name, strategy: { type: "custom:py-hab", view: name }, ...more });
    const devices = [...new Set(ours(hass).map((entry) => entry.device_id))].filter((id) => id != null);
    return Promise.resolve({
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
    });
  }
}

export class ViewStrategy extends HTMLElement {
  static shouldRegenerate = shouldRegenerate;
  static async generate(config: ViewConfig, hass: Hass): Promise<object> {
    const found = await VIEWS[config.view](hass, config);
    const t = texts(hass), { view } = config, empty = ours(hass).length && view !== "device" ? t[`empty_${view}`] : t.empty_home;
    const sections = found.length ? found : [section([{ type: "markdown", content: empty }])];
    return { type: "sections", max_columns: 3, dense_section_placement: true, sections: sections.map((each) => ({ type: "grid", ...each })) };
  }
}
