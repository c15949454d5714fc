/** What a caller gets of every server, whatever its kind. */
export interface RunningServer extends AsyncDisposable {
  /** A loopback address. */
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** Its folder for configuration and data; gone after `stop`. */
  readonly dir: string;
  /** The last 64 kB of what it printed. */
  output(): string;
  /** Sends a signal and waits for nothing: SIGKILL is a crash, SIGSTOP and SIGCONT a hang and its end. */
  signal(name: NodeJS.Signals): void;
  /** Ends it where it still runs, then starts it on the same port and data; resolves when it is ready. */
  restart(): Promise<void>;
  /** SIGTERM, after 5 s SIGKILL; resolves when the process is gone and its folder deleted. Stopping twice does no harm. */
  stop(): Promise<void>;
}

/** How one kind of server is configured and asked whether it is ready: one file in `servers/` each. */
export interface ServerDefinition<Options, Details extends object> {
  /** Name of the executable. */
  readonly program: string;
  /** The Debian package that brings it. */
  readonly debianPackage: string;
  /** Picks free ports and writes the configuration into `dir`. Called again with a new folder when a port was taken meanwhile. */
  plan(dir: string, options: Options): Promise<ServerPlan<Details>>;
}

export interface ServerPlan<Details extends object> {
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly port: number;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What this kind of server has beyond host and port. */
  readonly details: Details;
  /** How long it may take until it answers. Default 90,000. */
  readonly readyWithinMs?: number;
  /** Asks once, in the server's own protocol; throws while it is not up. */
  ready(): Promise<void>;
}
