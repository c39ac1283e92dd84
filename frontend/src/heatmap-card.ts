// Hour by day over a year, or by weekday, painted into a canvas: one cell is one pixel.
import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { DataCard, type CardConfig } from "./card";
import { fits, formatMoment, formatNumber, kindOf, mainCounter, zone, type Hass } from "./hass";
import { baseLoad, byDay, byWeekday, type Cell, type Grid, type Row } from "./heat";
import { filled, spoken, type TextKey } from "./texts";

export interface HeatmapConfig extends CardConfig { kind?: "year" | "week"; days?: number }
interface Loaded { grid: Grid; least: number; base: number | null; before: number | null }

const DAYS = 365;
const TREND_DAYS = 30;
const HOURS = 24;
const COLORS = [[68, 1, 84], [49, 104, 142], [53, 183, 121], [253, 231, 37]] as const;
const GRADIENT = COLORS.map((color) => `rgb(${color.join(",")})`).join(",");

const colorOf = (share: number): number[] => {
  const at = Math.min(1, Math.max(0, share)) * (COLORS.length - 1);
  const low = Math.min(COLORS.length - 2, Math.floor(at));
  const from = COLORS[low] ?? COLORS[0], to = COLORS[low + 1] ?? COLORS[0];
  return from.map((part, index) => Math.round(part + ((to[index] ?? part) - part) * (at - low)));
};

