import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A fenced block of a document. */
export interface Block {
  /** Path of the document, from the root of the repository. */
  readonly document: string;
  /** Word after the fence, such as `sh`; empty where there is none. */
  readonly language: string;
  /** Without the indentation of a list item. Ends with a newline. */
  readonly text: string;
  /** Whether `<!-- fragment -->` stands before it: a part of a file, which cannot be compiled by itself. */
  readonly fragment: boolean;
}

const FENCE = /^((?:<!-- fragment -->\n\n?)?)( *)```(\w*)\n([^]*?)^\2```$/gm;

/** Every document of the repository, README.md first. */
export const documents: readonly string[] = [
  'README.md',
  ...readdirSync('.').filter((name) => name.endsWith('.md') && name !== 'README.md'),
  'test/README.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name))
    .toSorted(),
];

export function textOf(document: string): string {
  return readFileSync(document, 'utf8');
}

/** The fenced blocks of a document, in order. */
export function blocksOf(document: string): Block[] {
  return [...textOf(document).matchAll(FENCE)].map(([, mark = '', indent = '', language = '', text = '']) => ({
    document,
    language,
    text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    fragment: mark !== '',
  }));
}

/** A document without its fenced blocks. */
export function proseOf(document: string): string {
  return textOf(document).replaceAll(FENCE, '');
}

/** Path of the file that a block quotes: the comment in its first line, `// test/acme/company/board.guard.ts`. */
export function quotedFile({ text }: Block): string | undefined {
  return /^\/\/ ((?:[\w.-]+\/)+[\w.-]+)\n/.exec(text)?.[1];
}
