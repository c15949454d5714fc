import { z } from 'zod';

/** The keys that may stand at `path` of a value that the schema describes: what an unknown key is compared with. */
export function knownKeys(schema: z.core.$ZodType, value: unknown, path: readonly PropertyKey[]): string[] {
  const objects = objectsAt(schema, value, path);
  return [...new Set(objects.flatMap((object) => Object.keys(object.def.shape)))];
}

function objectsAt(schema: z.core.$ZodType, value: unknown, path: readonly PropertyKey[]): z.ZodObject[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return objectsAt(schema.def.innerType, value, path);
  }
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const key = schema.def.discriminator;
    const options = schema.def.options.filter((option) => mayBe(option, key, field(value, key)));
    return options.flatMap((option) => objectsAt(option, value, path));
  }
  if (schema instanceof z.ZodUnion) return schema.def.options.flatMap((option) => objectsAt(option, value, path));
  const [step, ...rest] = path;
  if (schema instanceof z.ZodObject) {
    if (step === undefined) return [schema];
    const next = (schema.def.shape as Record<PropertyKey, z.core.$ZodType | undefined>)[step];
    return next === undefined ? [] : objectsAt(next, field(value, step), rest);
  }
  if (step === undefined) return [];
  if (schema instanceof z.ZodRecord) return objectsAt(schema.def.valueType, field(value, step), rest);
  if (schema instanceof z.ZodArray) return objectsAt(schema.def.element, field(value, step), rest);
  return [];
}

/** Whether the value of the discriminator `key` is one of this option's. */
function mayBe(option: z.core.$ZodType, key: string, value: unknown): boolean {
  return (option._zod.propValues?.[key] as Set<unknown> | undefined)?.has(value) === true;
}

/** What stands under a key, if the value is a map or a list at all. */
export function field(value: unknown, key: PropertyKey): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<PropertyKey, unknown>)[key];
}
