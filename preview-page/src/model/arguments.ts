/** Arguments that a schema suggests by itself. */

import type { Schema } from "../wire/types";

const resolve = (schema: Schema | undefined, root: Schema | undefined): Schema => {
  const ref = schema?.$ref;
  if (typeof ref !== "string" || !ref.startsWith("#/")) return schema ?? {};
  let found: any = root;
  for (const part of ref.slice(2).split("/")) found = found?.[part.replaceAll("~1", "/").replaceAll("~0", "~")];
  return typeof found === "object" && found !== null ? { ...found, ...Object.fromEntries(Object.entries(schema!).filter(([name]) => name !== "$ref")) } : {};
};

/** A value that the schema names: its default, its first example, or the only one it allows. */
const suggested = (schema: Schema): unknown =>
  "default" in schema ? schema.default : "const" in schema ? schema.const : Array.isArray(schema.examples) ? schema.examples[0] : undefined;

const properties = (schema: Schema | undefined): [string, Schema][] =>
  Object.entries((schema?.properties ?? {}) as Record<string, Schema>).map(([name, part]) => [name, resolve(part, schema)]);

/** The arguments that the defaults and examples of a schema give. */
export const filled = (schema: Schema | undefined): object =>
  Object.fromEntries(properties(schema).flatMap(([name, part]) => {
    const value = suggested(part);
    return value === undefined ? [] : [[name, value]];
  }));

/** Names of the arguments that are required and that nothing suggests. */
export const needs = (schema: Schema | undefined): string[] => {
  const required: string[] = Array.isArray(schema?.required) ? schema.required : [];
  const given = filled(schema);
  return required.filter((name) => !(name in given));
};
