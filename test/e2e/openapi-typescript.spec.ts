import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import openapiTypescript, { astToString, type OpenAPI3 } from 'openapi-typescript';
import ts from 'typescript';

describe('types that openapi-typescript generates from openapi.json', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'two-factor-types-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('narrow the responses of sign-in and enable, and contain the codes of errors', async () => {
    const document = JSON.parse(await readFile('openapi.json', 'utf8')) as OpenAPI3;
    await writeFile(join(folder, 'api.d.ts'), astToString(await openapiTypescript(document, { silent: true })));
    const client = join(folder, 'client.ts');
    await copyFile('test/e2e/fixtures/typed-client.ts.txt', client);
    const program = ts.createProgram([client], {
      strict: true,
      noEmit: true,
      noUncheckedIndexedAccess: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      types: [],
    });
    const faults = ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
    expect(faults).toEqual([]);
  }, 120_000);
});
