// What the cards with data share: one load per configuration, and the states loading, empty and failed.
import { LitElement, css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { dayOf, midnight, type Span } from "./calendar";
import { choice, choose, onChoice, type Choice } from "./choice";
import { check, type Rules } from "./config";
import { forget } from "./data";
import { formatNumber, nameOf, zone, type Hass } from "./hass";
import { filled, spoken, texts, type Texts } from "./texts";

export interface CardConfig {
  type?: string;
  entity: string;
  title?: string;
  /** So many days up to now. */
  days?: number;
  /** Whether the series and the time chosen on the page count before `entity` and `days`. */
  linked?: boolean;
  /** Whether hours count whose energy was spread within a longer total; by default only while few others are known. */
  include_spread?: boolean;
}

/** What all cards of a series accept. */
export const BASIC_RULES = { entity: "series", title: "text", days: { from: 1, to: 3660 }, linked: "switch", include_spread: "switch" } satisfies Rules;

/** A configuration together with what was chosen on the page. */
export type Chosen<C> = C & Pick<Choice, "from" | "to">;

/** Return a configuration together with a choice. */
export function withChosen<C extends CardConfig>(config: C, { series, days, from, to, spread }: Choice): Chosen<C> {
  if (!config.linked) return config;
  return {
    ...config,
    ...(series ? { entity: series } : {}),
    ...(days ? { days } : {}),
    ...(from && to ? { from, to } : {}),
    ...(spread === undefined ? {} : { include_spread: spread }),
  };
}

/** Return the time of a configuration. */
export function spanOf(hass: Hass, { from, to, days }: Chosen<CardConfig>, usual: number): Span {
  const start = from ? midnight(from, zone(hass)) : undefined, end = to ? midnight(to, zone(hass), 1) : undefined;
  const now = Date.now();
  return start !== undefined && end !== undefined ? { start, end } : { start: dayOf(now, zone(hass), -(days ?? usual)), end: now };
}

export const cardStyles = css`
  :host { display: block; height: 100%; }
  ha-card { height: 100%; box-sizing: border-box; padding: 12px 16px; display: flex; flex-direction: column; gap: 8px; overflow: hidden; }
  h2 { margin: 0; font: inherit; font-size: var(--ha-font-size-l, 16px); font-weight: 500; color: var(--primary-text-color); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; flex: none; }
  .body { flex: 1; min-height: 0; position: relative; }
  /* Where nothing gives the card a height, that of its body is no base for percentages. */
  .fill { position: absolute; inset: 0; }
  .note { color: var(--secondary-text-color); font-size: var(--ha-font-size-s, 12px); flex: none; min-height: 1.3em; }
  .message { color: var(--secondary-text-color); display: grid; place-items: center; height: 100%; text-align: center; }
  .message[role="alert"] { color: var(--error-color); }
  table { border-collapse: collapse; font-size: 12px; }
  td, th { text-align: start; padding: 0 8px 0 0; font-weight: normal; }
  /* The primary color alone is too pale for small text on a light card. */
  button { font: inherit; color: color-mix(in srgb, var(--primary-color) 70%, var(--primary-text-color)); background: none; border: none; border-radius: 8px; padding: 8px 10px; cursor: pointer; font-weight: 500; }
  button:hover:not(:disabled) { background: color-mix(in srgb, var(--primary-color) 12%, transparent); }
  button:focus-visible { outline: 2px solid var(--primary-color); }
  button.inline { font-size: inherit; padding: 4px 8px; margin: -4px -8px; }
  button:disabled { color: var(--disabled-text-color); cursor: default; }
`;

const AGAIN = 60e3;

/** How many hours are known one by one, how many were spread, and whether those are shown. */
export interface Sparse { known: number; spread: number; isShown: boolean }

export abstract class DataCard<C extends CardConfig, D> extends LitElement {
  static override properties = {
    hass: { attribute: false }, config: { state: true }, loaded: { state: true }, failure: { state: true }, chosen: { state: true },
    ownSpread: { state: true },
  };
  declare hass: Hass | undefined;
  declare protected config: C | undefined;
  declare protected loaded: D | undefined;
  declare private failure: string | undefined;
  declare private chosen: Choice | undefined;
  /** Whether spread hours count, as chosen on this card. */
  declare private ownSpread: boolean | undefined;
  private drawnFor: readonly unknown[] = [];
  private asked = "";
  private failedAt = 0;
  private stop: (() => void) | undefined;

  static override styles: CSSResultGroup = [cardStyles, css`ha-card { min-height: 220px; }`];

  protected get texts(): Texts { return texts(this.hass); }
  /** What the card says if there are no data. */
  protected get emptyText(): string { return this.texts.empty; }
  protected titleOf(hass: Hass, { title, entity }: Chosen<C>): string { return title ?? nameOf(hass, entity); }
  /** After so many ms, the next change of any state loads the data again. */
  protected get freshFor(): number { return 3600e3; }

  protected get rules(): Rules { return BASIC_RULES; }
  setConfig(config: C): void {
    const t = spoken();
    check(t, this.rules, config);
    if (!config.entity) throw new Error(t.no_entity);
    this.config = config;
  }
  getCardSize(): number { return 6; }
  getGridOptions(): object { return { columns: 12, rows: 6, min_rows: 4, min_columns: 6 }; }

  override connectedCallback(): void {
    super.connectedCallback();
    this.chosen = choice();
    this.stop = onChoice(() => { this.chosen = choice(); });
  }
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stop?.();
  }

  protected abstract load(hass: Hass, config: Chosen<C>): Promise<D | undefined>;
  protected abstract body(hass: Hass, config: Chosen<C>, data: D): TemplateResult;
  protected abstract note(hass: Hass, config: Chosen<C>, data: D): string | TemplateResult;

  protected get effective(): Chosen<C> | undefined {
    if (!this.config) return undefined;
    const config = withChosen(this.config, this.chosen ?? {});
    return this.ownSpread === undefined ? config : { ...config, include_spread: this.ownSpread };
  }
  /** Whether to ask again for what was missing: statistics begin seconds after set-up. */
  private get isDue(): boolean { return this.failure !== undefined && Date.now() - this.failedAt > AGAIN; }
  /** What makes the card load: its configuration, the time, and Home Assistant's coming back. */
  private request(hass: Hass, config: Chosen<C>): string {
    const isUp = hass.connected !== false && (hass.config.state ?? "RUNNING") === "RUNNING";
    return JSON.stringify([config, Math.floor(Date.now() / this.freshFor), isUp, hass.language, ...this.watched().map(String)]);
  }
  /** Say that few hours are known one by one, with a button that includes or leaves out the others. */
  protected sparse(hass: Hass, { known, spread, isShown }: Sparse): TemplateResult {
    const t = this.texts, number = (hours: number): string => formatNumber(hass, hours);
    return html`${isShown ? filled(t.few_known, { known: number(known), spread: number(spread) }, known)
      : `${filled(t.hours, { hours: number(known) }, known)} ${filled(t.left_out, { hours: number(spread) }, spread)}`}
      <button class="inline" @click=${() => this.chooseSpread(!isShown)}>${isShown ? t.leave_out : t.include_spread}</button>`;
  }
  private chooseSpread(isShown: boolean): void {
    // They are included by default, which says how few are known.
    const spread = isShown && this.config?.include_spread === undefined ? undefined : isShown;
    if (this.config?.linked) choose({ spread });
    else this.ownSpread = spread;
  }
  /** Ask again, since the data have changed. */
  protected reload(): void {
    forget();
    this.asked = "";
    this.requestUpdate("loaded", {});
  }

  protected override shouldUpdate(): boolean {
    // Home Assistant hands over a new `hass` with each change of any state.
    const { hass, effective } = this;
    const request = hass && effective && this.request(hass, effective);
    const shown = [hass?.themes, hass?.locale, request, this.asked, this.loaded, this.failure, this.isDue, ...this.drawn()];
    const same = shown.every((value, index) => value === this.drawnFor[index]);
    this.drawnFor = shown;
    return !same;
  }
  /** What else is drawn. */
  protected drawn(): readonly unknown[] { return []; }
  /** What else the data depend on. */
  protected watched(): readonly unknown[] { return []; }

  protected override willUpdate(): void {
    const { hass, effective: config } = this;
    if (!hass || !config) return;
    if (hass.connected === false) {
      // Home Assistant may come back with other data.
      this.asked = "";
      forget();
      return;
    }
    const asked = this.request(hass, config), [before] = this.asked ? (JSON.parse(this.asked) as unknown[]) : [];
    const isAgain = asked === this.asked;
    if (isAgain && !this.isDue) return;
    // What is shown stays until newer data are there, unless they are of something else.
    if (this.asked && JSON.stringify(before) !== JSON.stringify(config)) this.loaded = undefined;
    if (this.asked && this.failure !== undefined) forget();
    this.asked = asked;
    this.failedAt = Date.now();
    if (!isAgain) this.failure = undefined;
    this.load(hass, config).then(
      (data) => {
        if (this.asked !== asked) return;
        this.loaded = data;
        this.failure = data === undefined ? this.emptyText : undefined;
      },
      (error: unknown) => {
        const reason = (error as { message?: string } | undefined)?.message;
        if (this.asked !== asked || this.loaded !== undefined) return;
        this.failure = [this.texts.failed, reason].filter(Boolean).join(": ");
      },
    );
  }

  protected override render(): TemplateResult | typeof nothing {
    const { hass, effective: config, loaded } = this;
    if (!hass || !config) return nothing;
    return html`<ha-card>
      <h2>${this.titleOf(hass, config)}</h2>
      <div class="body">${
        loaded !== undefined ? this.body(hass, config, loaded)
        : this.failure !== undefined
          ? html`<div class="message" role=${this.failure === this.emptyText ? "status" : "alert"}>${this.failure}</div>`
        : html`<div class="message" role="status">${this.texts.loading}</div>`
      }</div>
      <div class="note" aria-live="polite">${loaded !== undefined ? this.note(hass, config, loaded) : nothing}</div>
    </ha-card>`;
  }
}
