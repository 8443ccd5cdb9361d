/** The look of forms: labels in the type of code, as arguments are code, and descriptions below them. */

import type { ComponentChildren } from "preact";

import { Icon, type IconName } from "../parts/Icon";
import { Prose } from "../parts/Prose";

type Props = Record<string, any> & { children?: ComponentChildren };

const Description = ({ id, description }: Props) => (description ? <p id={id} class="description">{typeof description === "string" ? <Prose text={description} /> : description}</p> : null);

const Errors = ({ errors, fieldPathId }: Props) =>
  errors?.length ? <p id={`${fieldPathId.$id}__error`} class="error">{[...new Set(errors)].join("; ")}</p> : null;

const Field = ({ id, label, hidden, required, displayLabel, description, rawDescription, errors, children, schema, rawErrors, onKeyRenameBlur, onRemoveProperty }: Props) => {
  if (hidden) return <div hidden>{children}</div>;
  const isCheck = schema.type === "boolean" && !schema.oneOf && !schema.enum;
  const isAdded = "__additional_property" in schema;
  return (
    <div class={`field${rawErrors?.length ? " wrong" : ""}`}>
      {isAdded && (
        <div class="row">
          <input class="form-control" aria-label="Name" defaultValue={label} onBlur={onKeyRenameBlur} />
          <Button icon="trash" title="Remove" onClick={onRemoveProperty} />
        </div>
      )}
      {displayLabel && !isCheck && !isAdded && (
        <label for={id}>{label}{!required && <span class="optional">optional</span>}</label>
      )}
      {children}
      {displayLabel && !isCheck && rawDescription && description}
      {errors}
    </div>
  );
};

const Group = ({ title, description, properties, fieldPathId, schema, onAddProperty, optionalDataControl }: Props) => {
  const isRoot = fieldPathId.path.length === 0;
  if ((schema.oneOf || schema.anyOf) && !schema.properties && properties.length === 0) return null;
  const parts = (
    <>
      {properties.map(({ content }: Props) => content)}
      {schema.additionalProperties && schema.additionalProperties !== false && <Add title="Add a property" onClick={onAddProperty} />}
    </>
  );
  if (isRoot) return <div class="fields">{parts}</div>;
  return (
    <fieldset class="group" id={fieldPathId.$id}>
      {title && <legend>{title}</legend>}
      <Description description={description} />
      {optionalDataControl}
      <div class="fields">{parts}</div>
    </fieldset>
  );
};

const List = ({ title, schema, items, canAdd, onAddClick, fieldPathId, required, optionalDataControl }: Props) => (
  <fieldset class="items" id={fieldPathId.$id}>
    <legend>{title}{!required && <span class="optional">optional</span>}</legend>
    <Description description={schema.description} />
    {optionalDataControl}
    {items.length > 0 && <ol>{items}</ol>}
    {canAdd && <Add title={`Add to ${title}`} onClick={onAddClick} />}
  </fieldset>
);

const ListItem = ({ children, buttonsProps, hasToolbar }: Props) => (
  <li class="item">
    <div class="grow">{children}</div>
    {hasToolbar && <Button icon="close" title="Remove this item" onClick={buttonsProps.onRemoveItem} />}
  </li>
);

const Button = ({ icon, title, onClick, disabled }: { icon: IconName; title: string; onClick: () => void; disabled?: boolean }) => (
  <button type="button" class="action small" aria-label={title} title={title} disabled={disabled} onClick={onClick}><Icon name={icon} /></button>
);

const Add = ({ title, onClick }: { title: string; onClick: () => void }) => (
  <button type="button" class="add" onClick={onClick} aria-label={title}>+ add</button>
);

const Check = ({ id, value, label, required, onChange, schema, hideLabel }: Props) => (
  <>
    <label class="toggle">
      <input type="checkbox" id={id} checked={value === true} required={required && schema.const === true} onChange={(event) => onChange(event.currentTarget.checked)} />
      {!hideLabel && <span>{label}</span>}
    </label>
    <Description description={schema.description} />
  </>
);

const Choice = ({ selector, optionSchemaField }: Props) => <div class="union">{selector}{optionSchemaField}</div>;

const Nothing = () => null;

const IconButton = ({ title, onClick, className = "", disabled }: Props) => {
  const icon = /remove/.test(className) ? "trash" : /copy/.test(className) ? "copy" : "expand";
  return <Button icon={icon} title={title ?? "Change"} onClick={onClick} disabled={disabled} />;
};

export const templates = {
  FieldTemplate: Field,
  ObjectFieldTemplate: Group,
  ArrayFieldTemplate: List,
  ArrayFieldItemTemplate: ListItem,
  DescriptionFieldTemplate: Description,
  FieldErrorTemplate: Errors,
  MultiSchemaFieldTemplate: Choice,
  ErrorListTemplate: Nothing,
  WrapIfAdditionalTemplate: ({ children }: Props) => <>{children}</>,
  ButtonTemplates: {
    AddButton: ({ onClick, title }: Props) => <Add title={title ?? "Add"} onClick={onClick} />,
    RemoveButton: IconButton,
    CopyButton: IconButton,
    MoveUpButton: Nothing,
    MoveDownButton: Nothing,
    ClearButton: Nothing,
    SubmitButton: () => <button type="submit" hidden />,
  },
};

export const widgets = { CheckboxWidget: Check };
