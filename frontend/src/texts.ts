// All texts of the cards and the dashboard. Both languages have the same keys.

const en = {
  title: "Home energy",
  about: "Power, energy and rooms of your FRITZ!Box and electricity meters",
  profile: "py_hab profile",
  profile_about: "Mean day, week, month or year of a series",
  heatmap: "py_hab heatmap",
  heatmap_about: "Hour by day over a year, or by weekday",
  now: "Now",
  energy: "Energy",
  profiles: "Profiles",
  rooms: "Rooms",
  power: "Power of the house",
  draws: "Who draws power",
  windows: "Windows and doors",
  temperatures: "Temperatures",
  counters: "Last 30 days",
  today: "Today",
  month: "This month",
  empty_home: "No devices yet. Add a FRITZ!Box or an electricity meter under *Settings > Devices & services*.",
  entity: "Series",
  entity_2: "Second series",
  by: "Profile",
  by_hour: "Mean day",
  by_weekday: "Mean week",
  by_month: "Mean year",
  by_year: "Years",
  days: "Days back",
  compare: "Compare with the period before",
  unit: "Unit",
  kind: "Chart",
  kind_year: "Hour by day",
  kind_week: "Hour by weekday",
  median: "Median",
  range: "Least to most",
  hours: "Based on {hours} hours, spread ones included",
  before: "Period before",
  period: "Last {days} days",
  base_load: "Base load",
  base_load_trend: "{change} against the 30 days before",
  loading: "Loading",
  empty: "No statistics for this series yet",
  failed: "The data could not be loaded",
  no_entity: "Choose a series",
};
export type Texts = typeof en;
export type TextKey = keyof Texts;

const de: Texts = {
  title: "Energie zu Hause",
  about: "Leistung, Energie und Räume der FRITZ!Box und der Stromzähler",
  profile: "py_hab Profil",
  profile_about: "Mittlerer Tag, Woche, Monat oder Jahr einer Reihe",
  heatmap: "py_hab Heatmap",
  heatmap_about: "Stunde und Tag über ein Jahr oder nach Wochentag",
  now: "Jetzt",
  energy: "Energie",
  profiles: "Profile",
  rooms: "Räume",
  power: "Leistung des Hauses",
  draws: "Verbrauch der Geräte",
  windows: "Fenster und Türen",
  temperatures: "Temperaturen",
  counters: "Letzte 30 Tage",
  today: "Heute",
  month: "Dieser Monat",
  empty_home: "Noch keine Geräte. Unter *Einstellungen > Geräte & Dienste* eine FRITZ!Box oder einen Stromzähler hinzufügen.",
  entity: "Reihe",
  entity_2: "Zweite Reihe",
  by: "Profil",
  by_hour: "Mittlerer Tag",
  by_weekday: "Mittlere Woche",
  by_month: "Mittleres Jahr",
  by_year: "Jahre",
  days: "Tage zurück",
  compare: "Mit dem Zeitraum davor vergleichen",
  unit: "Einheit",
  kind: "Diagramm",
  kind_year: "Stunde und Tag",
  kind_week: "Stunde und Wochentag",
  median: "Median",
  range: "Kleinster bis größter Wert",
  hours: "Beruht auf {hours} Stunden, verteilte eingeschlossen",
  before: "Zeitraum davor",
  period: "Letzte {days} Tage",
  base_load: "Grundlast",
  base_load_trend: "{change} gegenüber den 30 Tagen davor",
  loading: "Wird geladen",
  empty: "Noch keine Statistik für diese Reihe",
  failed: "Die Daten konnten nicht geladen werden",
  no_entity: "Reihe auswählen",
};

export const TEXTS: Record<string, Texts> = { en, de };

export const texts = (hass: { language: string } | undefined): Texts =>
  TEXTS[hass?.language.split("-")[0] ?? "en"] ?? en;

export const filled = (text: string, values: Record<string, string>): string =>
  text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");

/** The user's language where Home Assistant hands no `hass` over: dialogs and editors. */
export const spoken = (): Texts =>
  texts((document.querySelector("home-assistant") as { hass?: { language: string } } | null)?.hass);
