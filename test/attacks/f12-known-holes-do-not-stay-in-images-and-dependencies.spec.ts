import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The first versions that are not older than what this repository was last checked against. */
const AT_LEAST = { node: '24.21.0', postgres: '17.11', redis: '8.2.9', 'axllent/mailpit': '1.31.4' };

describe('F12: a published hole in an old image or dependency is used', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'two-factor-audit-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it('images are pinned to exact versions, none older than those of November 2026', async () => {
    const images = [
      ...(await readFile('Dockerfile', 'utf8')).matchAll(/^FROM (\S+?):(\S+)/gm),
      ...(await readFile('docker-compose.yml', 'utf8')).matchAll(/^ +image: (\S+?):(\S+)/gm),
    ].map(([, name = '', tag = '']) => [name, tag] as const);
    expect(new Set(images.map(([name]) => name))).toEqual(new Set(Object.keys(AT_LEAST)));
    for (const [name, tag] of images) {
      const [, version] = /^v?(\d+(?:\.\d+)+)(?:-[a-z-]+)?(?:@sha256:[0-9a-f]{64})?$/.exec(tag) ?? [];
      expect([name, version]).toEqual([name, expect.any(String)]);
      const oldest = AT_LEAST[name as keyof typeof AT_LEAST];
      expect(version?.split('.')).toHaveLength(oldest.split('.').length);
      expect(numeric(version)).toBeGreaterThanOrEqual(numeric(oldest));
    }
  });

  it('CI runs the audit', async () => {
    expect(await readFile('.ci/run', 'utf8')).toMatch(/^node \.ci\/audit\.js$/m);
  });

  it.each([
    ['fails when vulnerabilities are found', 1, report({ qs: { severity: 'low' } }), 1, 'vulnerabilities: 1'],
    ['passes when none is found', 0, report({}), 0, 'no known vulnerability'],
    ['goes on when the service refuses', 1, '{"statusCode":405,"message":"405"}', 0, 'no audit service answered'],
    ['goes on when the service is not reached', 1, 'npm error network', 0, 'no audit service answered'],
    ['fails when npm counts a vulnerability and exits with 0', 0, report({ qs: {} }), 1, 'vulnerabilities: 1'],
  ])('the audit %s', async (_, npmStatus, output, status, said) => {
    const npm = join(folder, 'npm');
    await writeFile(npm, `#!/bin/sh\ncat <<'JSON'\n${output}\nJSON\nexit ${npmStatus}\n`);
    await chmod(npm, 0o755);
    const env = { PATH: `${folder}:${process.env.PATH}` };
    const audit = spawnSync(process.execPath, ['.ci/audit.js'], { env, encoding: 'utf8' });
    expect([audit.status, audit.stdout + audit.stderr]).toEqual([status, expect.stringContaining(said)]);
  });
});

/** As `npm audit --json` writes it. */
function report(vulnerabilities: Record<string, object>): string {
  const total = Object.keys(vulnerabilities).length;
  return JSON.stringify({ auditReportVersion: 2, vulnerabilities, metadata: { vulnerabilities: { total } } });
}

/** Each part below 1000, as one number that compares. */
function numeric(version = ''): number {
  return version.split('.').reduce((sum, part) => 1000 * sum + Number(part), 0);
}
