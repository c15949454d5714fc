/** One address of a name. */
export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

export interface LookupOptions {
  /** Aborting it ends this look-up; others of the same name go on. */
  signal?: AbortSignal;
  /** Monotonic milliseconds of the policies' clock: the look-up fails with `ETIMEOUT` when it passes. */
  deadline?: number;
  /** Only addresses of this family. Default 0: both. */
  family?: 0 | 4 | 6;
}

/** Turns a host name into addresses, in the order in which they are to be tried; never an empty list. */
export interface NameLookup {
  /**
   * @throws NameLookupError when there is no address, no answer in time, or the caller aborted.
   * @throws RejectedError when too many look-ups are under way (`queue-full`).
   */
  lookup(hostname: string, options?: LookupOptions): Promise<readonly Address[]>;
}
