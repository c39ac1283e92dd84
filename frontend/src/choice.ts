// What the user has chosen on the page. It is kept in the address, so that it can be linked.

export interface Choice {
  /** A statistic. */
  series?: string;
  /** So many days up to now. */
  days?: number;
  /** Instead of `days`: first and last day, as YYYY-MM-DD. */
  from?: string;
  to?: string;
  /** Whether hours count whose energy was spread within a longer total. */
  spread?: boolean;
}

const CHANGED = "py-hab-choice";
const DATE = /^\d{4}-\d\d-\d\d$/;

/** Read a choice from the query of an address; what is not valid is left out. */
export function parseChoice(query: string): Choice {
  const found = new URLSearchParams(query), chosen: Choice = {};
  const series = found.get("series"), days = Number(found.get("days")), from = found.get("from") ?? "", to = found.get("to") ?? "";
  if (series) chosen.series = series;
  if (days >= 1 && days <= 36_600) chosen.days = Math.floor(days);
  if (DATE.test(from) && DATE.test(to) && from <= to) {
    chosen.from = from;
    chosen.to = to;
  }
  if (found.has("spread")) chosen.spread = found.get("spread") === "1";
  return chosen;
}

/** Return the query of an address with another choice. */
export function withChoice(query: string, { series, days, from, to, spread }: Change): string {
  const found = new URLSearchParams(query);
  const set = (name: string, value: string | undefined): void => {
    if (value === undefined) found.delete(name);
    else found.set(name, value);
  };
  set("series", series);
  set("days", days === undefined ? undefined : String(days));
  set("from", from);
  set("to", to);
  set("spread", spread === undefined ? undefined : spread ? "1" : "0");
  return found.toString();
}

export const choice = (): Choice => parseChoice(location.search);

/** What is undefined goes back to its default. */
export type Change = { [Key in keyof Choice]: Choice[Key] | undefined };

/** Change the choice. A span of dates and one of days up to now exclude each other. */
export function choose(change: Change): void {
  const next: Change = { ...choice(), ...change };
  if (change.days !== undefined) {
    delete next.from;
    delete next.to;
  } else if (change.from !== undefined) delete next.days;
  const query = withChoice(location.search, next);
  history.replaceState(history.state, "", `${location.pathname}?${query}`);
  window.dispatchEvent(new Event(CHANGED));
}

/** Call a listener when the choice has changed; return how to stop that. */
export function onChoice(listener: () => void): () => void {
  const events = [CHANGED, "popstate", "location-changed"];
  for (const name of events) window.addEventListener(name, listener);
  return () => {
    for (const name of events) window.removeEventListener(name, listener);
  };
}
