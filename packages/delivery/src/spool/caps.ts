/** A segment that a lane still needs. */
export interface NeededSegment {
  readonly slot: string;
  readonly id: number;
  readonly bytes: number;
}

export interface LaneNeed {
  readonly lane: string;
  /** Nothing is added to it, and it misses nothing when nothing comes in. */
  readonly isOrphan: boolean;
  /** From old to new. */
  readonly segments: readonly NeededSegment[];
}

/** What happens when a lane's segments are more than its cap. */
export const WHEN_FULL = ['block', 'drop-oldest'] as const;
export type WhenFull = (typeof WHEN_FULL)[number];

export interface CapsPlan {
  /** The segments of which each lane gives up what it has not sent. */
  readonly expire: ReadonlyArray<{ readonly lane: string; readonly segments: readonly NeededSegment[] }>;
  /** Nothing more may be accepted: every lane is over its cap. */
  readonly isFull: boolean;
}

/**
 * What the caps ask for, with `incoming` bytes on their way. A lane's cap counts the whole segments that it needs. `block`:
 * a lane over its cap expires its oldest only while another lane, not an orphaned one, is under its own; when all are over,
 * nothing expires and nothing is accepted. `drop-oldest`: every lane over its cap expires its oldest, and everything is accepted.
 */
export function planCaps(
  needs: readonly LaneNeed[],
  { maxBytes, whenFull, incoming }: { maxBytes: number; whenFull: WhenFull; incoming: number },
): CapsPlan {
  const roomOf = ({ isOrphan }: LaneNeed) => maxBytes - (isOrphan ? 0 : incoming);
  const over = needs.filter((need) => bytesOf(need) > roomOf(need));
  if (over.length === 0) return { expire: [], isFull: false };
  const isAnyUnder = needs.some((need) => !need.isOrphan && !over.includes(need));
  if (whenFull === 'block' && !isAnyUnder) return { expire: [], isFull: true };
  return {
    expire: over.map((need) => ({ lane: need.lane, segments: oldest(need.segments, roomOf(need)) })),
    isFull: false,
  };
}

const bytesOf = ({ segments }: LaneNeed): number => segments.reduce((sum, { bytes }) => sum + bytes, 0);

/** As few of the oldest as make the rest fit. */
function oldest(segments: readonly NeededSegment[], fits: number): NeededSegment[] {
  let rest = segments.reduce((sum, { bytes }) => sum + bytes, 0);
  const given: NeededSegment[] = [];
  for (const segment of segments) {
    if (rest <= fits) break;
    given.push(segment);
    rest -= segment.bytes;
  }
  return given;
}
