import { YamlSource } from '@breakwater/stack';

interface StaticConfig {
  readonly targets: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

interface Scrape {
  readonly static_configs?: readonly StaticConfig[];
  readonly dns_sd_configs?: ReadonlyArray<{ readonly names: readonly string[]; readonly port: number }>;
}

interface PrometheusFile {
  readonly alerting: { readonly alertmanagers: ReadonlyArray<{ readonly static_configs: readonly StaticConfig[] }> };
  readonly scrape_configs: readonly Scrape[];
}

/**
 * prometheus.yml with addresses for names, which Prometheus asks only the system's name servers for. Instances keep the
 * names that they have in the stack.
 */
export function withAddresses(text: string, addressOf: (name: string) => string): string {
  const [document] = new YamlSource('prometheus/prometheus.yml', text).documents;
  const file = document!.value as PrometheusFile;
  const at = (target: string): string => {
    const [name = '', port] = target.split(':');
    return `${addressOf(name)}:${port}`;
  };
  const named = ({ targets, labels }: StaticConfig): StaticConfig[] =>
    targets.map((target) => ({ targets: [at(target)], labels: { instance: target, ...labels } }));
  const found = (names: readonly string[], port: number): StaticConfig[] =>
    names.map((name) => ({ targets: [at(`${name}:${port}`)], labels: { __meta_dns_name: name } }));
  return JSON.stringify({
    ...file,
    alerting: {
      alertmanagers: file.alerting.alertmanagers.map((manager) => ({
        ...manager,
        static_configs: manager.static_configs.map(({ targets }) => ({ targets: targets.map(at) })),
      })),
    },
    scrape_configs: file.scrape_configs.map(({ static_configs = [], dns_sd_configs = [], ...scrape }) => ({
      ...scrape,
      static_configs: [
        ...static_configs.flatMap(named),
        ...dns_sd_configs.flatMap(({ names, port }) => found(names, port)),
      ],
    })),
  });
}
