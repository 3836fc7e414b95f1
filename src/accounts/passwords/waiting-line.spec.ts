import { describe, expect, it } from '@jest/globals';
import { WaitingLine } from './waiting-line.js';

const entry = (name: string) => ({ name, network: name.slice(0, 1) });
type Entry = ReturnType<typeof entry>;

function lineOf(...names: string[]): WaitingLine<Entry> {
  const line = new WaitingLine<Entry>();
  for (const name of names) line.add(entry(name));
  return line;
}

function drain(line: WaitingLine<Entry>): string[] {
  const names: string[] = [];
  for (let next = line.next(); next; next = line.next()) names.push(next.name);
  return names;
}

describe('WaitingLine', () => {
  it('serves networks in turn, and the entries of one network in order of arrival', () => {
    const line = lineOf('a1', 'a2', 'a3', 'b1', 'b2', 'c1');
    expect(line.size).toBe(6);
    expect(drain(line)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
    expect(line.size).toBe(0);
  });

  it('serves a network that arrives later within one round', () => {
    const line = lineOf('a1', 'a2', 'a3');
    expect(line.next()?.name).toBe('a1');
    line.add(entry('b1'));
    expect(drain(line)).toEqual(['a2', 'b1', 'a3']);
  });

  it('removes one entry, and ignores an entry that does not wait', () => {
    const line = lineOf('a1', 'b1');
    const [first] = line.entries();
    if (!first) throw new Error('The line is empty');
    line.remove(first);
    line.remove(first);
    expect(line.size).toBe(1);
    expect(drain(line)).toEqual(['b1']);
  });

  it('finds the newest entry of the network with most entries, for a network that has fewer', () => {
    const line = lineOf('a1', 'b1', 'b2', 'b3');
    expect(line.surplus('c')?.name).toBe('b3');
    expect(line.surplus('a')?.name).toBe('b3');
    expect(line.surplus('b')).toBeUndefined();
    // If it evicted an entry for one of equal share, only which of the two is refused would change.
    expect(lineOf('a1', 'b1').surplus('a')).toBeUndefined();
    expect(lineOf('a1', 'b1').surplus('c')).toBeUndefined();
  });
});
