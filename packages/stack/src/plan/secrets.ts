/** A secret of the stack: it comes from the environment (`.env`) or a Kubernetes Secret, and is never rendered. */
export interface Secret {
  readonly variable: string;
  /** What it opens. */
  readonly what: string;
  readonly minLength: number;
}

export const SECRETS: readonly Secret[] = [
  { variable: 'API_TOKEN', what: 'POST requests and writes to the collectors', minLength: 16 },
  { variable: 'INFLUX_TOKEN', what: 'InfluxDB: the admin token', minLength: 16 },
  { variable: 'INFLUX_ADMIN_PASSWORD', what: 'InfluxDB: the user admin', minLength: 8 },
  { variable: 'REDIS_PASSWORD', what: 'Redis: the user of the collectors', minLength: 16 },
  { variable: 'REDIS_EXPORTER_PASSWORD', what: 'Redis: the user of its exporter', minLength: 16 },
  { variable: 'GRAFANA_ADMIN_PASSWORD', what: 'Grafana: the user admin', minLength: 8 },
  { variable: 'GRAFANA_SECRET_KEY', what: 'what Grafana encrypts in its database', minLength: 16 },
  { variable: 'GRAFANA_DB_PASSWORD', what: 'the database of Grafana', minLength: 16 },
  {
    variable: 'PROXY_COOKIE_KEY',
    what: 'HAProxy: signs the cookie that keeps a browser at one Grafana',
    minLength: 16,
  },
];
