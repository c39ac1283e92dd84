// The only module that knows Home Assistant's chart element, which may change with each release.
import { formatNumber, type Hass } from "./hass";

export interface ChartElement extends HTMLElement {
  hass: Hass;
  data: unknown[];
  options: object;
  height: string;
}
interface Helpers { createCardElement(config: object): HTMLElement }

const NAME = "ha-chart-base";
const WAIT = 5000;

/** Return a new chart element, or undefined where Home Assistant has none (any more). */
export async function chartElement(): Promise<ChartElement | undefined> {
  if (!customElements.get(NAME)) {
    // The element is loaded with the cards that use it.
    const load = (window as { loadCardHelpers?: () => Promise<Helpers> }).loadCardHelpers;
    (await load?.())?.createCardElement({ type: "statistics-graph", entities: [] });
    await Promise.race([
      customElements.whenDefined(NAME),
      new Promise((resolve) => setTimeout(resolve, WAIT)),
    ]);
  }
  if (!customElements.get(NAME)) return undefined;
  const chart = document.createElement(NAME) as ChartElement;
  // The property alone leaves the element 0 px high.
  chart.style.height = chart.height = "100%";
  return chart;
}

/** Return what all charts have: margins and a value axis in the user's numbers. */
export const frame = (hass: Hass, unit: string, more: object): object => ({
  grid: { top: 28, left: 4, right: 8, bottom: 4, containLabel: true },
  yAxis: {
    // Of temperatures, 0 is no natural beginning.
    type: "value", name: unit, scale: unit.startsWith("°"), nameTextStyle: { align: "left" },
    axisLabel: { formatter: (value: number) => formatNumber(hass, value, Number.isInteger(value) ? 0 : 1) },
  },
  ...more,
});

/** Return a tooltip as a node: a string would be shown as text. */
export function tooltip(title: string, rows: readonly { text: string; color?: string }[]): Node {
  const box = document.createElement("div");
  for (const { text, color = "transparent" } of [{ text: title }, ...rows] as { text: string; color?: string }[]) {
    const line = document.createElement("div");
    line.textContent = text;
    line.style.cssText = `border-inline-start: 3px solid ${color}; padding-inline-start: 6px`;
    box.append(line);
  }
  return box;
}

interface WhiskerApi {
  barLayout(options: object): { offsetCenter: number; width: number }[];
  coord(point: number[]): [number, number];
  value(dimension: number): number;
}
/** The distances of grouped bars, which the whiskers on them must know. */
export const BARS = { barGap: "10%", barCategoryGap: "30%" };

/** Return a series of whiskers on the bars of a group: [index, from, to, mark]. */
export const whiskers = (id: string, data: readonly (readonly number[])[], { which, count, color }: { which: number; count: number; color: string }): object => ({
  type: "custom", id, z: 5, silent: true, data, encode: { x: 0, y: [1, 2] },
  renderItem: (_parameters: unknown, api: WhiskerApi) => {
    const slot = api.barLayout({ count, ...BARS })[which];
    if (!slot) return undefined;
    const [x, low] = api.coord([api.value(0), api.value(1)]);
    const high = api.coord([api.value(0), api.value(2)])[1], mark = api.coord([api.value(0), api.value(3)])[1];
    const at = x + slot.offsetCenter, width = Math.min(4, slot.width / 3), half = slot.width / 2;
    return {
      type: "path", style: { stroke: color, fill: "none", lineWidth: 1.5 },
      shape: { pathData: `M${at} ${low}V${high}M${at - width} ${low}h${2 * width}M${at - width} ${high}h${2 * width}M${at - half} ${mark}h${2 * half}` },
    };
  },
});
