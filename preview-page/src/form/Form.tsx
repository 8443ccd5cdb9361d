/** A form for a JSON Schema. */

import Rjsf from "@rjsf/core/lib/components/Form.js";
import { useMemo } from "preact/hooks";

import type { Schema } from "../wire/types";
import { simple } from "./simple";
import { templates, widgets } from "./templates";
import { validator } from "./validator";

interface FormProps {
  /** Begins the ids of its fields. */
  id: string;
  schema: Schema;
  value: object;
  onChange: (value: object) => void;
  /** Tells how many mistakes there are. */
  onErrors?: (count: number) => void;
  /** The enter key in a field. */
  onSubmit?: () => void;
}

export const Form = ({ id, schema, value, onChange, onErrors, onSubmit }: FormProps) => {
  const shown = useMemo(() => ({ type: "object", ...simple(schema), title: undefined, description: undefined }), [schema]);
  const change = ({ formData, errors }: { formData?: object; errors: unknown[] }) => {
    onChange(formData ?? {});
    onErrors?.(errors.length);
  };
  return (
    <Rjsf
      className="form" idPrefix={id} schema={shown} formData={value} validator={validator} templates={templates} widgets={widgets}
      liveValidate="onChange" noHtml5Validate showErrorList={false}
      // What nobody wrote is not sent: the server has its defaults.
      experimental_defaultFormStateBehavior={{ emptyObjectFields: "skipDefaults", arrayMinItems: { populate: "never" } }}
      onChange={change} onSubmit={onSubmit} onError={onSubmit}
    />
  );
};
