// The mean day, week, month or year of a series, against a second one or the period before.
import { html, type TemplateResult } from "lit";
import { BASIC_RULES, DataCard, spanOf, type CardConfig, type Chosen, type Sparse } from "./card";
import { BARS, chartElement, frame, tooltip, whiskers, type ChartElement } from "./chart";
import { SERIES, TITLE, choiceOf, daysBack, form, toggle, type Rules } from "./config";
import { hoursOf } from "./data";
import { fits, formatNumber, mainCounter, nameOf, type Hass } from "./hass";
import type { Hours } from "./hours";
import { GROUPINGS, countsSpread, energyOf, isSparse, keysOf, labelOf, profileOf, type Group, type Grouping, type Profile } from "./profile";
import { filled, spoken } from "./texts";

export interface ProfileConfig extends CardConfig {
  entity_2?: string;
  by?: Grouping;
  compare?: boolean;
  unit?: "W" | "kWh";
}
interface Series { name: string; profile: Profile }
interface Loaded { series: Series[]; chart: ChartElement | undefined; sparse: Sparse | undefined }

const DAYS = 365;
const UNITS = ["W", "kWh"];
const RULES = {
  ...BASIC_RULES, entity_2: "series", by: GROUPINGS, days: { from: 1, to: 3660 }, unit: UNITS, compare: "switch",
} satisfies Rules;
const COLORS = ["--primary-color", "--accent-color"];

export class ProfileCard extends DataCard<ProfileConfig, Loaded> {
  static getStubConfig(hass: Hass): object {
    return { entity: mainCounter(hass)?.entity_id ?? "", by: "hour" };
  }
  static getConfigForm(): object {
    const t = spoken();
    return form([
      SERIES, TITLE, choiceOf("by", GROUPINGS.map((value) => ({ value, label: t[`by_${value}`] }))), daysBack(RULES.days),
      { name: "entity_2", selector: { statistic: {} } }, toggle("compare"), choiceOf("unit", UNITS), toggle("include_spread"),
    ], RULES);
  }

  protected override get rules(): Rules { return RULES; }

  protected async load(hass: Hass, config: Chosen<ProfileConfig>): Promise<Loaded | undefined> {
    const { by = "hour", compare, entity, entity_2, include_spread } = config;
    const span = spanOf(hass, config, DAYS), length = span.end - span.start;
    const ask = async (of: string, name: string, back = 0): Promise<{ name: string; found: Hours }> => ({
      name, found: await hoursOf(hass, of, { start: span.start - back, end: span.end - back }),
    });
    const [chart, ...all] = await Promise.all([
      chartElement(),
      ask(entity, entity_2 ? nameOf(hass, entity) : this.period(hass, config)),
      ...(entity_2 ? [ask(entity_2, nameOf(hass, entity_2))] : compare ? [ask(entity, this.texts.before, length)] : []),
    ]);
    const profiles = (withSpread: boolean): Series[] => all.map(({ name, found }) => ({ name, profile: profileOf(found, by, withSpread) }));
    const found = profiles(countsSpread(by, include_spread));
    const { hours = 0, leftOut = 0 } = found[0]?.profile ?? {}, isShown = include_spread === undefined;
    const sparse = isSparse(hours, leftOut) ? { known: hours, spread: leftOut, isShown } : undefined;
    const series = sparse?.isShown ? profiles(true) : found;
    // One without hours is kept if some were left out: the note says so.
    const known = series.filter(({ profile }) => profile.groups.length || profile.leftOut);
    return known.length ? { series: known, chart, sparse } : undefined;
  }
  private period(hass: Hass, { from, to, days = DAYS }: Chosen<ProfileConfig>): string {
    const day = new Intl.DateTimeFormat(hass.language, { dateStyle: "medium", timeZone: "UTC" });
    return from && to ? day.formatRange(Date.parse(from), Date.parse(to)) : filled(this.texts.period, { days: formatNumber(hass, days) }, days);
  }

  protected note(hass: Hass, _config: ProfileConfig, { series, sparse }: Loaded): string | TemplateResult {
    if (sparse) return this.sparse(hass, sparse);
    const counted = (text: string, of: (profile: Profile) => number): string => {
      const counts = series.map(({ profile }) => of(profile));
      return filled(text, { hours: counts.map((count) => formatNumber(hass, count)).join(" / ") }, counts.length === 1 ? counts[0] : undefined);
    };
    const hours = counted(this.texts.hours, (profile) => profile.hours);
    return series.some(({ profile }) => profile.leftOut) ? `${hours} ${counted(this.texts.left_out, (profile) => profile.leftOut)}` : hours;
  }

