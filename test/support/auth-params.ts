/** One challenge of a `WWW-Authenticate` header. */
export interface AuthChallenge {
  /** As it was sent: schemes are case-insensitive. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const QUOTED = /"((?:[\t \x21\x23-\x5B\x5D-\x7E\x80-\xFF]|\\[\t \x21-\x7E\x80-\xFF])*)"/y;
const COMMA = /[ \t]*,[ \t]*/y;
const EQUALS = /[ \t]*=[ \t]*/y;
const SPACES = / +/y;

/**
 * Reads a header that has one challenge with parameters, by the grammar of RFC 9110 §11.2 and §5.6 and nothing more: names are
 * tokens, values are tokens or quoted strings, no name comes twice, nothing follows the last one.
 *
 * @throws {SyntaxError} saying what was expected, and where
 */
export function parseAuthChallenge(header: string): AuthChallenge {
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match) at = pattern.lastIndex;
    return match;
  };
  const need = (pattern: RegExp, what: string): RegExpExecArray => {
    const match = take(pattern);
    if (!match) throw new SyntaxError(`Expected ${what} at ${at} of ${JSON.stringify(header)}`);
    return match;
  };
  const [scheme] = need(TOKEN, 'a scheme');
  const parameters = new Map<string, string>();
  if (at === header.length) return { scheme, parameters };
  need(SPACES, 'a space');
  do {
    const name = need(TOKEN, 'a name')[0].toLowerCase();
    if (parameters.has(name)) throw new SyntaxError(`"${name}" comes twice in ${JSON.stringify(header)}`);
    need(EQUALS, '"="');
    const quoted = take(QUOTED);
    parameters.set(name, quoted ? (quoted[1] ?? '').replaceAll(/\\(.)/g, '$1') : need(TOKEN, 'a value')[0]);
  } while (take(COMMA));
  if (at !== header.length) throw new SyntaxError(`Expected the end at ${at} of ${JSON.stringify(header)}`);
  return { scheme, parameters };
}
