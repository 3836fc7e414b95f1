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
  it('serves networks in turn, and entries of one network in the order of their arrival', () => {
    const line = lineOf('a1', 'a2', 'a3', 'b1', 'b2', 'c1');
    expect(line.size).toBe(6);
    expect(drain(line)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
    expect(line.size).toBe(0);
  });

  it('serves a network that comes later within one round', () => {
    const line = lineOf('a1', 'a2', 'a3');
    expect(line.next()?.name).toBe('a1');
    line.add(entry('b1'));
    expect(drain(line)).toEqual(['a2', 'b1', 'a3']);
  });

  it('takes out one entry, and one that does not wait never', () => {
    const line = lineOf('a1', 'b1');
    const [first] = line.entries();
    if (!first) throw new Error('The line is empty');
    line.remove(first);
    line.remove(first);
    expect(line.size).toBe(1);
    expect(drain(line)).toEqual(['b1']);
  });

  it('finds the newest entry of the network that has most, for a network that has fewer', () => {
    const line = lineOf('a1', 'b1', 'b2', 'b3');
    expect(line.surplus('c')?.name).toBe('b3');
    expect(line.surplus('a')?.name).toBe('b3');
    expect(line.surplus('b')).toBeUndefined();
    // Giving way to the newcomer would only change which of the two is refused.
    expect(lineOf('a1', 'b1').surplus('a')).toBeUndefined();
    expect(lineOf('a1', 'b1').surplus('c')).toBeUndefined();
  });
});
