// What both cards share: one load per configuration, and the states loading, empty and failed.
import { LitElement, css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { nameOf, type Hass } from "./hass";
import { texts, type Texts } from "./texts";

export interface CardConfig {
  type?: string;
  entity: string;
  title?: string;
}

export abstract class DataCard<C extends CardConfig, D> extends LitElement {
  static override properties = {
    hass: { attribute: false }, config: { state: true }, loaded: { state: true }, failure: { state: true },
  };
  declare hass: Hass | undefined;
  declare protected config: C | undefined;
  declare protected loaded: D | undefined;
  declare private failure: string | undefined;
  private drawnFor: readonly unknown[] = [];
  private asked: C | undefined;

  static override styles: CSSResultGroup = css`
    :host { display: block; height: 100%; }
    ha-card { height: 100%; min-height: 220px; box-sizing: border-box; padding: 12px 16px; display: flex; flex-direction: column; gap: 8px; overflow: hidden; }
    h2 { margin: 0; font: inherit; font-size: var(--ha-font-size-l, 16px); font-weight: 500; color: var(--primary-text-color); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; flex: none; }
    .body { flex: 1; min-height: 0; position: relative; }
    .note { color: var(--secondary-text-color); font-size: var(--ha-font-size-s, 12px); flex: none; min-height: 1.3em; }
    .message { color: var(--secondary-text-color); display: grid; place-items: center; height: 100%; text-align: center; }
    .message[role="alert"] { color: var(--error-color); }
    table { border-collapse: collapse; font-size: 12px; }
    td, th { text-align: start; padding: 0 8px 0 0; font-weight: normal; }
  `;

  protected get texts(): Texts { return texts(this.hass); }

  setConfig(config: C): void {
    if (!config.entity) throw new Error(texts(this.hass).no_entity);
    this.config = config;
  }
  getCardSize(): number { return 6; }
  getGridOptions(): object { return { columns: 12, rows: 6, min_rows: 4, min_columns: 6 }; }

  protected abstract load(hass: Hass, config: C): Promise<D | undefined>;
  protected abstract body(hass: Hass, config: C, data: D): TemplateResult;
  protected abstract note(hass: Hass, config: C, data: D): string;

  protected override shouldUpdate(): boolean {
    // Home Assistant hands over a new `hass` with each change of any state.
    const { hass } = this;
    const shown = [hass?.themes, hass?.language, hass?.locale, this.config, this.loaded, this.failure, ...this.watched()];
    const same = shown.every((value, index) => value === this.drawnFor[index]);
    this.drawnFor = shown;
    return !same;
  }
  protected watched(): readonly unknown[] { return []; }

  protected override willUpdate(): void {
    const { hass, config } = this;
    if (!hass || !config || this.asked === config) return;
    this.asked = config;
    this.loaded = this.failure = undefined;
    this.load(hass, config).then(
      (data) => {
        if (this.asked !== config) return;
        this.loaded = data;
        this.failure = data === undefined ? this.texts.empty : undefined;
      },
      (error: unknown) => {
        const reason = (error as { message?: string } | undefined)?.message;
        if (this.asked === config) this.failure = [this.texts.failed, reason].filter(Boolean).join(": ");
      },
    );
  }

  protected override render(): TemplateResult | typeof nothing {
    const { hass, config, loaded } = this;
    if (!hass || !config) return nothing;
    return html`<ha-card>
      <h2>${config.title ?? nameOf(hass, config.entity)}</h2>
      <div class="body">${
        loaded !== undefined ? this.body(hass, config, loaded)
        : this.failure !== undefined
          ? html`<div class="message" role=${this.failure === this.texts.empty ? "status" : "alert"}>${this.failure}</div>`
        : html`<div class="message" role="status">${this.texts.loading}</div>`
      }</div>
      <div class="note" aria-live="polite">${loaded !== undefined ? this.note(hass, config, loaded) : nothing}</div>
    </ha-card>`;
  }
}
