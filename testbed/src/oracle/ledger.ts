/** What one lane's ledger says since its process opened the folder, in points. */
export interface LaneLedger {
  readonly carried: number;
  readonly accepted: number;
  readonly pending: number;
  readonly held: number;
  readonly released: number;
  readonly quarantined: number;
  readonly expired: number;
  readonly handedOver: number;
  readonly damaged: number;
}

export interface Ledger {
  readonly offered: number;
  readonly accepted: number;
  readonly refused: number;
  readonly entering: number;
  /** By backend and slot. */
  readonly lanes: ReadonlyMap<string, LaneLedger>;
  /** Points that were sent again, by reason, over all backends. */
  readonly resent: ReadonlyMap<string, number>;
}

const LANE_TERMS = {
  carried: 'delivery_carried_points',
  accepted: 'delivery_accepted_points_total',
  pending: 'delivery_pending_points',
  held: 'delivery_held_points',
  released: 'delivery_released_points_total',
  quarantined: 'delivery_quarantined_points_total',
  expired: 'delivery_expired_points_total',
  handedOver: 'delivery_handed_over_points_total',
  damaged: 'delivery_damaged_points_total',
} as const;

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads the ledger off a page of metrics. */
export function ledgerOf(page: string): Ledger {
  if (samplesOf(page, 'delivery_offered_points_total').length !== 1)
    throw new Error(`no ledger: ${page.slice(0, 300)}`);
  const sum = (name: string) => samplesOf(page, name).reduce((all, { value }) => all + value, 0);
  const keyOf = ({ labels }: Sample) => `${labels['backend']} ${labels['slot']}`;
  const keys = new Set(samplesOf(page, LANE_TERMS.accepted).map(keyOf));
  const lanes = [...keys].map((key): [string, LaneLedger] => {
    const term = (name: string) =>
      samplesOf(page, name).reduce((all, sample) => all + (keyOf(sample) === key ? sample.value : 0), 0);
    return [
      key,
      Object.fromEntries(Object.entries(LANE_TERMS).map(([k, name]) => [k, term(name)])) as unknown as LaneLedger,
    ];
  });
  const resent = new Map<string, number>();
  for (const { labels, value } of samplesOf(page, 'delivery_resent_points_total')) {
    const reason = labels['reason']!;
    resent.set(reason, (resent.get(reason) ?? 0) + value);
  }
  return {
    offered: sum('delivery_offered_points_total'),
    accepted: sum('delivery_intake_accepted_points_total'),
    refused: sum('delivery_refused_points_total'),
    entering: sum('delivery_entering_points'),
    lanes: new Map(lanes),
    resent,
  };
}

/** What does not add up, in words; empty when both equations hold. */
export function imbalances({ offered, accepted, refused, entering, lanes }: Ledger): string[] {
  const wrong =
    offered === accepted + refused + entering ? [] : [`offered ${offered} ≠ ${accepted} + ${refused} + ${entering}`];
  for (const [lane, { carried, accepted: owed, ...terms }] of lanes) {
    const sum = Object.values(terms).reduce((all, points) => all + points, 0);
    if (sum !== carried + owed) wrong.push(`${lane}: carried ${carried} + accepted ${owed} ≠ ${JSON.stringify(terms)}`);
  }
  return wrong;
}

function samplesOf(page: string, name: string): Sample[] {
  return page.split('\n').flatMap((line) => {
    if (!line.startsWith(name) || !'{ '.includes(line[name.length]!)) return [];
    const labels = Object.fromEntries([...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key!, value!]));
    return [{ labels, value: Number(line.slice(line.lastIndexOf(' ') + 1)) }];
  });
}
