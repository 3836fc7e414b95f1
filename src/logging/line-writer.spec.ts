import { beforeEach, describe, expect, it } from '@jest/globals';
import { LineWriter } from './line-writer.js';

/** A reader with room for so many bytes, as a pipe that does not block has it. */
class Reader {
  text = '';
  room = Infinity;
  failure: string | undefined;

  readonly write = (bytes: Uint8Array): number => {
    if (this.failure !== undefined) throw Object.assign(new Error('failed'), { code: this.failure });
    if (this.room === 0) throw Object.assign(new Error('nothing fits'), { code: 'EAGAIN' });
    const taken = bytes.subarray(0, this.room);
    this.room -= taken.length;
    this.text += Buffer.from(taken).toString();
    return taken.length;
  };
}

describe('LineWriter', () => {
  let reader: Reader;
  let writer: LineWriter;
  beforeEach(() => {
    reader = new Reader();
    writer = new LineWriter({
      write: reader.write,
      mostWaiting: 10,
      onDropped: (lines) => writer.write(`dropped ${lines}\n`),
    });
  });

  it('has written a line when `write` returns, as long as the reader keeps up', () => {
    writer.write('one\n');
    expect(reader.text).toBe('one\n');
  });

  it('keeps lines whole and in order when the reader takes a part', () => {
    reader.room = 2;
    writer.write('one\n');
    writer.write('two\n');
    expect(reader.text).toBe('on');
    reader.room = Infinity;
    writer.write('six\n');
    expect(reader.text).toBe('one\ntwo\nsix\n');
  });

  it('writes what waits as soon as there is room, without another line', async () => {
    reader.room = 0;
    writer.write('one\n');
    reader.room = Infinity;
    while (reader.text === '') await new Promise((resolve) => setTimeout(resolve, 5));
    expect(reader.text).toBe('one\n');
  });

  it('drops what is beyond the bound, and tells how much at the place where it is missing', () => {
    reader.room = 0;
    for (const line of ['one\n', 'two\n', 'six\n', 'x\n', 'ten\n']) writer.write(line);
    reader.room = Infinity;
    writer.write('new\n');
    expect(reader.text).toBe('one\ntwo\ndropped 3\nnew\n');
  });

  it('throws nothing when the reader is gone, and counts what it missed until there is one again', () => {
    reader.failure = 'EPIPE';
    for (const line of ['one\n', 'two\n', 'six\n']) writer.write(line);
    reader.failure = undefined;
    writer.write('new\n');
    expect(reader.text).toBe('dropped 3\nnew\n');
  });

  it('waits for the reader at the end, and no longer than it was told', () => {
    reader.room = 0;
    writer.write('one\n');
    const before = Date.now();
    writer.flush(50);
    expect(Date.now() - before).toBeGreaterThanOrEqual(50);
    expect(reader.text).toBe('');
    reader.room = Infinity;
    writer.flush(60_000);
    expect(reader.text).toBe('one\n');
  });
});
