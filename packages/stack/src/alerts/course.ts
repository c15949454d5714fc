/** A part of a course: a straight line, or nothing at all. */
export interface Stretch {
  /** Undefined: until the end. */
  readonly lastsS?: number | undefined;
  /** Where it begins; undefined: where the part before ended. */
  readonly start?: number | undefined;
  /** By how much it rises in a second; undefined: the series is gone. */
  readonly slope: number | undefined;
}

/** What the samples of a series are over time. */
export type Course = readonly Stretch[];

/** A gauge that stays where it is. */
export const level = (value: number, lastsS?: number): Course => [{ start: value, slope: 0, lastsS }];

/** A counter, or a gauge that rises, by so much a second. */
export const rising = (perSecond: number, { from = 0, lastsS }: { from?: number; lastsS?: number } = {}): Course => [
  { start: from, slope: perSecond, lastsS },
];

/** Goes on from where the one before ended. */
export const onwards = (perSecond: number, lastsS?: number): Course => [{ slope: perSecond, lastsS }];

/** The series vanishes, as it does when its target answers no more. */
export const gone: Course = [{ slope: undefined }];

/** The course up to an instant, after which the series is gone. */
export function goneAfter(course: Course, seconds: number): Course {
  const [first] = course;
  return first === undefined ? gone : [{ ...first, lastsS: seconds }, ...gone];
}

/** A course as promtool's notation of values: `0+15x20 stale`, a sample each step until the end. */
export function notationOf(course: Course, stepS: number, untilS: number): string {
  const parts: string[] = [];
  let left = Math.floor(untilS / stepS) + 1;
  let value = 0;
  for (const { lastsS, start, slope } of course) {
    const count = Math.min(left, lastsS === undefined ? left : Math.round(lastsS / stepS));
    if (count === 0) continue;
    if (slope === undefined) {
      parts.push('stale');
      break;
    }
    value = start ?? value;
    const step = slope * stepS;
    parts.push(`${shown(value)}${step < 0 ? '' : '+'}${shown(step)}x${count - 1}`);
    value += step * count;
    left -= count;
  }
  return parts.join(' ');
}

/** Twelve digits: no trace of how binary numbers add up. */
const shown = (value: number): string => String(Number(value.toPrecision(12)));
