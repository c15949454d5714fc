import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseSync } from 'vite';
import type { FieldGroup, FieldTable, FieldType } from '../../src/kubernetes/field-table.js';

/** Where the types of a kind are declared. */
interface Declared {
  readonly apiVersion: string;
  readonly kind: string;
  /** A module of one of the packages, and the interface in it. */
  readonly module: string;
  readonly name: string;
}

const builtIn = (apiVersion: string, folder: string, ...kinds: string[]): Declared[] =>
  kinds.map((kind) => ({
    apiVersion,
    kind,
    module: `kubernetes-types/${folder}/${apiVersion.split('/').at(-1)}`,
    name: kind,
  }));

const VPA = '@kubernetes-models/autoscaler/autoscaling.k8s.io/v1/VerticalPodAutoscaler';

/** The kinds that a telemetry service is deployed with; what it does not know, the check says. */
const KINDS: readonly Declared[] = [
  ...builtIn(
    'v1',
    'core',
    'ConfigMap',
    'Endpoints',
    'LimitRange',
    'Namespace',
    'PersistentVolume',
    'PersistentVolumeClaim',
    'Pod',
    'ResourceQuota',
    'Secret',
    'Service',
    'ServiceAccount',
  ),
  ...builtIn('apps/v1', 'apps', 'DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'),
  ...builtIn('batch/v1', 'batch', 'CronJob', 'Job'),
  ...builtIn('autoscaling/v1', 'autoscaling', 'HorizontalPodAutoscaler'),
  ...builtIn('autoscaling/v2', 'autoscaling', 'HorizontalPodAutoscaler'),
  ...builtIn('policy/v1', 'policy', 'PodDisruptionBudget'),
  ...builtIn('networking.k8s.io/v1', 'networking', 'Ingress', 'IngressClass', 'NetworkPolicy'),
  ...builtIn('rbac.authorization.k8s.io/v1', 'rbac', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'),
  ...builtIn('scheduling.k8s.io/v1', 'scheduling', 'PriorityClass'),
  ...builtIn('storage.k8s.io/v1', 'storage', 'StorageClass'),
  { apiVersion: 'autoscaling.k8s.io/v1', kind: 'VerticalPodAutoscaler', module: VPA, name: 'IVerticalPodAutoscaler' },
];

const PACKAGES = ['kubernetes-types', '@kubernetes-models/autoscaler'] as const;

/** What these packages write for one and the same thing. */
const METADATA = { module: 'kubernetes-types/meta/v1', name: 'ObjectMeta' };

const require = createRequire(new URL('../../package.json', import.meta.url));
const folderOf = (name: string): string => dirname(require.resolve(`${name}/package.json`));

/** Reads every kind, and each type that it can be reached from. */
export function readFieldTable(): FieldTable {
  const types: Record<string, FieldGroup> = {};
  const reader = new Reader((type, group) => {
    types[type] = group;
  });
  const kinds = Object.fromEntries(
    KINDS.map(({ apiVersion, kind, module, name }) => [`${apiVersion}/${kind}`, reader.typeOf(module, name)]),
  );
  return {
    sources: Object.fromEntries(
      PACKAGES.map((name) => {
        const { version } = JSON.parse(readFileSync(join(folderOf(name), 'package.json'), 'utf8')) as Node;
        return [name, String(version)];
      }),
    ),
    kinds,
    types: Object.fromEntries(Object.entries(types).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** A node of the parser's tree; which fields it has, its `type` says. */
type Node = Readonly<Record<string, unknown>>;

interface Module {
  readonly name: string;
  /** Interfaces and type aliases by name. */
  readonly declared: ReadonlyMap<string, Node>;
  /** By local name: the module that it comes from, and its name there. */
  readonly imported: ReadonlyMap<string, { readonly from: string; readonly name: string }>;
}

class Reader {
  readonly #modules = new Map<string, Module>();
  readonly #seen = new Set<string>();
  readonly #found: (type: string, group: FieldGroup) => void;

  constructor(found: (type: string, group: FieldGroup) => void) {
    this.#found = found;
  }

  /** The name in the table of an interface; reads it and what it names when it is first asked for. */
  typeOf(moduleName: string, name: string): string {
    const type = `${moduleName.replace(/^kubernetes-types\//, '')}.${name}`;
    if (this.#seen.has(type)) return type;
    this.#seen.add(type);
    const module = this.#module(moduleName);
    const { body } = module.declared.get(name)!['body'] as { body: Node[] };
    this.#found(type, this.#group(body, module));
    return type;
  }

  #group(members: readonly Node[], module: Module): FieldGroup {
    const fields: Record<string, FieldType> = {};
    const required: string[] = [];
    for (const { type, key, optional, typeAnnotation } of members) {
      if (type !== 'TSPropertySignature') throw new Error(`${module.name}: ${String(type)} is no field`);
      const { name, value } = key as { name?: string; value?: string };
      const field = (name ?? value)!;
      // What a cluster reports is nothing that people write.
      fields[field] =
        field === 'status' ? 'any' : this.#field((typeAnnotation as Node)['typeAnnotation'] as Node, module);
      if (!optional) required.push(field);
    }
    return { fields, required };
  }

  #field(node: Node, module: Module): FieldType {
    switch (node['type']) {
      case 'TSStringKeyword':
        return 'string';
      case 'TSNumberKeyword':
        return 'integer';
      case 'TSBooleanKeyword':
        return 'boolean';
      case 'TSAnyKeyword':
      case 'TSUnknownKeyword':
      case 'TSObjectKeyword':
        return 'any';
      case 'TSArrayType':
        return { list: this.#field(node['elementType'] as Node, module) };
      case 'TSLiteralType':
        return { enum: [String((node['literal'] as Node)['value'])] };
      case 'TSUnionType':
        return this.#union(node['types'] as Node[], module);
      case 'TSTypeLiteral':
        return this.#literal(node['members'] as Node[], module);
      case 'TSTypeReference':
        return this.#reference(node, module);
      default:
        throw new Error(`${module.name}: ${String(node['type'])} is not understood`);
    }
  }

  #union(nodes: readonly Node[], module: Module): FieldType {
    const parts = nodes.map((node) => this.#field(node, module));
    const values = parts.flatMap((part) => (typeof part === 'object' && 'enum' in part ? part.enum : []));
    if (values.length === parts.length) return { enum: values };
    if (parts.includes('integer') && parts.includes('string')) return 'int-or-string';
    throw new Error(`${module.name}: a union of ${JSON.stringify(parts)} is not understood`);
  }

  #literal(members: readonly Node[], module: Module): FieldType {
    const [first] = members;
    if (first?.['type'] !== 'TSIndexSignature') return members.length === 0 ? 'any' : this.#group(members, module);
    const value = this.#field((first['typeAnnotation'] as Node)['typeAnnotation'] as Node, module);
    // A map of numbers or strings is one of quantities: the VPA's bounds by resource.
    return { map: value === 'int-or-string' ? 'quantity' : value };
  }

  #reference(node: Node, module: Module): FieldType {
    const name = (node['typeName'] as { name: string }).name;
    const [argument] = ((node['typeArguments'] as Node | null)?.['params'] as Node[] | undefined) ?? [];
    if (name === 'Array') return { list: this.#field(argument!, module) };
    if (name === 'Quantity') return 'quantity';
    if (name === 'IObjectMeta') return { type: this.typeOf(METADATA.module, METADATA.name) };
    const elsewhere = module.imported.get(name);
    const home = elsewhere === undefined ? module : this.#module(elsewhere.from);
    const declaration = home.declared.get(elsewhere?.name ?? name)!;
    if (declaration['type'] === 'TSTypeAliasDeclaration') {
      return this.#field(declaration['typeAnnotation'] as Node, home);
    }
    const { body } = declaration['body'] as { body: Node[] };
    return body.length === 0 ? 'any' : { type: this.typeOf(home.name, elsewhere?.name ?? name) };
  }

  #module(name: string): Module {
    const known = this.#modules.get(name);
    if (known !== undefined) return known;
    const module = readModule(name);
    this.#modules.set(name, module);
    return module;
  }
}

function readModule(name: string): Module {
  const owner = PACKAGES.find((candidate) => name.startsWith(candidate))!;
  const file = `${join(folderOf(owner), name.slice(owner.length))}.d.ts`;
  const { program, errors } = parseSync(file, readFileSync(file, 'utf8'));
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]!.message}`);
  const declared = new Map<string, Node>();
  const imported = new Map<string, { from: string; name: string }>();
  for (const statement of program.body as unknown as Node[]) {
    if (statement['type'] === 'ImportDeclaration') {
      const from = String((statement['source'] as Node)['value']);
      for (const { local, imported: origin } of statement['specifiers'] as Array<Record<string, { name: string }>>) {
        imported.set(local!.name, {
          from: from.startsWith('.') ? join(dirname(name), from) : from,
          name: origin!.name,
        });
      }
    }
    const declaration = statement['declaration'] as Node | null | undefined;
    if (declaration != null) declared.set((declaration['id'] as { name: string }).name, declaration);
  }
  return { name, declared, imported };
}
