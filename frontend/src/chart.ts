// The only module that knows Home Assistant's chart element, which may change with each release.
import type { Hass } from "./hass";

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
