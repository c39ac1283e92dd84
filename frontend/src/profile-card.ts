// The mean day, week or year of a series, against a second one or the period before.
import { html, type TemplateResult } from "lit";
import { DataCard, type CardConfig } from "./card";
import { chartElement, tooltip, type ChartElement } from "./chart";
import { fits, formatNumber, mainCounter, nameOf, type Hass } from "./hass";
import { GROUPINGS, energyOf, keysOf, labelOf, type Group, type Grouping, type Profile } from "./profile";
import { filled, spoken, type TextKey } from "./texts";

export interface ProfileConfig extends CardConfig {
  entity_2?: string;
  by?: Grouping;
  days?: number;
  compare?: boolean;
  unit?: "W" | "kWh";
}
interface Series { name: string; profile: Profile }
interface Loaded { series: Series[]; chart: ChartElement | undefined }

const DAYS = 365;
const COLORS = ["--primary-color", "--accent-color"];

export class ProfileCard extends DataCard<ProfileConfig, Loaded> {
  static getStubConfig(hass: Hass): object {
    return { entity: mainCounter(hass)?.entity_id ?? "", by: "hour" };
  }
  static getConfigForm(): object {
    const t = spoken();
    const options = GROUPINGS.map((value) => ({ value, label: t[`by_${value}`] }));
    return {
      schema: [
        { name: "entity", required: true, selector: { statistic: {} } },
        { name: "entity_2", selector: { statistic: {} } },
        { name: "by", selector: { select: { mode: "dropdown", options } } },
        { name: "days", selector: { number: { min: 1, max: 3660, mode: "box" } } },
        { name: "unit", selector: { select: { mode: "dropdown", options: ["W", "kWh"] } } },
        { name: "compare", selector: { boolean: {} } },
      ],
      computeLabel: ({ name }: { name: TextKey }) => t[name],
    };
  }

  protected async load(hass: Hass, config: ProfileConfig): Promise<Loaded | undefined> {
    const { by = "hour", days = DAYS, compare, entity_2 } = config;
    const ask = async (entity_id: string, name: string, periods: number): Promise<Series> => {
      const at = (back: number): string => new Date(Date.now() - back * 864e5).toISOString();
      const { response } = await hass.callService<Profile>(
        "py_hab", "get_profile",
        { entity_id, name: by, start: at((periods + 1) * days), end: at(periods * days) },
        undefined, false, true,
      );
      return { name, profile: response };
    };
    const last = filled(this.texts.period, { days: formatNumber(hass, days) });
    const wanted = [ask(config.entity, entity_2 ? nameOf(hass, config.entity) : last, 0)];
    if (entity_2) wanted.push(ask(entity_2, nameOf(hass, entity_2), 0));
    else if (compare) wanted.push(ask(config.entity, this.texts.before, 1));
    const [chart, ...series] = await Promise.all([chartElement(), ...wanted]);
    const known = series.filter(({ profile }) => profile.statistics.length);
    return known.length ? { series: known, chart } : undefined;
  }

  protected note(hass: Hass, _config: ProfileConfig, { series }: Loaded): string {
    const counts = series.map(({ profile }) => profile.statistics.reduce((sum, { count }) => sum + count, 0));
    return filled(this.texts.hours, { hours: counts.map((count) => formatNumber(hass, count)).join(" / ") });
  }

  protected body(hass: Hass, config: ProfileConfig, { series, chart }: Loaded): TemplateResult {
    const { by = "hour" } = config;
    const inEnergy = ({ unit }: Profile): boolean => config.unit === "kWh" && unit === "W";
    const unit = (profile: Profile): string => (inEnergy(profile) ? "kWh" : profile.unit);
    const shown = (profile: Profile, group: Group): number => (inEnergy(profile) ? energyOf(by, group) : group.avg);
    const written = (profile: Profile, value: number): string => {
      const digits = unit(profile) === "W" || Math.abs(value) >= 100 ? 0 : unit(profile) === "kWh" && Math.abs(value) < 10 ? 2 : 1;
      return `${formatNumber(hass, value, digits)} ${unit(profile)}`;
    };
    const keys = keysOf(by, series.map(({ profile }) => profile));
    const groups = series.map(({ profile }) => new Map(profile.statistics.map((group) => [group.key, group])));
    const lines = (key: string, each: number): string[] => {
      const found = groups[each]?.get(key), from = series[each];
      if (!found || !from) return [];
      const { profile } = from;
      return [
        `${from.name}: ${written(profile, shown(profile, found))}`,
        // These are of single hours: they are not the energy of a whole day, month or year.
        ...(inEnergy(profile) ? [] : [
          `${this.texts.median}: ${written(profile, found.median)}`,
          `${this.texts.range}: ${written(profile, found.min)} – ${written(profile, found.max)}`,
        ]),
        filled(this.texts.hours, { hours: formatNumber(hass, found.count) }),
      ];
    };
    if (!chart) {
      return html`<div style="overflow:auto;height:100%"><table>${keys.map((key) => html`<tr>
        <th scope="row">${labelOf(hass, by, key)}</th>
        ${series.map(({ profile }, each) => {
          const found = groups[each]?.get(key);
          return html`<td>${found ? written(profile, shown(profile, found)) : "–"}</td>`;
        })}</tr>`)}</table></div>`;
    }
    const colors = COLORS.map((name) => getComputedStyle(this).getPropertyValue(name).trim());
    const [first] = series;
    chart.hass = hass;
    chart.data = series.map(({ name, profile }, each) => ({
      type: "bar", id: `s${each}`, name, color: colors[each], barGap: "10%", barCategoryGap: "30%",
      itemStyle: { borderRadius: [3, 3, 0, 0] },
      data: keys.map((key) => {
        const found = groups[each]?.get(key);
        return found ? shown(profile, found) : null;
      }),
    }));
    chart.options = {
      grid: { top: 28, left: 4, right: 8, bottom: 4, containLabel: true },
      xAxis: { type: "category", data: keys.map((key) => labelOf(hass, by, key)) },
      yAxis: {
        type: "value", name: first ? unit(first.profile) : "", nameTextStyle: { align: "left" },
        axisLabel: { formatter: (value: number) => formatNumber(hass, value, Number.isInteger(value) ? 0 : 1) },
      },
      legend: series.length > 1
        ? { show: true, type: "custom", data: series.map(({ name }, each) => ({ id: `s${each}`, name })) }
        : { show: false },
      tooltip: {
        trigger: "axis", confine: true, axisPointer: { type: "shadow" },
        formatter: (items: { dataIndex: number; name: string }[]) => {
          const at = items[0]?.dataIndex ?? 0, key = keys[at] ?? "";
          const rows = series.flatMap((_, each) => lines(key, each).map((text) => ({ text, color: colors[each] ?? "" })));
          return tooltip(by === "hour" ? `${key}:00` : labelOf(hass, by, key), rows);
        },
      },
    };
    const summary = keys.map((key) => `${labelOf(hass, by, key)}: ${lines(key, 0)[0] ?? "–"}`).join("; ");
    return html`<div style="height:100%" role="img" aria-label=${summary}>${chart}</div>`;
  }
}

export const profileSuggestion = (hass: Hass, entity: string): object | null => {
  const t = spoken();
  return fits(hass, entity)
    ? (["hour", "weekday"] as const).map((by) => ({ label: t[`by_${by}`], config: { type: "custom:py-hab-profile-card", entity, by } }))
    : null;
};
