import type { InfluxServer } from './influx-server.js';
import { identifier, source } from './influxql.js';

export const FIELD_TYPES = ['float', 'integer', 'unsigned', 'string', 'boolean'] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

export interface Field {
  readonly name: string;
  readonly type: FieldType;
}

export const measurementsOf = (server: InfluxServer): Promise<string[]> => server.names('SHOW MEASUREMENTS', 'name');

/** The fields that either side has, by name; or why they cannot be compared, in words. */
export async function fieldsOf(servers: readonly InfluxServer[], measurement: string): Promise<Field[] | string> {
  const found = new Map<string, { type: FieldType; url: string }>();
  for (const server of servers) {
    const text = `SHOW FIELD KEYS FROM ${source(measurement, server.retentionPolicy)}`;
    for await (const { columns, values } of server.query(text)) {
      const [key, kind] = [columns.indexOf('fieldKey'), columns.indexOf('fieldType')];
      for (const row of values) {
        const [name, type] = [String(row[key]), String(row[kind])];
        const known = found.get(name);
        if (!isFieldType(type)) return `field ${identifier(name)} on ${server.url} is of an unknown type, ${type}`;
        if (known !== undefined && known.type !== type) {
          return `field ${identifier(name)} is ${known.type} on ${known.url} and ${type} on ${server.url}`;
        }
        found.set(name, { type, url: server.url });
      }
    }
  }
  return [...found].map(([name, { type }]) => ({ name, type })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

const isFieldType = (type: string): type is FieldType => FIELD_TYPES.some((each) => each === type);
