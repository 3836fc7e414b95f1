import { describe, expect, it } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';

/*
 * `docs/security.md` promises a test for every control, against every attack and for every claim about accounts. This file
 * compares the promise with the files.
 */

const DOCUMENT = 'docs/security.md';
const CONTROLS_FOLDER = 'test/controls';
const ATTACKS_FOLDER = 'test/attacks';
const ATTACKS = 15;
const ACCOUNT_CLAIMS = 6;

/** The part of the document below one heading `### number. title`. */
interface Claim {
  /** `12`, `F4` or `A1`. */
  readonly id: string;
  readonly title: string;
  /** Empty where the part has no such line. */
  readonly source: string;
  readonly files: readonly string[];
  readonly residual: string;
}

async function claims(): Promise<Claim[]> {
  const text = await readFile(DOCUMENT, 'utf8');
  return text
    .split(/^(?=#{2,3} )/m)
    .filter((part) => part.startsWith('### '))
    .map((part) => {
      const [, id = '', title = ''] = /^### (\S+)\. (.+)$/m.exec(part) ?? [];
      const line = (label: string) => new RegExp(`^- ${label}: ((?:.|\\n(?!- |\\n))+)$`, 'm').exec(part)?.[1] ?? '';
      const files = [...line('Tests').matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, file = '']) => file);
      return { id, title, source: line('Source'), files, residual: line('Residual risk') };
    });
}

const controls = async () => (await claims()).filter(({ id }) => /^\d+$/.test(id));
const attacks = async () => (await claims()).filter(({ id }) => /^F\d+$/.test(id));
const accountClaims = async () => (await claims()).filter(({ id }) => /^A\d+$/.test(id));

const specs = async () => (await readdir(CONTROLS_FOLDER)).filter((name) => /^\d\d-.+\.spec\.ts$/.test(name));

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

const CONTROLS: readonly number[] = [...upTo(44), 48, 49];

describe('docs/security.md', () => {
  it('has nothing but controls, attacks and claims about accounts below its third-level headings', async () => {
    for (const { id, title } of await claims())
      expect([id, title]).toEqual([expect.stringMatching(/^[AF]?\d+$/), title]);
    expect((await claims()).length).toBe(
      (await controls()).length + (await attacks()).length + (await accountClaims()).length,
    );
  });

  it('gives every claim a title, a test with cases in it, and its residual risk', async () => {
    for (const { id, title, files, residual } of await claims()) {
      expect([id, title]).not.toEqual([id, '']);
      expect([id, residual]).not.toEqual([id, '']);
      expect([id, files.length]).not.toEqual([id, 0]);
      for (const file of files) {
        const text = await readFile(file, 'utf8').catch(() => '');
        expect([id, file, /\bit(\.each\b[^]*?)?[(<]/.test(text)]).toEqual([id, file, true]);
      }
    }
  });
});

describe('the controls of docs/security.md', () => {
  it('are all there once, in order, each with its source', async () => {
    const listed = await controls();
    expect(listed.map(({ id }) => Number(id))).toEqual(CONTROLS);
    for (const { id, source } of listed) expect([id, source]).not.toEqual([id, '']);
  });

  it('name the one file of their number, and every file of the folder is named', async () => {
    for (const { id, files } of await controls()) {
      const prefix = `${CONTROLS_FOLDER}/${id.padStart(2, '0')}-`;
      expect([id, files.filter((file) => file.startsWith(prefix)).length]).toEqual([id, 1]);
    }
    const named = (await controls()).flatMap(({ files }) => files);
    for (const name of await specs()) expect(named).toContain(`${CONTROLS_FOLDER}/${name}`);
  });

  it('are what the files say they prove: each file begins with its number and skips nothing', async () => {
    for (const name of await specs()) {
      const text = await readFile(`${CONTROLS_FOLDER}/${name}`, 'utf8');
      expect([name, text.includes(`control ${name.slice(0, 2)}: `)]).toEqual([name, true]);
      expect([name, /\b(?:it|describe)\.(?:skip|only|todo)\b/.test(text)]).toEqual([name, false]);
    }
  });
});

describe('the attacks of docs/security.md', () => {
  it('are all there, in order', async () => {
    const numbers = (await attacks()).map(({ id }) => Number(id.slice(1)));
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect([...new Set(numbers)]).toEqual(upTo(ATTACKS));
  });

  it('name every file of their folder once, below a heading of its number', async () => {
    const there = (await readdir(ATTACKS_FOLDER)).filter((name) => name.endsWith('.spec.ts'));
    const named = (await attacks()).flatMap(({ id, files }) => files.map((file) => ({ id, file })));
    expect(named.map(({ file }) => file).toSorted()).toEqual(
      there.map((name) => `${ATTACKS_FOLDER}/${name}`).toSorted(),
    );
    for (const { id, file } of named) {
      expect(file).toContain(`/f${id.slice(1).padStart(2, '0')}-`);
      const text = await readFile(file, 'utf8');
      expect([file, text.includes(`'${id}: `)]).toEqual([file, true]);
      expect([file, /\b(?:it|describe)\.(?:skip|only|todo)\b/.test(text)]).toEqual([file, false]);
    }
  });
});

describe('the claims about accounts of docs/security.md', () => {
  it('are all there once, in order', async () => {
    expect((await accountClaims()).map(({ id }) => id)).toEqual(upTo(ACCOUNT_CLAIMS).map((number) => `A${number}`));
  });
});
