import { readFileSync } from 'node:fs';

/** What a field of a Kubernetes object holds. */
export type FieldType =
  | 'string'
  | 'integer'
  | 'boolean'
  | 'any'
  | 'quantity'
  | 'int-or-string'
  | { readonly list: FieldType }
  | { readonly map: FieldType }
  | { readonly enum: readonly string[] }
  | { readonly type: string }
  | FieldGroup;

export interface FieldGroup {
  readonly fields: Readonly<Record<string, FieldType>>;
  readonly required: readonly string[];
}

/** The fields of every kind that is known, as `npm run kubernetes-fields` reads them from published types. */
export interface FieldTable {
  /** Packages and versions that it was read from. */
  readonly sources: Readonly<Record<string, string>>;
  /** By `apiVersion/kind`: the name of a type. */
  readonly kinds: Readonly<Record<string, string>>;
  readonly types: Readonly<Record<string, FieldGroup>>;
}

let table: FieldTable | undefined;

export function fieldTable(): FieldTable {
  table ??= JSON.parse(
    readFileSync(new URL('../../data/kubernetes-fields.json', import.meta.url), 'utf8'),
  ) as FieldTable;
  return table;
}
