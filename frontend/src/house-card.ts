// The power of the house in words, and today and this month against the same time of the last one.
import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { comparisons } from "./calendar";
import { BASIC_RULES, DataCard, cardStyles, type CardConfig } from "./card";
import { TITLE, form, type Rules } from "./config";
import { countedBefore, countedIn } from "./data";
import { formatEnergy, formatPercent, formatPower, isFedIn, mainCounters, mainPower, nameOf, wattsOf, zone, type Hass } from "./hass";
import { filled, type Texts } from "./texts";

export interface HouseConfig extends CardConfig { counters?: string[] }
interface Counted { counter: string; day: Pair; month: Pair }
interface Pair { now: number | null; before: number | null }

const RULES: Rules = { ...BASIC_RULES, counters: "series_list" };
const FIVE_MINUTES = 300e3;

/** Return the power of the house as a sentence: its sign is a word. */
export const inWords = (t: Texts, hass: Hass, watts: number | undefined): string => {
  if (watts === undefined) return t.power_unknown;
  if (Math.round(watts) === 0) return t.power_none;
  return filled(watts < 0 ? t.power_fed_in : t.power_drawn, { power: formatPower(hass, Math.abs(watts)) });
};

export class HouseCard extends DataCard<HouseConfig, Counted[]> {
  static override styles: CSSResultGroup = [cardStyles, css`
    p { margin: 0; font-size: var(--ha-font-size-2xl, 24px); line-height: 1.3; color: var(--primary-text-color); text-align: start; background: none; padding: 0; font-weight: 400; }
    p::first-letter { text-transform: uppercase; }
    dl { margin: 0; display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 8px 12px; align-items: start; }
    dt { color: var(--primary-text-color); }
    dd { margin: 0; text-align: end; white-space: nowrap; font-weight: 500; }
    .before { display: block; color: var(--secondary-text-color); font-size: var(--ha-font-size-s, 12px); }
    .note { display: none; }
  `];

  static getStubConfig(hass: Hass): object {
    return { entity: mainPower(hass)?.entity_id ?? "", counters: mainCounters(hass).map(({ entity_id }) => entity_id) };
  }
  static getConfigForm(): object {
    return form([
      { name: "entity", required: true, selector: { entity: { filter: { device_class: "power" } } } },
      TITLE, { name: "counters", selector: { statistic: { multiple: true } } },
    ], RULES, { entity: "house_power" });
  }
  override getCardSize(): number { return 3; }
  override getGridOptions(): object { return { columns: 12, min_columns: 6 }; }

  protected override get freshFor(): number { return FIVE_MINUTES; }
  protected override drawn(): readonly unknown[] {
    const { hass, config } = this;
    return [hass && config && hass.states[config.entity]];
  }

  protected override get rules(): Rules { return RULES; }
  protected load(hass: Hass, { counters = [] }: HouseConfig): Promise<Counted[]> {
    const times = comparisons(Date.now(), zone(hass));
    const pair = async (counter: string, time: "day" | "month"): Promise<Pair> => {
      const [now, before] = await Promise.all([countedIn(hass, counter, times[time].now), countedBefore(hass, counter, times[time].before)]);
      return { now, before };
    };
    return Promise.all(counters.map(async (counter) => {
      const [day, month] = await Promise.all([pair(counter, "day"), pair(counter, "month")]);
      return { counter, day, month };
    }));
  }

  protected note(): string { return ""; }
  protected body(hass: Hass, { counters = [] }: HouseConfig, counted: Counted[]): TemplateResult {
    return html`${counted.length ? html`<dl>${(["day", "month"] as const).map((time) =>
      counted.map((each) => this.row(hass, counters, each, time)))}</dl>` : nothing}`;
  }
  private row(hass: Hass, counters: string[], { counter, ...times }: Counted, time: "day" | "month"): TemplateResult {
    const { now, before } = times[time], t = this.texts, entry = hass.entities[counter];
    const [same, name] = time === "day" ? [t.yesterday_then, t.today] : [t.month_before_then, t.month];
    const fedIn = (id: string): boolean | undefined => hass.entities[id] && isFedIn(hass.entities[id]);
    // Of several tariffs in one direction, each has its name.
    const isOne = entry && counters.filter((id) => fedIn(id) === fedIn(counter)).length === 1;
    const direction = counters.length > 1 ? ` · ${isOne ? (fedIn(counter) ? t.fed_in : t.drawn) : nameOf(hass, counter)}` : "";
    const change = now !== null && before !== null && before > 0 ? ` (${formatPercent(hass, now / before - 1)})` : "";
    return html`<dt>${name}${direction}${before === null ? nothing
      : html`<span class="before">${filled(same, { energy: formatEnergy(hass, before) })}${change}</span>`}</dt>
      <dd>${now === null ? "–" : formatEnergy(hass, now)}</dd>`;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { hass, config, loaded } = this;
    if (!hass || !config) return nothing;
    return html`<ha-card>
      ${config.title ? html`<h2>${config.title}</h2>` : nothing}
      <p>${inWords(this.texts, hass, wattsOf(hass, config.entity))}</p>
      <div class="body">${loaded ? this.body(hass, config, loaded) : nothing}</div>
    </ha-card>`;
  }
}
