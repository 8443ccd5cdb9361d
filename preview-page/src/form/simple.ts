/** A schema as a form shows it best: nobody chooses between a value and `null` where leaving it out says the same. */

import type { Schema } from "../wire/types";

const isNull = (schema: Schema) => schema?.type === "null" || schema?.const === null;

export const simple = (schema: any): any => {
  if (Array.isArray(schema)) return schema.map(simple);
  if (typeof schema !== "object" || schema === null) return schema;
  const parts: Schema = {};
  for (const [name, part] of Object.entries(schema)) {
    // Values are no schemas.
    const isValue = name === "default" || name === "const" || name === "enum" || name === "examples" || name === "required";
    parts[name] = isValue ? part : simple(part);
  }
  const types = Array.isArray(parts.type) ? parts.type.filter((type: string) => type !== "null") : [];
  if (types.length === 1) parts.type = types[0];
  for (const name of ["anyOf", "oneOf"]) {
    const all: Schema[] = parts[name];
    if (!Array.isArray(all) || !all.some(isNull)) continue;
    const rest = all.filter((one) => !isNull(one));
    delete parts[name];
    if (parts.default === null) delete parts.default;
    if (rest.length === 1) Object.assign(parts, { ...rest[0], ...parts });
    else parts[name] = rest;
  }
  return parts;
};
