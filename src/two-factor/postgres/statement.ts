/**
 * A statement with a name, so that Postgres parses and plans it once a connection.
 *
 * `name` must be unique in the process and at most 63 bytes; `text` uses `$1 …` placeholders.
 */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Gives a statement its name; the text is folded to one line to keep logs readable. */
export function statement(name: string, text: string): Statement {
  return { name: `two_factor.${name}`, text: text.replaceAll(/\s*\n\s*/g, ' ').trim() };
}
