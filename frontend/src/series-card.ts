// A series over a chosen time: a line with its least and largest values, or bars of energy.
import { html, type TemplateResult } from "lit";
import type { Span } from "./calendar";
import { BASIC_RULES, DataCard, spanOf, type CardConfig, type Chosen } from "./card";
import { chartElement, frame, tooltip, type ChartElement } from "./chart";
import { SERIES, TITLE, choiceOf, daysBack, form, toggle, type Rules } from "./config";
import { historyOf, rowsOf, type Step, type TimeRange } from "./data";
import { fits, formatMoment, formatNumber, kindOf, mainCounter, type Hass } from "./hass";
import { onPicked } from "./picker";
import { pointsOf, stepOf, summaryOf, type Point } from "./series";
import { filled, spoken } from "./texts";

export interface SeriesConfig extends CardConfig {
  chart?: (typeof CHARTS)[number];
  energy_date_selection?: boolean;
  collection_key?: string;
}
interface Loaded { points: Point[]; step: Step; unit: string; isBars: boolean; span: Span; chart: ChartElement | undefined }

const DAYS = 30;
const CHARTS = ["line", "bar"] as const;
const RULES = {
  ...BASIC_RULES, chart: CHARTS, days: { from: 1, to: 3660 }, energy_date_selection: "switch", collection_key: "text",
} satisfies Rules;
const FADED = 0.4;

export class SeriesCard extends DataCard<SeriesConfig, Loaded> {
  private picked: Span | undefined;
  private stopPicking: (() => void) | undefined;

  static getStubConfig(hass: Hass): object {
    return { entity: mainCounter(hass)?.entity_id ?? "", chart: "line" };
  }
  static getConfigForm(): object {
    const t = spoken();
    const charts = CHARTS.map((value) => ({ value, label: t[`chart_${value}`] }));
    return form([SERIES, TITLE, choiceOf("chart", charts), daysBack(RULES.days), toggle("energy_date_selection")], RULES);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stopPicking?.();
    this.stopPicking = undefined;
  }
  protected override watched(): readonly unknown[] { return [this.picked?.start, this.picked?.end]; }
  protected override willUpdate(): void {
    const { hass, config } = this;
    if (hass && config?.energy_date_selection) {
      this.stopPicking ??= onPicked(hass, config.collection_key, (span) => {
        this.picked = span;
        this.requestUpdate();
      });
    }
    super.willUpdate();
  }

  protected override get rules(): Rules { return RULES; }

  protected async load(hass: Hass, config: Chosen<SeriesConfig>): Promise<Loaded | undefined> {
    const span = this.picked ?? spanOf(hass, config, DAYS), isBars = config.chart === "bar", step = stepOf(span, isBars);
    const [chart, rows, spread] = await Promise.all([
      chartElement(), rowsOf(hass, config.entity, span, step), this.spread(hass, config.entity),
    ]);
    if (!rows.length) return undefined;
    const isCounter = rows.some(({ mean }) => mean == null);
    const points = pointsOf(rows, step, { isBars, spread });
    const unit = isCounter ? (isBars ? "kWh" : "W") : hass.states[config.entity]?.attributes.unit_of_measurement ?? "";
    return { points, step, unit: kindOf(hass, config.entity) === "power" ? "W" : unit, isBars, span, chart };
  }
  private async spread(hass: Hass, entity: string): Promise<TimeRange[]> {
    if (hass.entities[entity]?.platform !== "py_hab") return [];
    return (await historyOf(hass, entity)).spread;
  }

  private written(hass: Hass, unit: string, value: number): string {
    const digits = unit === "W" || Math.abs(value) >= 100 ? 0 : unit === "kWh" && Math.abs(value) < 10 ? 2 : 1;
    return `${formatNumber(hass, value, digits)} ${unit}`;
  }
  protected note(hass: Hass, _config: SeriesConfig, { points, unit, isBars }: Loaded): string {
    const found = summaryOf(points);
    if (!found) return "";
    const spread = points.some((point) => point.spread > 0) ? ` ${this.texts.faded}` : "";
    if (isBars) return `${this.texts.total}: ${this.written(hass, unit, found.sum)}.${spread}`;
    const { least, mean, most } = found;
    return `${this.texts.least}: ${this.written(hass, unit, least)} · ${this.texts.mean}: ${this.written(hass, unit, mean)} · ${this.texts.most}: ${this.written(hass, unit, most)}.${spread}`;
  }

