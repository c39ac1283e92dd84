// The state of the history of a series, and what an administrator can do about it.
import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { BASIC_RULES, DataCard, cardStyles, type CardConfig } from "./card";
import { SERIES, TITLE, form } from "./config";
import { act, historyOf, type SeriesHistory, type TimeRange } from "./data";
import { fits, formatMoment, formatNumber, mainCounter, type Hass } from "./hass";
import { filled } from "./texts";

interface Report { entity_id: string; rows: number }
interface Run { run: string; at: string; statistics: { entity_id: string; hours: number }[] }
/** What the card says of a series beside its history. */
interface Said {
  entity: string;
  text: string;
  /** The last run of the series, once it was asked whether to take it back. */
  run?: Run | undefined;
}

const SHOWN = 3;

export class HistoryCard extends DataCard<CardConfig, SeriesHistory> {
  static override properties = { ...DataCard.properties, said: { state: true }, busy: { state: true } };
  declare private said: Said | undefined;
  declare private busy: boolean | undefined;

  static override styles: CSSResultGroup = [cardStyles, css`
    dl { margin: 0; display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 6px 16px; align-items: baseline; }
    dt { color: var(--secondary-text-color); }
    dd { margin: 0; }
    .small { color: var(--secondary-text-color); font-size: var(--ha-font-size-s, 12px); display: block; }
    .actions button { font-size: var(--ha-font-size-m, 14px); }
    .actions { display: flex; flex-wrap: wrap; gap: 4px; margin-inline-start: -10px; }
  `];

  static getStubConfig(hass: Hass): object { return { entity: mainCounter(hass)?.entity_id ?? "" }; }
  static getConfigForm(): object { return form([SERIES, TITLE], BASIC_RULES); }
  override getCardSize(): number { return 5; }
  override getGridOptions(): object { return { columns: 12, min_columns: 6 }; }

  protected override drawn(): readonly unknown[] { return [this.said, this.busy, this.hass?.user?.is_admin]; }

  protected async load(hass: Hass, { entity }: CardConfig): Promise<SeriesHistory | undefined> {
    const found = await historyOf(hass, entity);
    return found.since || found.config_entry_id ? found : undefined;
  }

  private date(hass: Hass, moment: string, withTime = true): string {
    return formatMoment(hass, { dateStyle: "medium", ...(withTime ? { timeStyle: "short" } : {}) }).format(Date.parse(moment));
  }
  private ranges(hass: Hass, found: TimeRange[]): TemplateResult {
    const t = this.texts, hours = found.reduce((sum, { start, end }) => sum + (Date.parse(end) - Date.parse(start)) / 3600e3, 0);
    if (!hours) return html`${t.none}`;
    return html`${filled(t.hour_count, { hours: formatNumber(hass, hours) }, hours)}${found.slice(-SHOWN).reverse().map(({ start, end }) =>
      html`<span class="small">${this.date(hass, start)} – ${this.date(hass, end)}</span>`)}${
      found.length > SHOWN ? html`<span class="small">${filled(t.and_more, { count: formatNumber(hass, found.length - SHOWN) }, found.length - SHOWN)}</span>` : nothing}`;
  }

  protected body(hass: Hass, _config: CardConfig, found: SeriesHistory): TemplateResult {
    const t = this.texts, rejected = Object.values(found.rejected).reduce((sum, count) => sum + count, 0);
    const origins = (["measured", "reported", "imported", "spread"] as const).filter((origin) => found.origins[origin]);
    return html`<dl>
      <dt>${t.since}</dt><dd>${found.since ? this.date(hass, found.since, false) : t.none}</dd>
      <dt>${t.origin}</dt><dd>${origins.map((origin) => html`<span class="small">${t[`origin_${origin}`]}: ${formatNumber(hass, found.origins[origin] ?? 0)}</span>`)}</dd>
      <dt>${t.missing}</dt><dd>${this.ranges(hass, found.missing)}</dd>
      <dt>${t.spread}</dt><dd>${this.ranges(hass, found.spread)}</dd>
      ${found.last_reading || rejected ? html`<dt>${t.rejected}</dt><dd>${rejected ? formatNumber(hass, rejected) : t.none}</dd>` : nothing}
      ${found.last_reading ? html`<dt>${t.last_reading}</dt><dd>${this.date(hass, found.last_reading)}</dd>` : nothing}
    </dl>`;
  }

