// Hour by day over a year, or by weekday, painted into a canvas: one cell is one pixel.
import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { dateOf, midnight } from "./calendar";
import { BASIC_RULES, DataCard, spanOf, type CardConfig, type Chosen, type Sparse } from "./card";
import { choose } from "./choice";
import { SERIES, TITLE, choiceOf, daysBack, form, toggle, type Rules } from "./config";
import { hoursOf } from "./data";
import { feedsIn, fits, formatMoment, formatNumber, isFedIn, mainCounter, zone, type Hass } from "./hass";
import { NIGHT, baseLoad, byDay, byWeekday, type Cell, type Grid } from "./heat";
import { pick } from "./picker";
import { isSparse } from "./profile";
import { filled, spoken } from "./texts";

export interface HeatmapConfig extends CardConfig { kind?: (typeof KINDS)[number]; collection_key?: string }
interface Loaded { grid: Grid; unit: string; least: number; base: number | null; before: number | null; left: number; sparse: Sparse | undefined }

const DAYS = 365;
const KINDS = ["year", "week"] as const;
const RULES = { ...BASIC_RULES, kind: KINDS, days: { from: 7, to: 1100 }, collection_key: "text" } satisfies Rules;
const TREND_DAYS = 30;
const HOURS = 24;
/** So few days may have no first of a month among them: single ones are labelled. */
const SHORT_DAYS = 60;
const MOST_LABELS = 5;
/** A label further to the right would be cut off. */
const LAST_LABEL = 0.86;
const COLORS = [[68, 1, 84], [49, 104, 142], [53, 183, 121], [253, 231, 37]] as const;
const GRADIENT = COLORS.map((color) => `rgb(${color.join(",")})`).join(",");

const colorOf = (share: number): number[] => {
  const at = Math.min(1, Math.max(0, share)) * (COLORS.length - 1);
  const low = Math.min(COLORS.length - 2, Math.floor(at));
  const from = COLORS[low] ?? COLORS[0], to = COLORS[low + 1] ?? COLORS[0];
  return from.map((part, index) => Math.round(part + ((to[index] ?? part) - part) * (at - low)));
};

export class HeatmapCard extends DataCard<HeatmapConfig, Loaded> {
  static override properties = { ...DataCard.properties, marked: { state: true } };
  declare private marked: { column: number; hour: number } | undefined;

  static override styles: CSSResultGroup = [DataCard.styles, css`
    .plot { display: grid; grid-template: 1fr auto / auto 1fr; gap: 4px 6px; height: 100%; font-size: 11px; color: var(--secondary-text-color); }
    .area { position: relative; min-height: 0; }
    canvas { position: absolute; inset: 0; width: 100%; height: 100%; image-rendering: pixelated; border-radius: 4px; background: var(--divider-color); }
    canvas:focus-visible { outline: 2px solid var(--primary-color); outline-offset: 1px; }
    .mark { position: absolute; box-sizing: border-box; border: 2px solid var(--primary-text-color); pointer-events: none; min-width: 6px; min-height: 6px; transform: translate(-1px, -1px); }
    .hours { display: flex; flex-direction: column; justify-content: space-between; text-align: end; }
    .columns { grid-column: 2; position: relative; height: 1.3em; overflow: hidden; }
    .columns span { position: absolute; white-space: nowrap; }
    .scale { display: flex; gap: 8px; align-items: center; flex: none; }
    .bar { flex: 0 1 120px; height: 8px; border-radius: 4px; }
  `];

  static getStubConfig(hass: Hass): object {
    return { entity: mainCounter(hass)?.entity_id ?? "", kind: "year" };
  }
  static getConfigForm(): object {
    const t = spoken();
    const kinds = KINDS.map((value) => ({ value, label: t[`kind_${value}`] }));
    return form([SERIES, TITLE, choiceOf("kind", kinds), daysBack(RULES.days), toggle("include_spread")], RULES);
  }

  protected override drawn(): readonly unknown[] { return [this.marked]; }

  protected override get rules(): Rules { return RULES; }

