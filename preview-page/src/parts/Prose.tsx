/** A text of a server, in which what is between backticks is code. */
export const Prose = ({ text }: { text: string }) => (
  <>{text.split(/`([^`\n]+)`/).map((part, at) => (at % 2 ? <code key={at}>{part}</code> : part))}</>
);
