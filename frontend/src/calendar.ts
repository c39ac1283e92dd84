// Days and months of the home, whose zone need not be that of the browser.

interface Wall { year: number; month: number; day: number; hour: number; minute: number; second: number }

const wallOf = (at: number, timeZone: string | undefined): Wall => {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
  }).formatToParts(at);
  const of = (type: string): number => Number(parts.find((part) => part.type === type)?.value);
  return { year: of("year"), month: of("month"), day: of("day"), hour: of("hour"), minute: of("minute"), second: of("second") };
};

const asUtc = ({ year, month, day, hour, minute, second }: Wall): number => Date.UTC(year, month - 1, day, hour, minute, second);

/** Return the moment of a wall clock; an hour that a clock change skips is the one after it. */
const momentOf = (wall: Wall, timeZone: string | undefined): number => {
  const guess = asUtc(wall);
  const behind = (at: number): number => asUtc(wallOf(at, timeZone)) - at;
  return guess - behind(guess - behind(guess));
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
