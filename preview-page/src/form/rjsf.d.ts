/** What we use of the form library, whose own types are React's. */

declare module "@rjsf/core/lib/components/Form.js" {
  const Form: (props: Record<string, unknown>) => import("preact").JSX.Element;
  export default Form;
}

declare module "@rjsf/utils" {
  export const toErrorSchema: (errors: unknown[]) => object;
}
