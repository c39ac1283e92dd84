// The numbers of a profile, apart from any drawing.
import type { Hass } from "./hass";
import { quantileOf } from "./heat";
import { dateOfDay, weekdayOf, type Hour, type Hours } from "./hours";

export const GROUPINGS = ["hour", "weekday", "day", "month", "year"] as const;
export type Grouping = (typeof GROUPINGS)[number];

export interface Group {
  key: string;
  count: number;
  sum: number;
  mean: number;
  lowerQuartile: number;
  median: number;
  upperQuartile: number;
  least: number;
  most: number;
}
export interface Profile {
  unit: string;
  /** The number of hours in the groups, and of those left out because they were spread. */
  hours: number;
  leftOut: number;
  groups: Group[];
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
export const energyOf = (grouping: Grouping, { key, mean, sum }: Group): number =>
  (grouping === "year" ? sum : mean * LENGTHS[grouping](key)) / 1000;

const two = (number: number): string => String(number).padStart(2, "0");

const KEYS: Record<Grouping, (hour: Hour) => string> = {
  hour: ({ hour }) => two(hour),
  weekday: ({ day }) => WEEKDAYS[weekdayOf(day)] ?? "",
  day: ({ day }) => two(dateOfDay(day).getUTCDate()),
  month: ({ day }) => two(dateOfDay(day).getUTCMonth() + 1),
  year: ({ day }) => String(dateOfDay(day).getUTCFullYear()),
};

/** Return a profile of hours; spread ones are left out or included. */
export function profileOf({ unit, hours }: Hours, grouping: Grouping, withSpread: boolean): Profile {
  const known = withSpread ? hours : hours.filter(({ isSpread }) => !isSpread);
  const values = new Map<string, number[]>();
  for (const hour of known) {
    const key = KEYS[grouping](hour), found = values.get(key);
    if (found) found.push(hour.value);
    else values.set(key, [hour.value]);
  }
  const groups = [...values].map(([key, found]) => {
    const sum = found.reduce((total, value) => total + value, 0), ascending = Float64Array.from(found).sort();
    const [least = 0, lowerQuartile = 0, median = 0, upperQuartile = 0, most = 0] = [0, 0.25, 0.5, 0.75, 1].map((share) => quantileOf(ascending, share));
    return { key, count: found.length, sum, mean: sum / found.length, least, lowerQuartile, median, upperQuartile, most };
  });
  return { unit, hours: known.length, leftOut: hours.length - known.length, groups };
}

/** Return all keys of a chart: whole days, weeks and years have fixed ones. */
export function keysOf(grouping: Grouping, profiles: readonly Profile[]): string[] {
  switch (grouping) {
    case "hour": return Array.from({ length: 24 }, (_, hour) => two(hour));
    case "weekday": return WEEKDAYS;
    case "day": return Array.from({ length: 31 }, (_, day) => two(day + 1));
    case "month": return Array.from({ length: 12 }, (_, month) => two(month + 1));
    case "year": return [...new Set(profiles.flatMap((each) => each.groups.map(({ key }) => key)))].sort();
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
