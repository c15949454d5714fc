/** What was asked for cannot be looked at or done. */
export class InspectError extends Error {
  override readonly name = 'InspectError';
  readonly code = 'ERR_DELIVERY_INSPECT';
}
