import { describe, expect, it } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';

/*
 * `docs/security.md` promises a proof for every control and against every attack. These tests compare that promise with
 * the files.
 */

const TABLE = 'docs/security.md';
const FOLDER = 'test/controls';
const CONTROLS = 40;
const ATTACKS_FOLDER = 'test/attacks';
const ATTACKS = 15;

interface Row {
  readonly number: number;
  readonly control: string;
  readonly source: string;
  readonly files: readonly string[];
  readonly residual: string;
}

/** Parses rows of the form `| number | control | source | proof | residual risk |`. */
async function rows(): Promise<Row[]> {
  const text = await readFile(TABLE, 'utf8');
  return [...text.matchAll(/^\| (\d+) +\|(.*)\|$/gm)].map(([, number, rest = '']) => {
    const [control = '', source = '', proof = '', residual = ''] = rest.split(' | ').map((cell) => cell.trim());
    const files = [...proof.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, file = '']) => file);
    return { number: Number(number), control, source, files, residual };
  });
}

const specs = async () => (await readdir(FOLDER)).filter((name) => /^\d\d-.+\.spec\.ts$/.test(name));

describe('the table of controls', () => {
  it('lists every control once, in order, with a source, a proof and its residual risk', async () => {
    const table = await rows();
    expect(table.map(({ number }) => number)).toEqual(Array.from({ length: CONTROLS }, (_, index) => index + 1));
    for (const { number, control, source, files, residual } of table) {
      for (const cell of [control, source, residual]) expect([number, cell]).not.toEqual([number, '']);
      expect([number, files.length]).not.toEqual([number, 0]);
    }
  });

  it('names the file of its number for each control, and only files that exist', async () => {
    const there = await specs();
    for (const { number, files } of await rows()) {
      const prefix = `${FOLDER}/${String(number).padStart(2, '0')}-`;
      expect(files.filter((file) => file.startsWith(prefix))).toHaveLength(1);
      for (const file of files) {
        const text = await readFile(file, 'utf8').catch(() => '');
        expect([number, file, /\bit(\.each\b[^]*?)?[(<]/.test(text)]).toEqual([number, file, true]);
      }
    }
    const named = (await rows()).flatMap(({ files }) => files);
    for (const name of there) expect(named).toContain(`${FOLDER}/${name}`);
  });

  it('matches the files, each of which begins with its number and skips no test', async () => {
    for (const name of await specs()) {
      const text = await readFile(`${FOLDER}/${name}`, 'utf8');
      expect([name, text.includes(`control ${name.slice(0, 2)}: `)]).toEqual([name, true]);
      expect([name, /\b(?:it|describe)\.(?:skip|only|todo)\b/.test(text)]).toEqual([name, false]);
    }
  });
});

/** Parses rows of the form `| F1 | what holds | proof | residual risk |`. */
async function attackRows() {
  const text = await readFile(TABLE, 'utf8');
  return [...text.matchAll(/^\| F(\d+) +\|(.*)\|$/gm)].map(([, number, rest = '']) => {
    const [holds = '', proof = '', residual = ''] = rest.split(' | ').map((cell) => cell.trim());
    const files = [...proof.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, file = '']) => file);
    return { number: Number(number), holds, files, residual };
  });
}

describe('the table of attacks', () => {
  it('lists every attack in order, each with a proof and its residual risk', async () => {
    const table = await attackRows();
    const numbers = table.map(({ number }) => number);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect([...new Set(numbers)]).toEqual(Array.from({ length: ATTACKS }, (_, index) => index + 1));
    for (const { number, holds, files, residual } of table) {
      for (const cell of [holds, residual]) expect([number, cell]).not.toEqual([number, '']);
      expect([number, files.length]).not.toEqual([number, 0]);
    }
  });

  it('names every file of the folder in the row of its number, and only files that exist', async () => {
    const there = (await readdir(ATTACKS_FOLDER)).filter((name) => name.endsWith('.spec.ts'));
    const named = (await attackRows()).flatMap(({ number, files }) => files.map((file) => ({ number, file })));
    expect(named.map(({ file }) => file).toSorted()).toEqual(
      there.map((name) => `${ATTACKS_FOLDER}/${name}`).toSorted(),
    );
    for (const { number, file } of named) {
      expect(file).toContain(`/f${String(number).padStart(2, '0')}-`);
      const text = await readFile(file, 'utf8');
      expect([file, text.includes(`'F${number}: `)]).toEqual([file, true]);
      expect([file, /\b(?:it|describe)\.(?:skip|only|todo)\b/.test(text)]).toEqual([file, false]);
    }
  });
});