  private when(hass: Hass, step: Step, { start }: Point): string {
    // Days, weeks and months are those of the home, wherever the browser is.
    const { time_zone: timeZone } = hass.config;
    const options: Intl.DateTimeFormatOptions =
      step === "month" ? { month: "long", year: "numeric", timeZone }
      : step === "day" || step === "week" ? { dateStyle: "full", timeZone } : { dateStyle: "full", timeStyle: "short" };
    return formatMoment(hass, options).format(start);
  }

  protected body(hass: Hass, config: Chosen<SeriesConfig>, { points, step, unit, isBars, span, chart }: Loaded): TemplateResult {
    const lines = ({ value, low, high, spread }: Point): string[] => [
      `${this.written(hass, unit, value)}${low === null || high === null ? "" : ` (${this.written(hass, unit, low)} – ${this.written(hass, unit, high)})`}`,
      ...(spread ? [filled(this.texts.spread_share, { share: new Intl.NumberFormat(hass.language, { style: "percent" }).format(spread) })] : []),
    ];
    if (!chart) {
      return html`<div class="fill" style="overflow:auto"><table>${points.map((point) => html`<tr>
        <th scope="row">${this.when(hass, step, point)}</th><td>${lines(point).join(", ")}</td></tr>`)}</table></div>`;
    }
    const color = getComputedStyle(this).getPropertyValue("--primary-color").trim();
    chart.hass = hass;
    chart.data = isBars ? this.bars(points, color) : this.lines(points, color);
    chart.options = frame(hass, unit, {
      xAxis: { type: "time", min: new Date(points[0]?.start ?? span.start), max: new Date(points.at(-1)?.end ?? span.end) },
      legend: { show: false },
      tooltip: {
        trigger: "axis", confine: true, axisPointer: { type: isBars ? "shadow" : "line" },
        formatter: (items: { dataIndex: number }[]) => {
          const point = points[items[0]?.dataIndex ?? -1];
          return point ? tooltip(this.when(hass, step, point), lines(point).map((text) => ({ text, color }))) : "";
        },
      },
    });
    return html`<div class="fill" role="group" aria-label="${config.title ?? ""} ${this.note(hass, config, { points, step, unit, isBars, span, chart })}">${chart}</div>`;
  }
  private bars(points: readonly Point[], color: string): object[] {
    return [{
      type: "bar", id: "bars", color, barMaxWidth: 40,
      data: points.map(({ start, end, value, spread }) => ({
        value: [(start + end) / 2, value], itemStyle: { opacity: spread ? FADED : 1, borderRadius: [3, 3, 0, 0] },
      })),
    }];
  }
  private lines(points: readonly Point[], color: string): object[] {
    const middle = ({ start, end }: Point): number => (start + end) / 2;
    const base = { type: "line", symbol: "none", stack: "band", stackStrategy: "all", lineStyle: { opacity: 0 }, silent: true };
    const hasBand = points.some(({ low, high }) => low !== null && high !== null);
    // The line of spread hours is dashed. It shares its ends with that of the others.
    const part = (isSpread: boolean): (number | null)[][] => points.map((point, index) => {
      const joins = isSpread && [points[index - 1], points[index + 1]].some((next) => next?.spread);
      return [middle(point), (point.spread > 0) === isSpread || joins ? point.value : null];
    });
    const line = { type: "line", ...(points.length > 1 ? { symbol: "none" } : { symbol: "circle", symbolSize: 8, showSymbol: true }), color };
    return [
      { ...line, id: "known", data: part(false) },
      { ...line, id: "spread", lineStyle: { type: "dashed", opacity: 0.7 }, data: part(true) },
      ...(hasBand ? [
        { ...base, id: "low", data: points.map((point) => [middle(point), point.low ?? point.value]) },
        { ...base, id: "band", data: points.map((point) => [middle(point), (point.high ?? point.value) - (point.low ?? point.value)]), areaStyle: { color, opacity: 0.2 } },
      ] : []),
    ];
  }
}

export const seriesSuggestion = (hass: Hass, entity: string): object | null => {
  const t = spoken();
  return fits(hass, entity) && kindOf(hass, entity) === "energy"
    ? [{ label: t.chart_bar, config: { type: "custom:py-hab-series-card", entity, chart: "bar" } }]
    : fits(hass, entity) ? [{ label: t.chart_line, config: { type: "custom:py-hab-series-card", entity, chart: "line" } }] : null;
};
