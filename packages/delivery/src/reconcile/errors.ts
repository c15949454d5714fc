/** Two sides cannot be compared, or what differs cannot be sent. */
export class ReconcileError extends Error {
  override readonly name = 'ReconcileError';
  readonly code = 'ERR_DELIVERY_RECONCILE';
}
