import { beforeEach, describe, expect, it } from '@jest/globals';
import { LineWriter } from './line-writer.js';

/** A reader that accepts a limited number of bytes, as a non-blocking pipe does. */
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

  it('keeps lines complete and in order when the reader accepts only a part', () => {
    reader.room = 2;
    writer.write('one\n');
    writer.write('two\n');
    expect(reader.text).toBe('on');
    reader.room = Infinity;
    writer.write('six\n');
    expect(reader.text).toBe('one\ntwo\nsix\n');
  });

  it('writes the buffered lines as soon as the reader accepts bytes, without another call of `write`', async () => {
    reader.room = 0;
    writer.write('one\n');
    reader.room = Infinity;
    while (reader.text === '') await new Promise((resolve) => setTimeout(resolve, 5));
    expect(reader.text).toBe('one\n');
  });

  it('drops lines beyond the limit, and writes how many at the place where they are missing', () => {
    reader.room = 0;
    for (const line of ['one\n', 'two\n', 'six\n', 'x\n', 'ten\n']) writer.write(line);
    reader.room = Infinity;
    writer.write('new\n');
    expect(reader.text).toBe('one\ntwo\ndropped 3\nnew\n');
  });

  it('throws no error when the reader is gone, and counts the dropped lines until a reader returns', () => {
    reader.failure = 'EPIPE';
    for (const line of ['one\n', 'two\n', 'six\n']) writer.write(line);
    reader.failure = undefined;
    writer.write('new\n');
    expect(reader.text).toBe('dropped 3\nnew\n');
  });

  it('waits for the reader when it closes, up to the given time', () => {
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
