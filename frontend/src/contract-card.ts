// A contract with the supplier: spent against paid, the forecast of the year, and the payment that fits.
import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { DataCard, cardStyles, type CardConfig } from "./card";
import {
  CONTRACT_KEYS, balance, contractSensors, contracts, sameContract, scaleOf, standingOf, type ContractEntities, type Registered, type Scale,
} from "./contract";
import { formatMoment, formatMoney, ownerName, type Hass } from "./hass";
import { filled, spoken, type TextKey } from "./texts";

export class ContractCard extends DataCard<CardConfig, ContractEntities> {
  static override styles: CSSResultGroup = [cardStyles, css`
    p { margin: 0; font-size: var(--ha-font-size-2xl, 24px); line-height: 1.3; color: var(--primary-text-color); }
    .scale { position: relative; height: 12px; margin: 14px 0 10px; border-radius: 6px; background: var(--divider-color); }
    .scale > * { position: absolute; top: 0; bottom: 0; border-radius: 6px; }
    .spent { background: var(--primary-color); }
    .range { background: repeating-linear-gradient(135deg, var(--accent-color) 0 3px, transparent 3px 6px); }
    .scale > .paid { top: -4px; bottom: -4px; width: 3px; margin-inline-start: -2px; border-radius: 1px; background: var(--primary-text-color); }
    ul { list-style: none; margin: 0 -8px; padding: 0; }
    li button { display: grid; grid-template-columns: 14px minmax(0, 1fr) auto; gap: 0 8px; align-items: baseline; width: 100%; padding: 6px 8px; text-align: start; color: var(--primary-text-color); font-weight: 400; }
    .amount { font-weight: 500; white-space: nowrap; }
    .mark { width: 12px; height: 12px; border-radius: 3px; align-self: center; }
    .mark.paid { width: 3px; justify-self: center; background: var(--primary-text-color); border-radius: 1px; }
    .small { grid-column: 2 / -1; color: var(--secondary-text-color); font-size: var(--ha-font-size-s, 12px); }
  `];

  static getStubConfig(hass: Hass): object { return { entity: contracts(hass)[0]?.entity_id ?? "" }; }
  static getConfigForm(): object {
    const t = spoken();
    return {
      schema: [
        { name: "entity", required: true, selector: { entity: { filter: { integration: "py_hab", device_class: "monetary" } } } },
        { name: "title", selector: { text: {} } },
      ],
      computeLabel: ({ name }: { name: TextKey | "title" }) => (name === "entity" ? t.contract_entity : name === "title" ? t.heading : t[name]),
      computeHelper: ({ name }: { name: string }) => (name === "entity" ? t.contract_entity_help : undefined),
    };
  }
  /** Without a contract there is nothing to choose yet: the card says where one is entered. */
  override setConfig(config: CardConfig): void { this.config = config; }
  override getCardSize(): number { return 5; }
  override getGridOptions(): object { return { columns: 12, min_columns: 6 }; }

  protected override get emptyText(): string {
    return this.hass && contracts(this.hass).length ? this.texts.contract_choose : this.texts.contract_none;
  }
  protected override titleOf(hass: Hass, { title, entity }: CardConfig): string {
    return title ?? [this.texts.contract, entity && ownerName(hass, entity)].filter(Boolean).join(" · ");
  }
  protected override watched(): readonly unknown[] {
    return this.hass ? contractSensors(this.hass).map(({ entity_id }) => entity_id) : [];
  }
  protected override drawn(): readonly unknown[] {
    const { hass, loaded } = this;
    return CONTRACT_KEYS.map((key) => hass?.states[loaded?.[key] ?? ""]);
  }

  protected async load(hass: Hass, { entity }: CardConfig): Promise<ContractEntities | undefined> {
    const device = hass.entities[entity]?.device_id;
    const entity_ids = contractSensors(hass).filter(({ device_id }) => device_id === device).map(({ entity_id }) => entity_id);
    if (!entity_ids.includes(entity)) return undefined;
    const found = await hass.callWS<Record<string, Registered | null>>({ type: "config/entity_registry/get_entries", entity_ids });
    return sameContract(Object.values(found).filter((each) => each !== null), entity);
  }

  private open(entityId: string): void {
    this.dispatchEvent(new CustomEvent("hass-more-info", { bubbles: true, composed: true, detail: { entityId } }));
  }
  private date(hass: Hass): (day: string) => string {
    return (day) => formatMoment(hass, { dateStyle: "long", timeZone: "UTC" }).format(Date.parse(day));
  }
  private day(hass: Hass, moment: string): string { return formatMoment(hass, { dateStyle: "long" }).format(Date.parse(moment)); }
  private scale({ spent, paid, low, high }: Scale): TemplateResult {
    // The rows below contain the same as text.
    return html`<div class="scale" aria-hidden="true">
      ${low !== undefined && high !== undefined ? html`<div class="range" style="inset-inline-start:${low}%;width:${Math.max(1, high - low)}%"></div>` : nothing}
      <div class="spent" style="inset-inline-start:0;width:${spent}%"></div>
      ${paid === undefined ? nothing : html`<div class="paid" style="inset-inline-start:${paid}%"></div>`}
    </div>`;
  }
  private row(entity: string | undefined, mark: string, label: string, amount: string, small?: string): TemplateResult | typeof nothing {
    return entity === undefined ? nothing : html`<li><button @click=${() => this.open(entity)}>
      <span class="mark ${mark}" aria-hidden="true"></span><span>${label}</span><span class="amount">${amount}</span>
      ${small ? html`<span class="small">${small}</span>` : nothing}
    </button></li>`;
  }

  protected body(hass: Hass, _config: CardConfig, found: ContractEntities): TemplateResult {
    const t = this.texts, money = (amount: number, digits?: number): string => formatMoney(hass, amount, digits);
    const standing = standingOf(hass, found), { spent, paid, forecast, low, high, instalment, bonus, since } = standing, scale = scaleOf(standing);
    const shown = (amount: number | undefined): string => (amount === undefined ? "–" : money(amount));
    const range = low !== undefined && high !== undefined ? filled(t.contract_range, { low: money(low, 0), high: money(high, 0) }) : undefined;
    return html`<p>${balance(t, standing, money, this.date(hass))}</p>
      ${scale ? this.scale(scale) : nothing}
      ${standing.begins ? nothing : html`<ul>
        ${this.row(found.cost_contract_year, "spent", t.spent, shown(spent), since && filled(t.costs_since, { day: this.day(hass, since) }))}
        ${this.row(found.contract_paid, "paid", t.paid, shown(paid))}
        ${this.row(found.contract_forecast, "range", t.forecast, forecast === undefined ? t.not_yet : money(forecast, 0), forecast === undefined && spent !== undefined ? t.forecast_needs : range)}
        ${instalment === undefined ? nothing : this.row(found.contract_instalment, "", t.instalment, shown(instalment))}
        ${bonus ? this.row(found.contract_bonus, "", t.bonus, shown(bonus), t.bonus_when) : nothing}
      </ul>`}`;
  }

  protected note(hass: Hass, _config: CardConfig, found: ContractEntities): string {
    const since = hass.states[found.cost_contract_year ?? ""]?.attributes.last_reset;
    return since ? filled(this.texts.contract_since, { day: this.day(hass, since) }) : "";
  }
}

export const contractSuggestion = (hass: Hass, entity: string): object | null =>
  contractSensors(hass).some(({ entity_id }) => entity_id === entity) ? { config: { type: "custom:py-hab-contract-card", entity } } : null;
