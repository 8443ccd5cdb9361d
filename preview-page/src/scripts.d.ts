/** A script as text, built to run by itself in a document. */
declare module "script:*" {
  const text: string;
  export default text;
}
