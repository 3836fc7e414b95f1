import { createHash } from 'node:crypto';
import type { Call } from '../load.js';
import type { Fresh, Ingredient, Recipe, Source } from './recipe.js';
import type { RecordedStatement, WireValue } from './recorder.js';

/** A request and the statements that it sent. */
export interface RecordedCall {
  readonly call: Call;
  readonly statements: readonly RecordedStatement[];
  readonly answer: string;
}

/** A value seen before, in both recordings. */
interface Known {
  readonly source: Source;
  readonly first: string;
  readonly second: string;
}

/** A scalar of a row, and the members and places that lead to it. */
interface Leaf {
  readonly path: readonly string[];
  readonly value: string;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A long word; of bytes in an array, `\\x…`, the digits. */
const WORD = /(?<=\\x)[0-9a-f]{16,}|(?<!\\)[A-Za-z0-9_-]{16,}/g;
const SPLIT_BY_WORD = new RegExp(`(${WORD.source})`);

/** Shorter ones are found inside of other texts by chance. */
const SHORTEST_PART = 8;

/**
 * Finds out where the values of statements come from, by comparing two requests for different accounts: what is the same in
 * both is a constant; what differs was in the request, in a row that an earlier statement returned, or was made up.
 *
 * So the floor sends the service's own statements, and follows when they change.
 *
 * @throws {Error} when the two requests sent different statements
 */
export function trace(first: RecordedCall, second: RecordedCall, password: boolean): Recipe {
  const known: Known[] = inputs(first.call, second.call);
  const fresh: Fresh[] = [];
  const steps = first.statements.map((statement, index) => {
    const other = second.statements[index];
    if (!other || other.text !== statement.text || first.statements.length !== second.statements.length) {
      throw new Error(`Two requests sent different statements: ${statement.text.slice(0, 60)}`);
    }
    const values = statement.values.map((value, place) => ingredient(value, other.values[place] ?? null, known, fresh));
    known.push(...rowValues(index, statement.rows, other.rows));
    return { name: statement.name, text: statement.text, values, roundTrip: statement.roundTrip };
  });
  return { steps, fresh, password, answer: first.answer };
}

/** Names of the inputs are those that the floor gives them: see `floor-program.ts`. */
export function inputsOf({ headers, body }: Pick<Call, 'headers' | 'body'>): Record<string, string> {
  const token = headers.authorization?.slice('Bearer '.length);
  return {
    ...(body !== undefined && (JSON.parse(body) as Record<string, string>)),
    ...(token !== undefined && { tokenHash: `hex:${createHash('sha256').update(token).digest('hex')}` }),
  };
}

function inputs(first: Call, second: Call): Known[] {
  const theirs = inputsOf(second);
  return Object.entries(inputsOf(first)).map(([input, value]) => ({
    source: { input },
    first: value,
    second: theirs[input] ?? '',
  }));
}

function ingredient(value: WireValue, other: WireValue, known: Known[], fresh: Fresh[]): Ingredient {
  const [first, second] = [canonical(value), canonical(other)];
  if (first === second || value === null) return literal(value);
  const same = known.find((k) => k.first === first && k.second === second);
  if (same) return { from: same.source };
  if (Buffer.isBuffer(value)) {
    return { from: remember({ kind: 'bytes', length: value.length }, first, second, known, fresh) };
  }
  if (UUID.test(value)) return { from: remember({ kind: 'uuid' }, first, second, known, fresh) };
  const [parts, others] = [split(first, 'first', known), split(second, 'second', known)];
  const text = parts.flatMap((part, index) => {
    const part2 = others[index];
    return typeof part === 'string' && typeof part2 === 'string' ? renew(part, part2, known, fresh) : [part];
  });
  return { text };
}

function remember(made: Fresh, first: string, second: string, known: Known[], fresh: Fresh[]): Source {
  const source = { fresh: fresh.push(made) - 1 };
  known.push({ source, first, second });
  return source;
}

/** Long words that differ are digests, tokens or sealed texts: the database counts by some of them. */
function renew(first: string, second: string, known: Known[], fresh: Fresh[]): Array<string | Source> {
  const words = second.match(WORD) ?? [];
  let index = 0;
  // Split by a group keeps the words: they stand at the odd places.
  const parts = first.split(SPLIT_BY_WORD).map((part, place) => {
    if (place % 2 === 0) return part;
    const other = words[index++] ?? part;
    if (other === part) return part;
    return remember(another(part), part, other, known, fresh);
  });
  return parts.filter((part) => part !== '');
}

function literal(value: WireValue): Ingredient {
  return Buffer.isBuffer(value) ? { bytes: value.toString('hex') } : { constant: value };
}

function another(word: string): Fresh {
  if (UUID.test(word)) return { kind: 'uuid' };
  return { kind: /^[0-9a-f]+$/.test(word) ? 'hex' : 'base64url', length: word.length };
}

/** Cuts a text at every value that is known. What remains is kept as it was. */
function split(text: string, side: 'first' | 'second', known: readonly Known[]): Array<string | Source> {
  const part = known.find((k) => k[side].length >= SHORTEST_PART && k.first !== k.second && text.includes(k[side]));
  if (!part) return text === '' ? [] : [text];
  const at = text.indexOf(part[side]);
  return [
    ...split(text.slice(0, at), side, known),
    part.source,
    ...split(text.slice(at + part[side].length), side, known),
  ];
}

/**
 * Values of one statement's rows that differ. Of a list, any value may be the one that both requests went on with: codes are
 * in no order.
 */
function rowValues(step: number, first: readonly object[], second: readonly object[]): Known[] {
  const theirs = leaves(second);
  return leaves(first).flatMap(({ path, value }) => {
    const own = path.join();
    const alike = theirs.filter((leaf) => shape(leaf.path) === shape(path) && leaf.value !== value);
    const sorted = alike.toSorted((a, b) => Number(b.path.join() === own) - Number(a.path.join() === own));
    return sorted.map((leaf) => ({ source: { step, path }, first: value, second: leaf.value }));
  });
}

function shape(path: readonly string[]): string {
  return path.map((key) => (/^\d+$/.test(key) ? '*' : key)).join();
}

function leaves(value: unknown, path: readonly string[] = []): Leaf[] {
  if (value === null || value === undefined || value instanceof Date) return [];
  if (typeof value !== 'object' || Buffer.isBuffer(value)) return [{ path, value: canonical(value as WireValue) }];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]));
}

function canonical(value: WireValue | number | boolean): string {
  return Buffer.isBuffer(value) ? `hex:${value.toString('hex')}` : String(value);
}