  protected async load(hass: Hass, config: Chosen<HeatmapConfig>): Promise<Loaded | undefined> {
    const { unit, hours } = await hoursOf(hass, config.entity, spanOf(hass, config, DAYS));
    if (!hours.length) return undefined;
    const known = hours.filter(({ isSpread }) => !isSpread), spread = hours.length - known.length, isShown = config.include_spread === undefined;
    const sparse = !config.include_spread && isSparse(known.length, spread) ? { known: known.length, spread, isShown } : undefined;
    const kept = (config.include_spread ?? sparse !== undefined) ? hours : known;
    // The base load rests on hours that are known, whatever is shown.
    const days = byDay(kept), knownDays = kept === known ? days : byDay(known);
    const end = knownDays.columns.length;
    const among = (from: number, to: number): Cell[] => knownDays.cells.filter(({ column }) => column >= from && column < to);
    // What is fed in has no base load. By day, the sun may cover that of a home that feeds in.
    const entry = hass.entities[config.entity], hasLoad = unit === "W" && !(entry && isFedIn(entry)), until = entry && feedsIn(hass, entry) ? NIGHT : HOURS;
    const load = (from: number, to: number): number | null => (hasLoad ? baseLoad(among(from, to), until) : null);
    const grid = config.kind === "week" ? byWeekday(kept) : days;
    return {
      grid,
      unit,
      least: grid.cells.reduce((least, { value }) => Math.min(least, value), grid.most),
      base: load(end - TREND_DAYS, end),
      before: load(end - 2 * TREND_DAYS, end - TREND_DAYS),
      left: hours.length - kept.length,
      sparse,
    };
  }

  private written(hass: Hass, unit: string, value: number): string {
    return `${formatNumber(hass, value, unit === "W" ? 0 : 1)} ${unit}`;
  }
  private when(hass: Hass, { kind }: HeatmapConfig, { column, hour, start }: Cell): string {
    if (kind !== "week") return formatMoment(hass, { dateStyle: "full", timeStyle: "short" }).format(start);
    return `${this.weekday(hass, column, "long")}, ${hour}:00`;
  }
  private weekday(hass: Hass, column: number, weekday: "short" | "long"): string {
    return new Intl.DateTimeFormat(hass.language, { weekday, timeZone: "UTC" }).format(Date.UTC(2024, 0, 1 + column));
  }

  protected note(hass: Hass, config: HeatmapConfig, data: Loaded): string | TemplateResult {
    if (!data.sparse) return this.summary(hass, config, data);
    // The line of the marked hour is always there: the plot must not change its size under the pointer.
    return html`${this.sparse(hass, data.sparse)}<div>${this.marked ? this.summary(hass, config, data) : "\u00a0"}</div>`;
  }
  private summary(hass: Hass, config: HeatmapConfig, { grid, unit, base, before, left }: Loaded): string {
    const { marked } = this;
    if (marked) {
      const cell = grid.cells.find(({ column, hour }) => column === marked.column && hour === marked.hour);
      return cell ? `${this.when(hass, config, cell)}: ${this.written(hass, unit, cell.value)}` : "–";
    }
    const parts = [];
    if (base !== null) {
      const load = `${this.texts.base_load}: ${this.written(hass, unit, base)}`;
      parts.push(before === null ? load : `${load} (${filled(this.texts.base_load_before, { power: this.written(hass, unit, before) })})`);
    }
    if (left) parts.push(filled(this.texts.left_out, { hours: formatNumber(hass, left) }, left));
    return parts.join(" · ");
  }

