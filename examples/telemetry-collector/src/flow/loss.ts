/** Why lines reached no sink. */
export const LOSS_REASONS = ['queue-full', 'sink', 'shutdown', 'invalid'] as const;
export type LossReason = (typeof LOSS_REASONS)[number];

/** One line for each reason, for messages and documentation. */
export const LOSS_MEANING: Readonly<Record<LossReason, string>> = {
  'queue-full': 'the sink was slower than the targets, and no more samples could wait for it',
  sink: 'the sink refused them, or went on failing',
  shutdown: 'the collector had to stop before the sink had taken them',
  invalid: 'they could not be written as line protocol',
};
