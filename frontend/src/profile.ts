// The numbers of a profile, apart from any drawing.
import type { Hass } from "./hass";

export const GROUPINGS = ["hour", "weekday", "day", "month", "year"] as const;
export type Grouping = (typeof GROUPINGS)[number];

export interface Group {
  key: string;
  count: number;
  sum: number;
  avg: number;
  lower_quartile: number;
  median: number;
  upper_quartile: number;
  min: number;
  max: number;
}
export interface Profile {
  unit: string;
  /** The number of hours in the groups, and of those left out because they were spread. */
  hours: number;
  hours_left_out: number;
  statistics: Group[];
}

/**
 * Whether hours count whose energy was spread within a longer total: their shape within a day or a
 * month is estimated, the totals of months and years are not.
 */
export const countsSpread = (grouping: Grouping, chosen: boolean | undefined): boolean =>
  chosen ?? (grouping === "month" || grouping === "year");

/** A week: hours of fewer leave most of a profile or of a heatmap empty. */
const FEW = 168;

/** Whether so few hours are known one by one that a chart of them alone would be nearly empty. */
export const isSparse = (known: number, spread: number): boolean => known < FEW && known < spread;

const DAY = 24;
const MONTH_DAYS = [31, 28.2425, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/** The hours that a whole group lasts. */
const LENGTHS: Record<Exclude<Grouping, "year">, (key: string) => number> = {
  hour: () => 1,
  weekday: () => DAY,
  day: () => DAY,
  month: (key) => DAY * (MONTH_DAYS[Number(key) - 1] ?? 0),
};

/**
 * Return the kWh of a group of mean powers in W: the mean ones of its hour, day or month.
 * A year occurs once and may have begun or ended elsewhere, so that its hours are added up.
 */
export const energyOf = (grouping: Grouping, { key, avg, sum }: Group): number =>
  (grouping === "year" ? sum : avg * LENGTHS[grouping](key)) / 1000;

/** Return all keys of a chart: whole days, weeks and years have fixed ones. */
export function keysOf(grouping: Grouping, profiles: readonly Profile[]): string[] {
  const two = (number: number): string => String(number).padStart(2, "0");
  switch (grouping) {
    case "hour": return Array.from({ length: 24 }, (_, hour) => two(hour));
    case "weekday": return WEEKDAYS;
    case "day": return Array.from({ length: 31 }, (_, day) => two(day + 1));
    case "month": return Array.from({ length: 12 }, (_, month) => two(month + 1));
    case "year": return [...new Set(profiles.flatMap((each) => each.statistics.map(({ key }) => key)))].sort();
  }
}

/** Return a key as the user reads it. */
export function labelOf(hass: Hass, grouping: Grouping, key: string): string {
  const name = (options: Intl.DateTimeFormatOptions, date: Date): string =>
    new Intl.DateTimeFormat(hass.language, { timeZone: "UTC", ...options }).format(date);
  switch (grouping) {
    case "hour":
    case "day": return String(Number(key));
    // 1 January 2024 was a Monday.
    case "weekday": return name({ weekday: "short" }, new Date(Date.UTC(2024, 0, 1 + WEEKDAYS.indexOf(key))));
    case "month": return name({ month: "short" }, new Date(Date.UTC(2024, Number(key) - 1, 1)));
    case "year": return key;
  }
}
