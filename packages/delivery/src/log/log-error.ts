/** The log cannot be opened. */
export class LogError extends Error {
  override readonly name = 'LogError';
  readonly code = 'ERR_DELIVERY_LOG';

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
  }
}
