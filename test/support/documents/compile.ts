import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import ts from 'typescript';
import type { Block } from './markdown.js';

/** Where the blocks would lie if they were files. The folder is ignored by git and by the linter. */
const FOLDER = resolve('build/documents');

const PACKAGE = {
  'nestjs-two-factor': [resolve('src/two-factor/index.ts')],
  'nestjs-two-factor/delivery': [resolve('src/delivery/index.ts')],
  'nestjs-two-factor/testing': [resolve('src/two-factor/testing/index.ts')],
};

/** A TypeScript block with the name of its file. */
export interface SourceBlock extends Block {
  readonly file: string;
}

/**
 * Names the blocks by the comment in their first line, `// acme-users.ts`; blocks import each other by these names.
 *
 * @throws {Error} when two blocks have one name
 */
export function sourceBlocks(blocks: readonly Block[]): SourceBlock[] {
  const sources = blocks.map((block, index) => {
    const [, name = `block-${index + 1}.ts`] = /^\/\/ ([\w.-]+\.ts)$/m.exec(block.text.split('\n', 1)[0] ?? '') ?? [];
    return { ...block, file: `${FOLDER}/${name}` };
  });
  for (const { file } of sources) {
    if (sources.filter((other) => other.file === file).length > 1) throw new Error(`Two blocks are named ${file}`);
  }
  return sources;
}

/**
 * Compiles the blocks together with the library's sources, with the options of this repository.
 *
 * @returns the errors in the blocks, as `document: file(line): message`
 */
export function compile(sources: readonly SourceBlock[]): string[] {
  const { config } = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path)) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
  const texts = new Map(sources.map(({ file, text }) => [file, text]));
  const host = ts.createCompilerHost({ ...options, paths: PACKAGE });
  const getSourceFile = host.getSourceFile.bind(host);
  host.fileExists = (path) => texts.has(path) || ts.sys.fileExists(path);
  host.readFile = (path) => texts.get(path) ?? ts.sys.readFile(path);
  host.directoryExists = (path) => path === FOLDER || ts.sys.directoryExists(path);
  host.getSourceFile = (path, version, ...rest) => {
    const text = texts.get(path);
    return text === undefined ? getSourceFile(path, version, ...rest) : ts.createSourceFile(path, text, version, true);
  };
  const program = ts.createProgram([...texts.keys()], { ...options, paths: PACKAGE, incremental: false }, host);
  return sources.flatMap(({ document, file }) => {
    const source = program.getSourceFile(file);
    if (!source) return [`${document}: ${file} was not compiled`];
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map((fault) => {
      const line = source.getLineAndCharacterOfPosition(fault.start ?? 0).line + 1;
      const message = ts.flattenDiagnosticMessageText(fault.messageText, ' ');
      return `${document}: ${file.slice(FOLDER.length + 1)}(${line}): ${message}`;
    });
  });
}

/**
 * Writes the blocks as JavaScript, without a look at their types. Inside of this repository, so that Node.js finds the package
 * by its own name in `dist/`.
 *
 * @see ensureBuilt
 */
export async function transpile(sources: readonly SourceBlock[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const compilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    useDefineForClassFields: false,
  };
  for (const { file, text } of sources) {
    const { outputText } = ts.transpileModule(text, { compilerOptions });
    await writeFile(join(folder, basename(file).replace(/\.ts$/, '.js')), outputText);
  }
}