  private mark(column: number, hour: number, grid: Grid): void {
    this.marked = {
      column: Math.min(grid.columns.length - 1, Math.max(0, column)), hour: Math.min(HOURS - 1, Math.max(0, hour)),
    };
  }
  private point(event: PointerEvent, grid: Grid): void {
    const { left, top, width, height } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    this.mark(
      Math.floor(((event.clientX - left) / width) * grid.columns.length),
      Math.floor(((event.clientY - top) / height) * HOURS), grid,
    );
  }
  /** Show the day of a cell: on the page's other cards, and in its date picker. */
  private openDay(hass: Hass, config: Chosen<HeatmapConfig>, { columns }: Grid): void {
    const date = this.marked && columns[this.marked.column];
    if (!date || config.kind === "week") return;
    const start = midnight(date, zone(hass)) ?? 0, end = midnight(date, zone(hass), 1) ?? 0;
    if (config.linked) choose({ from: dateOf(start, zone(hass)), to: dateOf(start, zone(hass)) });
    pick(hass, config.collection_key, { start, end });
  }
  private press(event: KeyboardEvent, hass: Hass, config: Chosen<HeatmapConfig>, grid: Grid): void {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.openDay(hass, config, grid);
      return;
    }
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const { column, hour } = this.marked ?? { column: grid.columns.length - 1, hour: 12 };
    this.mark(column + (step[0] ?? 0), hour + (step[1] ?? 0), grid);
  }

  private labels(hass: Hass, { kind }: HeatmapConfig, { columns }: Grid): { at: number; text: string }[] {
    if (kind === "week") return columns.map((_, at) => ({ at, text: this.weekday(hass, at, "short") }));
    if (columns.length <= SHORT_DAYS) {
      const day = new Intl.DateTimeFormat(hass.language, { day: "numeric", month: "short", timeZone: "UTC" }), step = Math.ceil(columns.length / MOST_LABELS);
      return columns.flatMap((date, at) => (at % step || at > columns.length * LAST_LABEL ? [] : [{ at, text: day.format(Date.parse(date)) }]));
    }
    const month = new Intl.DateTimeFormat(hass.language, { month: "narrow", timeZone: "UTC" });
    const format = columns.length > 100 ? month : new Intl.DateTimeFormat(hass.language, { month: "short", timeZone: "UTC" });
    return columns.flatMap((date, at) => (date.endsWith("-01") ? [{ at, text: format.format(Date.parse(date)) }] : []));
  }

  protected body(hass: Hass, config: HeatmapConfig, data: Loaded): TemplateResult {
    const { grid, unit, least } = data, { marked } = this, width = grid.columns.length;
    if (!grid.cells.length) return html`<div class="message" role="status">${this.texts.only_spread}</div>`;
    const mark = marked && `left:${(marked.column / width) * 100}%;top:${(marked.hour / HOURS) * 100}%;width:${100 / width}%;height:${100 / HOURS}%`;
    return html`<div class="plot">
      <div class="hours" aria-hidden="true">${[0, 6, 12, 18, 24].map((hour) => html`<span>${hour}</span>`)}</div>
      <div class="area">
        <canvas tabindex="0" role="application" aria-roledescription=${this.texts.heatmap_role} aria-label="${config.title ?? ""} ${this.summary(hass, config, data)}"
          @pointermove=${(event: PointerEvent) => this.point(event, grid)}
          @pointerdown=${(event: PointerEvent) => this.point(event, grid)}
          @pointerleave=${() => { this.marked = undefined; }}
          @blur=${() => { this.marked = undefined; }}
          @click=${() => this.openDay(hass, config, grid)}
          @keydown=${(event: KeyboardEvent) => this.press(event, hass, config, grid)}></canvas>
        ${mark ? html`<div class="mark" style=${mark}></div>` : nothing}
      </div>
      <div class="columns" aria-hidden="true">${this.labels(hass, config, grid).map(({ at, text }) =>
        html`<span style="left:${(at / width) * 100}%">${text}</span>`)}</div>
      <div></div>
      <div class="scale"><span>${this.written(hass, unit, least)}</span>
        <span class="bar" style="background:linear-gradient(to right, ${GRADIENT})"></span>
        <span>${this.written(hass, unit, grid.most)}</span></div>
    </div>`;
  }

  private painted: Loaded | undefined;
  protected override updated(): void {
    const canvas = this.renderRoot.querySelector("canvas"), data = this.loaded;
    if (!canvas || !data || (this.painted === data && canvas.width === data.grid.columns.length)) return;
    this.painted = data;
    const { columns, cells, most } = data.grid;
    canvas.width = columns.length;
    canvas.height = HOURS;
    const context = canvas.getContext("2d");
    if (!context) return;
    const image = context.createImageData(columns.length, HOURS), low = data.least;
    for (const { column, hour, value } of cells) {
      image.data.set([...colorOf((value - low) / (most - low || 1)), 255], (hour * columns.length + column) * 4);
    }
    context.putImageData(image, 0, 0);
  }
}

export const heatmapSuggestion = (hass: Hass, entity: string): object | null => {
  const t = spoken();
  return fits(hass, entity)
    ? (["year", "week"] as const).map((kind) => ({ label: t[`kind_${kind}`], config: { type: "custom:py-hab-heatmap-card", entity, kind } }))
    : null;
};