export class HeatmapCard extends DataCard<HeatmapConfig, Loaded> {
  static override properties = { ...DataCard.properties, chosen: { state: true } };
  declare private chosen: { column: number; hour: number } | undefined;

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
    const options = (["year", "week"] as const).map((value) => ({ value, label: t[`kind_${value}`] }));
    return {
      schema: [
        { name: "entity", required: true, selector: { statistic: {} } },
        { name: "kind", selector: { select: { mode: "dropdown", options } } },
        { name: "days", selector: { number: { min: 7, max: 1100, mode: "box" } } },
      ],
      computeLabel: ({ name }: { name: TextKey }) => t[name],
    };
  }

  protected override watched(): readonly unknown[] { return [this.chosen]; }

  protected async load(hass: Hass, config: HeatmapConfig): Promise<Loaded | undefined> {
    const { [config.entity]: rows = [] } = await hass.callWS<Record<string, Row[]>>({
      type: "recorder/statistics_during_period",
      start_time: new Date(Date.now() - (config.days ?? DAYS) * 864e5).toISOString(),
      statistic_ids: [config.entity], period: "hour", types: ["mean", "change"], units: { energy: "kWh", power: "W" },
    });
    const days = byDay(rows, zone(hass));
    if (!days.cells.length) return undefined;
    const end = days.columns.length;
    const within = (from: number, to: number): Cell[] => days.cells.filter(({ column }) => column >= from && column < to);
    const power = kindOf(hass, config.entity) !== "temperature";
    const grid = config.kind === "week" ? byWeekday(rows, zone(hass)) : days;
    return {
      grid,
      least: Math.min(...grid.cells.map(({ value }) => value)),
      base: power ? baseLoad(within(end - TREND_DAYS, end)) : null,
      before: power ? baseLoad(within(end - 2 * TREND_DAYS, end - TREND_DAYS)) : null,
    };
  }

  private unit(hass: Hass, config: HeatmapConfig): string {
    return kindOf(hass, config.entity) === "temperature" ? "°C" : "W";
  }
  private written(hass: Hass, config: HeatmapConfig, value: number): string {
    const unit = this.unit(hass, config);
    return `${formatNumber(hass, value, unit === "W" ? 0 : 1)} ${unit}`;
  }
  private when(hass: Hass, { kind }: HeatmapConfig, { column, hour, start }: Cell): string {
    if (kind !== "week") return formatMoment(hass, { dateStyle: "full", timeStyle: "short" }).format(start);
    return `${this.weekday(hass, column, "long")}, ${hour}:00`;
  }
  private weekday(hass: Hass, column: number, weekday: "short" | "long"): string {
    return new Intl.DateTimeFormat(hass.language, { weekday, timeZone: "UTC" }).format(Date.UTC(2024, 0, 1 + column));
  }

  protected note(hass: Hass, config: HeatmapConfig, { grid, base, before }: Loaded): string {
    const { chosen } = this;
    if (chosen) {
      const cell = grid.cells.find(({ column, hour }) => column === chosen.column && hour === chosen.hour);
      return cell ? `${this.when(hass, config, cell)}: ${this.written(hass, config, cell.value)}` : "–";
    }
    if (base === null) return "";
    const load = `${this.texts.base_load}: ${this.written(hass, config, base)}`;
    if (!before) return load;
    const change = new Intl.NumberFormat(hass.language, { style: "percent", signDisplay: "exceptZero" }).format(base / before - 1);
    return `${load} (${filled(this.texts.base_load_trend, { change })})`;
  }

  private choose(column: number, hour: number, grid: Grid): void {
    this.chosen = {
      column: Math.min(grid.columns.length - 1, Math.max(0, column)), hour: Math.min(HOURS - 1, Math.max(0, hour)),
    };
  }
  private point(event: PointerEvent, grid: Grid): void {
    const { left, top, width, height } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    this.choose(
      Math.floor(((event.clientX - left) / width) * grid.columns.length),
      Math.floor(((event.clientY - top) / height) * HOURS), grid,
    );
  }
  private press(event: KeyboardEvent, grid: Grid): void {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const { column, hour } = this.chosen ?? { column: grid.columns.length - 1, hour: 12 };
    this.choose(column + (step[0] ?? 0), hour + (step[1] ?? 0), grid);
  }

  private labels(hass: Hass, { kind }: HeatmapConfig, { columns }: Grid): { at: number; text: string }[] {
    if (kind === "week") return columns.map((_, at) => ({ at, text: this.weekday(hass, at, "short") }));
    const month = new Intl.DateTimeFormat(hass.language, { month: "narrow", timeZone: "UTC" });
    const format = columns.length > 100 ? month : new Intl.DateTimeFormat(hass.language, { month: "short", timeZone: "UTC" });
    return columns.flatMap((date, at) => (date.endsWith("-01") ? [{ at, text: format.format(Date.parse(date)) }] : []));
  }

  protected body(hass: Hass, config: HeatmapConfig, data: Loaded): TemplateResult {
    const { grid, least } = data, { chosen } = this, width = grid.columns.length;
    const mark = chosen && `left:${(chosen.column / width) * 100}%;top:${(chosen.hour / HOURS) * 100}%;width:${100 / width}%;height:${100 / HOURS}%`;
    return html`<div class="plot">
      <div class="hours" aria-hidden="true">${[0, 6, 12, 18, 24].map((hour) => html`<span>${hour}</span>`)}</div>
      <div class="area">
        <canvas tabindex="0" role="img" aria-label="${config.title ?? ""} ${this.note(hass, config, data)}"
          @pointermove=${(event: PointerEvent) => this.point(event, grid)}
          @pointerdown=${(event: PointerEvent) => this.point(event, grid)}
          @pointerleave=${() => { this.chosen = undefined; }}
          @blur=${() => { this.chosen = undefined; }}
          @keydown=${(event: KeyboardEvent) => this.press(event, grid)}></canvas>
        ${mark ? html`<div class="mark" style=${mark}></div>` : nothing}
      </div>
      <div class="columns" aria-hidden="true">${this.labels(hass, config, grid).map(({ at, text }) =>
        html`<span style="left:${(at / width) * 100}%">${text}</span>`)}</div>
      <div></div>
      <div class="scale"><span>${this.written(hass, config, least)}</span>
        <span class="bar" style="background:linear-gradient(to right, ${GRADIENT})"></span>
        <span>${this.written(hass, config, grid.most)}</span></div>
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
