// Who draws power now: the largest first, live.
import { LitElement, css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { cardStyles } from "./card";
import { TITLE, check, form, type Rules } from "./config";
import { devicePowers, formatPower, ownerName, wattsOf, type Hass } from "./hass";
import { spoken, texts } from "./texts";

export interface ConsumersConfig { entities?: string[]; title?: string }
const RULES: Rules = { entities: "series_list", title: "text" };
export interface Drawn { entity: string; watts: number }

/** Return the entities with a value, the largest power first; equal ones keep their order. */
export const sorted = (hass: Hass, entities: readonly string[]): Drawn[] =>
  entities
    .flatMap((entity) => {
      const watts = wattsOf(hass, entity);
      return watts === undefined ? [] : [{ entity, watts }];
    })
    .sort((one, other) => other.watts - one.watts);

export class ConsumersCard extends LitElement {
  static override properties = { hass: { attribute: false }, config: { state: true } };
  declare hass: Hass | undefined;
  declare private config: ConsumersConfig | undefined;
  private drawnFor: readonly unknown[] = [];

  static override styles: CSSResultGroup = [cardStyles, css`
    ha-card { gap: 2px; padding: 8px; }
    h2 { padding: 4px 8px; }
    ul { list-style: none; margin: 0; padding: 0; }
    button { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 4px 12px; width: 100%; padding: 8px; text-align: start; color: var(--primary-text-color); font-weight: 400; }
    .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .bar { grid-column: 1 / -1; height: 4px; border-radius: 2px; background: var(--divider-color); }
    .bar div { height: 100%; border-radius: 2px; background: var(--primary-color); transition: width 0.3s; }
    .message { padding: 12px; }
  `];

  static getStubConfig(hass: Hass): object {
    return { entities: devicePowers(hass).map(({ entity_id }) => entity_id) };
  }
  static getConfigForm(): object {
    return form([
      { name: "entities", required: true, selector: { entity: { multiple: true, filter: { device_class: "power" } } } }, TITLE,
    ], RULES);
  }
  setConfig(config: ConsumersConfig): void {
    check(spoken(), RULES, config);
    if (!config.entities) throw new Error(spoken().no_entity);
    this.config = config;
  }
  getCardSize(): number { return 1 + (this.config?.entities?.length ?? 0); }
  getGridOptions(): object { return { columns: 12, min_columns: 6 }; }

  protected override shouldUpdate(): boolean {
    const { hass, config } = this;
    const shown = [hass?.locale, hass?.language, hass?.devices, config, ...(config?.entities ?? []).map((each) => hass?.states[each])];
    const same = shown.length === this.drawnFor.length && shown.every((value, index) => value === this.drawnFor[index]);
    this.drawnFor = shown;
    return !same;
  }
  private open(entityId: string): void {
    this.dispatchEvent(new CustomEvent("hass-more-info", { bubbles: true, composed: true, detail: { entityId } }));
  }

  protected override render(): TemplateResult | typeof nothing {
    const { hass, config } = this;
    if (!hass || !config) return nothing;
    const found = sorted(hass, config.entities ?? []), most = Math.max(1, ...found.map(({ watts }) => watts));
    return html`<ha-card>
      ${config.title ? html`<h2>${config.title}</h2>` : nothing}
      ${found.length ? html`<ul>${repeat(found, ({ entity }) => entity, ({ entity, watts }) => html`<li>
        <button @click=${() => this.open(entity)}>
          <span class="name">${ownerName(hass, entity)}</span><span>${formatPower(hass, watts)}</span>
          <span class="bar" aria-hidden="true"><div style="width:${Math.max(0, watts / most) * 100}%"></div></span>
        </button></li>`)}</ul>` : html`<div class="message" role="status">${texts(hass).no_power}</div>`}
    </ha-card>`;
  }
}