  protected note(hass: Hass, config: CardConfig, found: SeriesHistory): TemplateResult {
    const { busy = false, texts: t } = this, entry = found.config_entry_id;
    // Of a series that was shown before, nothing is said, and nothing taken back.
    const said = this.said?.entity === config.entity ? this.said : undefined, last = said?.run;
    const actions = hass.user?.is_admin && entry ? html`<div class="actions">${last ? html`
        <button ?disabled=${busy} @click=${() => this.takeBack(hass, config, last)}>${t.take_back_now}</button>
        <button ?disabled=${busy} @click=${() => { this.said = undefined; }}>${t.cancel}</button>` : html`
        <button ?disabled=${busy} @click=${() => this.complete(hass, config, entry, false)}>${t.complete}</button>
        <button ?disabled=${busy} @click=${() => this.complete(hass, config, entry, true)}>${t.preview}</button>
        <button ?disabled=${busy} @click=${() => this.ask(hass, config, entry)}>${t.take_back}</button>`}</div>` : nothing;
    return html`${said?.text ?? nothing}${actions}`;
  }

  /** Do something that takes its time; what it says, or its error, is shown. A question about a run stays until it is done. */
  private async work(entity: string, what: () => Promise<Omit<Said, "entity">>, run?: Run): Promise<void> {
    this.busy = true;
    this.said = { entity, text: this.texts.working, run };
    try {
      this.said = { entity, ...(await what()) };
    } catch (error) {
      this.said = { entity, text: (error as { message?: string }).message ?? this.texts.failed, run };
    }
    this.busy = false;
  }
  private complete(hass: Hass, { entity }: CardConfig, entry: string, isDry: boolean): Promise<void> {
    return this.work(entity, async () => {
      const { entities } = await act<{ entities: Report[] }>(hass, "backfill", { config_entry_id: entry, dry_run: isDry });
      const all = entities.reduce((sum, { rows }) => sum + rows, 0);
      const mine = entities.find(({ entity_id }) => entity_id === entity)?.rows ?? 0;
      if (!isDry) this.reload();
      return { text: filled(isDry ? this.texts.would_complete : this.texts.completed, { hours: formatNumber(hass, mine), all: formatNumber(hass, all) }, mine) };
    });
  }
  private ask(hass: Hass, { entity }: CardConfig, entry: string): Promise<void> {
    return this.work(entity, async () => {
      const { runs } = await act<{ runs: Run[] }>(hass, "get_runs", { config_entry_id: entry });
      const found = runs.find(({ statistics }) => statistics.some(({ entity_id }) => entity_id === entity));
      if (!found) return { text: this.texts.nothing_to_take_back };
      const hours = found.statistics.find(({ entity_id }) => entity_id === entity)?.hours ?? 0;
      return { text: filled(this.texts.take_back_what, { at: this.date(hass, found.at), hours: formatNumber(hass, hours) }, hours), run: found };
    });
  }
  private takeBack(hass: Hass, { entity }: CardConfig, run: Run): Promise<void> {
    return this.work(entity, async () => {
      await act(hass, "undo_history", { entity_id: [entity], run: run.run });
      this.reload();
      return { text: this.texts.taken_back };
    }, run);
  }
}

export const historySuggestion = (hass: Hass, entity: string): object | null =>
  fits(hass, entity) ? { config: { type: "custom:py-hab-history-card", entity } } : null;