  protected body(hass: Hass, config: Chosen<ProfileConfig>, { series, chart }: Loaded): TemplateResult {
    const { by = "hour" } = config;
    if (!series.some(({ profile }) => profile.groups.length)) {
      return html`<div class="message" role="status">${this.texts.only_spread}</div>`;
    }
    const inEnergy = ({ unit }: Profile): boolean => config.unit === "kWh" && unit === "W";
    const unit = (profile: Profile): string => (inEnergy(profile) ? "kWh" : profile.unit);
    const shown = (profile: Profile, group: Group): number => (inEnergy(profile) ? energyOf(by, group) : group.mean);
    const written = (profile: Profile, value: number): string => {
      const digits = unit(profile) === "W" || Math.abs(value) >= 100 ? 0 : unit(profile) === "kWh" && Math.abs(value) < 10 ? 2 : 1;
      return `${formatNumber(hass, value, digits)} ${unit(profile)}`;
    };
    const keys = keysOf(by, series.map(({ profile }) => profile));
    const groups = series.map(({ profile }) => new Map(profile.groups.map((group) => [group.key, group])));
    const lines = (key: string, each: number): string[] => {
      const found = groups[each]?.get(key), from = series[each];
      if (!found || !from) return [];
      const { profile } = from;
      return [
        `${series.length > 1 ? `${from.name}: ` : ""}${written(profile, shown(profile, found))}`,
        // These are of single hours: they are not the energy of a whole day, month or year.
        ...(inEnergy(profile) ? [] : [
          `${this.texts.median}: ${written(profile, found.median)}`,
          `${this.texts.quartiles}: ${written(profile, found.lowerQuartile)} – ${written(profile, found.upperQuartile)}`,
          `${this.texts.range}: ${written(profile, found.least)} – ${written(profile, found.most)}`,
        ]),
        filled(this.texts.hours, { hours: formatNumber(hass, found.count) }, found.count),
      ];
    };
    if (!chart) {
      return html`<div class="fill" style="overflow:auto"><table>${keys.map((key) => html`<tr>
        <th scope="row">${labelOf(hass, by, key)}</th>
        ${series.map(({ profile }, each) => {
          const found = groups[each]?.get(key);
          return html`<td>${found ? written(profile, shown(profile, found)) : "–"}</td>`;
        })}</tr>`)}</table></div>`;
    }
    const style = getComputedStyle(this);
    const colors = COLORS.map((name) => style.getPropertyValue(name).trim()), ink = style.getPropertyValue("--primary-text-color").trim();
    const [first] = series;
    chart.hass = hass;
    chart.data = series.flatMap(({ name, profile }, each) => [
      {
        type: "bar", id: `s${each}`, name, color: colors[each], ...BARS, itemStyle: { borderRadius: [3, 3, 0, 0] },
        data: keys.map((key) => {
          const found = groups[each]?.get(key);
          return found ? shown(profile, found) : null;
        }),
      },
      ...(inEnergy(profile) ? [] : [whiskers(`w${each}`, keys.flatMap((key, index) => {
        const found = groups[each]?.get(key);
        return found ? [[index, found.lowerQuartile, found.upperQuartile, found.median]] : [];
      }), { which: each, count: series.length, color: ink })]),
    ]);
    chart.options = frame(hass, first ? unit(first.profile) : "", {
      xAxis: { type: "category", data: keys.map((key) => labelOf(hass, by, key)) },
      legend: series.length > 1
        ? { show: true, type: "custom", data: series.map(({ name }, each) => ({ id: `s${each}`, name, secondaryIds: [`w${each}`] })) }
        : { show: false },
      tooltip: {
        trigger: "axis", confine: true, axisPointer: { type: "shadow" },
        formatter: (items: { dataIndex: number; name: string }[]) => {
          const key = keys[items[0]?.dataIndex ?? 0] ?? "";
          const rows = series.flatMap((_, each) => lines(key, each).map((text) => ({ text, color: colors[each] ?? "" })));
          return tooltip(by === "hour" ? `${key}:00` : labelOf(hass, by, key), rows);
        },
      },
    });
    const summary = keys.map((key) => `${labelOf(hass, by, key)}: ${lines(key, 0)[0] ?? "–"}`).join("; ");
    return html`<div class="fill" role="group" aria-label=${summary}>${chart}</div>`;
  }
}

export const profileSuggestion = (hass: Hass, entity: string): object | null => {
  const t = spoken();
  return fits(hass, entity)
    ? (["hour", "weekday"] as const).map((by) => ({ label: t[`by_${by}`], config: { type: "custom:py-hab-profile-card", entity, by } }))
    : null;
};
