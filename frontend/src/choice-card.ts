// Chooses the series and the time that the linked cards of a page show.
import { LitElement, css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { dateOf } from "./calendar";
import { cardStyles, spanOf } from "./card";
import { choice, choose, onChoice, type Choice } from "./choice";
import { SERIES, check, daysBack, form, type Rules } from "./config";
import { hoursOf, seriesOf, type Listed } from "./data";
import { mainCounter, nameOf, ours, zone, type Hass } from "./hass";
import { isSparse } from "./profile";
import { filled, spoken, texts, type Texts } from "./texts";

export interface ChoiceConfig { entity: string; days?: number }

const DAYS = 365;
const RULES = { entity: "series", days: { from: 1, to: 3660 } } satisfies Rules;
const SPANS = [1, 7, 30, 90, 365, 730];
const OWN = "dates";

export class ChoiceCard extends LitElement {
  static override properties = { hass: { attribute: false }, config: { state: true }, listed: { state: true }, chosen: { state: true }, sparse: { state: true } };
  declare hass: Hass | undefined;
  declare private config: ChoiceConfig | undefined;
  declare private listed: Listed[] | undefined;
  declare private chosen: Choice | undefined;
  /** Whether the cards include spread hours by default, as few others are known. */
  declare private sparse: boolean | undefined;
  private asked = "";
  private stop: (() => void) | undefined;
  private drawnFor: readonly unknown[] = [];

  static override styles: CSSResultGroup = [cardStyles, css`
    ha-card { flex-flow: row wrap; gap: 12px 16px; align-items: end; height: auto; overflow: visible; }
    label { display: flex; flex-direction: column; gap: 4px; font-size: var(--ha-font-size-s, 12px); color: var(--secondary-text-color); min-width: 0; }
    label.series { flex: 1 1 260px; }
    label.check { flex-direction: row; align-items: center; min-height: 40px; gap: 8px; color: var(--primary-text-color); font-size: 14px; }
    select, input[type="date"] { font: inherit; font-size: 16px; color: var(--primary-text-color); background: var(--secondary-background-color); border: 1px solid var(--divider-color); border-radius: 8px; padding: 8px; min-height: 40px; box-sizing: border-box; max-width: 100%; color-scheme: inherit; }
    select:focus-visible, input:focus-visible { outline: 2px solid var(--primary-color); }
    input[type="checkbox"] { width: 18px; height: 18px; accent-color: var(--primary-color); }
  `];

  static getStubConfig(hass: Hass): object { return { entity: mainCounter(hass)?.entity_id ?? "" }; }
  static getConfigForm(): object { return form([SERIES, daysBack(RULES.days)], RULES); }
  setConfig(config: ChoiceConfig): void {
    check(spoken(), RULES, config);
    if (!config.entity) throw new Error(spoken().no_entity);
    this.config = config;
  }
  getCardSize(): number { return 2; }
  getGridOptions(): object { return { columns: "full" }; }

  override connectedCallback(): void {
    super.connectedCallback();
    this.chosen = choice();
    this.stop = onChoice(() => { this.chosen = choice(); });
  }
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stop?.();
  }
  protected override shouldUpdate(): boolean {
    return this.shown().some((value, index) => value !== this.drawnFor[index]);
  }
  protected override updated(): void {
    // Not before: a new choice takes back what was known of the hours of the last one.
    this.drawnFor = this.shown();
  }
  private shown(): unknown[] {
    const { hass } = this;
    return [hass?.language, hass?.entities, this.config, this.listed, this.chosen, this.sparse];
  }
  protected override firstUpdated(): void {
    const { hass } = this;
    if (!hass) return;
    // Without the list, the series shown stays the only one to choose.
    seriesOf(hass).then((found) => { this.listed = found; }, () => { this.listed = []; });
  }

  protected override willUpdate(): void {
    const { hass, config, chosen } = this;
    if (!hass || !config || !chosen) return;
    const { series: entity = config.entity, days = config.days ?? DAYS, from, to } = chosen;
    const asked = JSON.stringify([entity, days, from, to]);
    if (asked === this.asked) return;
    this.asked = asked;
    this.sparse = false;
    // The cards ask the same. Without an answer, they show no spread hours.
    hoursOf(hass, entity, spanOf(hass, { entity, days, ...(from && to ? { from, to } : {}) }, DAYS)).then(({ hours }) => {
      const spread = hours.filter(({ isSpread }) => isSpread).length;
      if (this.asked === asked) this.sparse = isSparse(hours.length - spread, spread);
    }, () => undefined);
  }

  /** The series to choose from, ours first, each by its name. */
  private options(hass: Hass, current: string): { ours: [string, string][]; others: [string, string][] } {
    const shown = new Set(ours(hass).filter((entry) => entry.entity_category == null).map((entry) => entry.entity_id));
    const named = (this.listed ?? []).map(({ statistic_id, name }): [string, string] => [
      statistic_id, hass.states[statistic_id] ? nameOf(hass, statistic_id) : name ?? statistic_id,
    ]);
    if (!named.some(([id]) => id === current)) named.push([current, nameOf(hass, current)]);
    named.sort(([, one], [, other]) => one.localeCompare(other, hass.language));
    return {
      ours: named.filter(([id]) => shown.has(id) || id === current),
      // Hidden entities and groups of ours stay out.
      others: named.filter(([id]) => hass.entities[id]?.platform !== "py_hab" && id !== current),
    };
  }

  protected override render(): TemplateResult | typeof nothing {
    const { hass, config, chosen } = this;
    if (!hass || !config || !chosen) return nothing;
    const t = texts(hass), current = chosen.series ?? config.entity, { ours: mine, others } = this.options(hass, current);
    const days = chosen.from ? undefined : chosen.days ?? config.days ?? DAYS;
    const spans = days === undefined || SPANS.includes(days) ? SPANS : [...SPANS, days].sort((one, other) => one - other);
    const option = ([id, name]: [string, string]): TemplateResult => html`<option value=${id} ?selected=${id === current}>${name}</option>`;
    return html`<ha-card>
      <label class="series">${t.entity}
        <select id="series" @change=${(event: Event) => choose({ series: (event.target as HTMLSelectElement).value })}>
          <optgroup label=${t.own_series}>${mine.map(option)}</optgroup>
          ${others.length ? html`<optgroup label=${t.other_series}>${others.map(option)}</optgroup>` : nothing}
        </select></label>
      <label>${t.time}
        <select id="time" @change=${(event: Event) => this.span(hass, (event.target as HTMLSelectElement).value)}>
          ${spans.map((each) => html`<option value=${each} ?selected=${each === days}>${this.spanName(t, each)}</option>`)}
          <option value=${OWN} ?selected=${days === undefined}>${t.own_dates}</option>
        </select></label>
      ${chosen.from && chosen.to ? html`
        <label>${t.from}<input id="from" type="date" .value=${chosen.from} max=${chosen.to} @change=${(event: Event) => this.date("from", event)}></label>
        <label>${t.to}<input id="to" type="date" .value=${chosen.to} min=${chosen.from} @change=${(event: Event) => this.date("to", event)}></label>` : nothing}
      <label class="check"><input id="spread" type="checkbox" .checked=${chosen.spread ?? this.sparse ?? false}
        @change=${(event: Event) => choose({ spread: (event.target as HTMLInputElement).checked })}>${t.include_spread}</label>
    </ha-card>`;
  }
  private spanName(t: Texts, days: number): string {
    if (days === 1) return t.span_day;
    if (days === 365) return t.span_year;
    return days === 730 ? t.span_years : filled(t.period, { days: String(days) });
  }
  private span(hass: Hass, value: string): void {
    if (value !== OWN) {
      choose({ days: Number(value) });
      return;
    }
    const now = Date.now(), days = this.chosen?.days ?? this.config?.days ?? DAYS;
    choose({ from: dateOf(now - days * 864e5, zone(hass)), to: dateOf(now, zone(hass)) });
  }
  private date(name: "from" | "to", event: Event): void {
    const { from = "", to = "" } = this.chosen ?? {}, { value } = event.target as HTMLInputElement;
    // A field that was emptied keeps the date before.
    if (value) choose({ from, to, [name]: value });
  }
}
