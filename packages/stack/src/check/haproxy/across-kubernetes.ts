import { Cluster } from '../kubernetes/cluster.js';
import { type Found, proxyCheck, title } from './proxy-file.js';

const names = proxyCheck(
  'proxy-kubernetes-name',
  'In a cluster the proxy names services in full, and templates name headless ones',
  (file, { manifests }) => {
    if (!file.mounted) return [];
    const cluster = new Cluster(manifests);
    return file.backs.flatMap((proxy) =>
      proxy.servers
        .filter(({ byName, options }) => byName && options.has('resolvers'))
        .flatMap(({ name, host, port, template, line }): Found[] => {
          const place = `${title(proxy)}: server ${name}`;
          if (!/\.svc\.[^.]+/.test(host)) {
            const message = `${place} asks DNS for ${host}, and HAProxy knows no search list: that name does not exist`;
            return [file.error(line, message, `write ${host.split('.')[0]}.<namespace>.svc.cluster.local`)];
          }
          const service = cluster.serviceAt(host, '');
          if (service === undefined) return [];
          const headless = service.at('spec', 'clusterIP') === 'None';
          if (template && !headless) {
            const message = `${place}: ${service.title} has one address for all its pods, so one slot gets everything and the others stay empty`;
            return [file.error(line, message, 'ask a service with "clusterIP: None"')];
          }
          const entry = service.list('spec', 'ports').find(({ port: own }) => own === port);
          if (!headless || entry === undefined) return [];
          const { targetPort = port } = entry;
          const named = cluster.selectedBy(service).map((workload) => workload.port(targetPort));
          const target = typeof targetPort === 'number' ? targetPort : named.find((own) => own !== port);
          if (target === undefined || target === port) return [];
          const message = `${place} asks port ${port} of ${service.title}, which is headless: its addresses are the pods', and they listen on ${target}`;
          return [file.error(line, message, `write ${host}:${target}`)];
        }),
    );
  },
);

export const kubernetesProxyChecks = [names];
