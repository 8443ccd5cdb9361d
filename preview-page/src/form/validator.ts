/** The validator of forms: it interprets schemas, as the page's policy lets nobody compile them. */

import { Validator, type OutputUnit } from "@cfworker/json-schema";
import { toErrorSchema } from "@rjsf/utils";

import type { Schema } from "../wire/types";

/** Keywords whose errors only say that there is one further in. */
const OUTER = new Set(["properties", "patternProperties", "items", "prefixItems", "$ref", "allOf", "additionalProperties", "dependentSchemas", "then", "else"]);

const errorsOf = (schema: Schema, value: unknown): OutputUnit[] => {
  try {
    const { errors } = new Validator(schema, "2020-12", false).validate(value ?? null);
    const inner = errors.filter(({ keyword }) => !OUTER.has(keyword));
    // A schema that is reached by two ways tells its errors twice.
    const seen = new Set<string>();
    return inner.filter(({ instanceLocation, error }) => !seen.has(`${instanceLocation} ${error}`) && seen.add(`${instanceLocation} ${error}`));
  } catch {
    // What is no schema allows everything: the server decides.
    return [];
  }
};

const words = ({ keyword, error }: OutputUnit): string => {
  if (keyword === "required") return "is required";
  if (keyword === "additionalProperties" || keyword === "unevaluatedProperties") return "is not expected";
  return error.replace(/^Instance type "(.*?)" is invalid\. Expected "(.*?)"\.$/, "has to be of type $2").replace(/\.$/, "");
};

const property = ({ keyword, instanceLocation, error }: OutputUnit): string => {
  const path = instanceLocation.split("/").slice(1).map((part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~"));
  const [, name] = (keyword === "required" && /"(.*?)"/.exec(error)) || [];
  return [...path, ...(name ? [name] : [])].map((part) => `.${part}`).join("");
};

export const validator = {
  validateFormData(value: unknown, schema: Schema) {
    const errors = errorsOf(schema, value).map((unit) => {
      const message = words(unit);
      return { name: unit.keyword, property: property(unit), message, stack: message, params: {} };
    });
    return { errors, errorSchema: toErrorSchema(errors) };
  },

  isValid(schema: Schema, value: unknown, root: Schema) {
    return errorsOf({ ...schema, $defs: root?.$defs, definitions: root?.definitions }, value).length === 0;
  },

  rawValidation: (schema: Schema, value: unknown) => ({ errors: errorsOf(schema, value) }),
};
