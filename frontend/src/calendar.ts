// Days and months of the home, whose zone need not be that of the browser.

interface Wall { year: number; month: number; day: number; hour: number; minute: number; second: number }

/** To make a format takes far longer than to use it. */
const formats = new Map<string | undefined, Intl.DateTimeFormat>();

const formatOf = (timeZone: string | undefined): Intl.DateTimeFormat => {
  const known = formats.get(timeZone) ?? new Intl.DateTimeFormat("en-US", {
    timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
  });
  formats.set(timeZone, known);
  return known;
};

const wallOf = (at: number, timeZone: string | undefined): Wall => {
  const parts = formatOf(timeZone).formatToParts(at);
  const of = (type: string): number => Number(parts.find((part) => part.type === type)?.value);
  return { year: of("year"), month: of("month"), day: of("day"), hour: of("hour"), minute: of("minute"), second: of("second") };
};

const asUtc = ({ year, month, day, hour, minute, second }: Wall): number => Date.UTC(year, month - 1, day, hour, minute, second);

/** Return by how many ms the wall clock is ahead of UTC. */
const aheadAt = (at: number, timeZone: string | undefined): number => asUtc(wallOf(at, timeZone)) - Math.floor(at / 1000) * 1000;

const HOUR = 3600e3;
const DAY = 24;

/** Return by how many ms the wall clock is ahead of UTC in each of some hours. */
export function offsetsOf(start: number, count: number, timeZone: string | undefined): number[] {
  const at = (index: number): number => aheadAt(start + index * HOUR, timeZone), offsets: number[] = [];
  for (let first = 0, from = at(0); first < count; first += DAY) {
    const next = at(first + DAY), before = from;
    for (let index = first; index < Math.min(count, first + DAY); index += 1) offsets.push(before === next ? before : at(index));
    from = next;
  }
  return offsets;
}

/** Return the moment of a wall clock; an hour that a clock change skips is the one after it. */
const momentOf = (wall: Wall, timeZone: string | undefined): number => {
  const guess = asUtc(wall);
  return guess - aheadAt(guess - aheadAt(guess, timeZone), timeZone);
};

/** Return midnight of the day of a moment, some days later or earlier. */
export function dayOf(at: number, timeZone: string | undefined, later = 0): number {
  const { year, month, day } = wallOf(at, timeZone);
  return momentOf({ year, month, day: day + later, hour: 0, minute: 0, second: 0 }, timeZone);
}

/** Return the date of a moment as YYYY-MM-DD. */
export function dateOf(at: number, timeZone: string | undefined): string {
  const { year, month, day } = wallOf(at, timeZone);
  return new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10);
}

/** Return midnight of a date, some days later; undefined if it is none. */
export function midnight(date: string, timeZone: string | undefined, later = 0): number | undefined {
  const [, year, month, day] = (/^(\d{4})-(\d\d)-(\d\d)$/.exec(date) ?? []).map(Number);
  if (year === undefined || month === undefined || day === undefined) return undefined;
  return momentOf({ year, month, day: day + later, hour: 0, minute: 0, second: 0 }, timeZone);
}

export interface Span { start: number; end: number }

/** Return today and this month so far, and the same time of the day and the month before. */
export function comparisons(now: number, timeZone: string | undefined): Record<"day" | "month", { now: Span; before: Span }> {
  const wall = wallOf(now, timeZone), whole = { ...wall, hour: 0, minute: 0, second: 0 };
  const moment = (change: Partial<Wall>, from: Wall = whole): number => momentOf({ ...from, ...change }, timeZone);
  // The 31st of a month is compared with the whole month before.
  const last = new Date(Date.UTC(wall.year, wall.month - 1, 0)).getUTCDate();
  const before = { month: wall.month - 1, day: Math.min(wall.day, last) };
  return {
    day: {
      now: { start: moment({}), end: now },
      before: { start: moment({ day: wall.day - 1 }), end: moment({ day: wall.day - 1 }, wall) },
    },
    month: {
      now: { start: moment({ day: 1 }), end: now },
      before: {
        start: moment({ month: wall.month - 1, day: 1 }),
        end: wall.day > last ? moment({ day: 1 }) : moment(before, wall),
      },
    },
  };
}
