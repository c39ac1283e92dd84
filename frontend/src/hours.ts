// The hours of a series, each with its day and hour on the user's wall clock.
import { offsetsOf } from "./calendar";

/** What `py_hab/hours` answers. */
export interface Answer {
  unit: string;
  /** Whether the values are the mean power of a counter of energy. */
  is_energy: boolean;
  /** The Unix time of the first value, in seconds; the others follow hour by hour. */
  start: number;
  values: (number | null)[];
  /** The first and last index of each range of hours whose energy was spread within a longer total. */
  spread: [number, number][];
}
export interface Hour {
  /** Unix time in ms. */
  start: number;
  value: number;
  /** Days since 1 January 1970. */
  day: number;
  hour: number;
  isSpread: boolean;
}
export interface Hours { unit: string; isEnergy: boolean; hours: Hour[] }

const HOUR = 3600e3;
const DAY = 24;

export const dateOfDay = (day: number): Date => new Date(day * DAY * HOUR);

/** Return the number of a weekday, 0 for Monday; 1 January 1970 was a Thursday. */
export const weekdayOf = (day: number): number => (((day + 3) % 7) + 7) % 7;

/** Return the hours of an answer, without those that have no value. */
export function hoursIn({ unit, is_energy, start, values, spread }: Answer, timeZone: string | undefined): Hours {
  const first = start * 1000, offsets = offsetsOf(first, values.length, timeZone), hours: Hour[] = [];
  let range = 0;
  values.forEach((value, index) => {
    while ((spread[range]?.[1] ?? Infinity) < index) range += 1;
    if (value === null) return;
    const at = first + index * HOUR, wall = Math.floor((at + (offsets[index] ?? 0)) / HOUR), day = Math.floor(wall / DAY);
    hours.push({ start: at, value, day, hour: wall - day * DAY, isSpread: (spread[range]?.[0] ?? Infinity) <= index });
  });
  return { unit, isEnergy: is_energy, hours };
}
