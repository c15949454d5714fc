/** What we write of the Compose specification; docker-compose 1.29 and Compose v2 both read it. */
export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, { readonly internal?: true }>>;
  readonly volumes: Readonly<Record<string, Record<string, never>>>;
}

export interface ComposeService {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly container_name?: string;
  readonly command?: readonly string[];
  readonly user?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: 'service_started' | 'service_healthy' }>>;
  readonly ports?: readonly string[];
  readonly networks: Readonly<Record<string, { readonly aliases?: readonly string[] }>>;
  readonly volumes?: readonly string[];
  readonly devices?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly pid?: 'host';
  readonly healthcheck: Healthcheck;
  readonly stop_signal?: string;
  readonly stop_grace_period?: string;
  readonly restart: 'unless-stopped';
  readonly init: true;
  readonly read_only: true;
  readonly cap_drop: readonly ['ALL'];
  readonly security_opt: readonly ['no-new-privileges:true'];
  readonly deploy: { readonly resources: { readonly limits: Share; readonly reservations: Share } };
  readonly logging: { readonly driver: string; readonly options: Readonly<Record<string, string>> };
}

export interface Healthcheck {
  readonly test: readonly string[];
  readonly interval: string;
  readonly timeout: string;
  readonly retries: number;
  readonly start_period: string;
}

export interface Share {
  /** Cores. */
  readonly cpus: string;
  /** `512M`: of 1024 × 1024 bytes. */
  readonly memory: string;
}
