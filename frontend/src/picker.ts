// The only module that knows the collection behind the date picker of the Energy dashboard. It is not
// documented; without it, cards keep the time of their configuration.
import type { Span } from "./calendar";
import type { Hass } from "./hass";

interface Collection {
  subscribe(listener: (data: { start: Date; end?: Date }) => void): () => void;
  setPeriod(start: Date, end?: Date): void;
  refresh(): void;
}

const TRIES = 20;
const PAUSE = 250;

const find = (hass: Hass, key: string | undefined): Collection | undefined => {
  const found = (hass.connection as Record<string, unknown>)[`_${key ?? `energy_${hass.panelUrl ?? ""}`}`] as Partial<Collection> | undefined;
  return found?.subscribe && found.setPeriod && found.refresh ? (found as Collection) : undefined;
};

/** Follow the date picker of the page, once its card has made it; return how to stop. */
export function onPicked(hass: Hass, key: string | undefined, listener: (span: Span) => void): () => void {
  let stop: (() => void) | undefined, timer: number | undefined, tries = 0;
  const attach = (): void => {
    const collection = find(hass, key);
    if (collection) {
      stop = collection.subscribe(({ start, end }) => listener({ start: start.getTime(), end: (end ?? new Date()).getTime() }));
    } else if (++tries < TRIES) timer = window.setTimeout(attach, PAUSE);
  };
  attach();
  return () => {
    window.clearTimeout(timer);
    stop?.();
  };
}

/** Set the date picker of the page, if it has one. */
export function pick(hass: Hass, key: string | undefined, { start, end }: Span): void {
  const collection = find(hass, key);
  collection?.setPeriod(new Date(start), new Date(end - 1));
  collection?.refresh();
}
