import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';

const DOCUMENT = 'docs/add-a-factor.md';

const withoutIndent = (text: string) => text.split('\n').map((line) => line.trim());

/** Code blocks of the document, each with the file that its first line names. */
async function blocks(): Promise<Array<{ path: string; lines: string[] }>> {
  const text = await readFile(DOCUMENT, 'utf8');
  return [...text.matchAll(/^```ts\n\/\/ (\S+)\n(.*?)^```$/gms)].map(([, path = '', code = '']) => ({
    path,
    lines: withoutIndent(code).filter((line) => line !== ''),
  }));
}

it('quotes in docs/add-a-factor.md only lines that are in the named files, in the same order', async () => {
  const shown = await blocks();
  expect(shown.length).toBeGreaterThan(7);
  expect((await readFile(DOCUMENT, 'utf8')).match(/^```ts$/gm)).toHaveLength(shown.length);
  for (const { path, lines } of shown) {
    const source = withoutIndent(await readFile(path, 'utf8'));
    // The document may omit lines between two lines that it shows.
    let from = 0;
    for (const line of lines) {
      const found = source.indexOf(line, from);
      expect({ path, line, found: found >= 0 }).toEqual({ path, line, found: true });
      from = found + 1;
    }
  }
});
