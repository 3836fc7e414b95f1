import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The oldest allowed versions: this repository was last checked against them. */
const AT_LEAST = { node: '24.21.0', postgres: '17.11', redis: '8.2.9', 'axllent/mailpit': '1.31.4' };

describe('F12: published holes do not stay in images and dependencies', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'two-factor-audit-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it('pins images to exact versions, none older than those of November 2026', async () => {
    const images = [
      ...(await readFile('Dockerfile', 'utf8')).matchAll(/^FROM (\S+?):(\S+)/gm),
      ...(await readFile('cluster/Dockerfile', 'utf8')).matchAll(/^FROM (\S+?):(\S+)/gm),
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

  it('runs the audit in CI', async () => {
    expect(await readFile('.ci/run', 'utf8')).toMatch(/^node \.ci\/audit\.js$/m);
  });

  it.each([
    ['fails when npm finds vulnerabilities', 1, report({ qs: { severity: 'low' } }), 1, 'vulnerabilities: 1'],
    ['passes when npm finds none', 0, report({}), 0, 'no known vulnerability'],
    [
      'passes when the registry refuses the audit',
      1,
      '{"statusCode":405,"message":"405"}',
      0,
      'no audit service answered',
    ],
    ['passes when the registry is unreachable', 1, 'npm error network', 0, 'no audit service answered'],
    ['fails when npm counts a vulnerability and exits with 0', 0, report({ qs: {} }), 1, 'vulnerabilities: 1'],
  ])('has an audit that %s', async (_, npmStatus, output, status, said) => {
    const npm = join(folder, 'npm');
    await writeFile(npm, `#!/bin/sh\ncat <<'JSON'\n${output}\nJSON\nexit ${npmStatus}\n`);
    await chmod(npm, 0o755);
    const env = { PATH: `${folder}:${process.env.PATH}` };
    const audit = spawnSync(process.execPath, ['.ci/audit.js'], { env, encoding: 'utf8' });
    expect([audit.status, audit.stdout + audit.stderr]).toEqual([status, expect.stringContaining(said)]);
  });
});

/** Formats a report like `npm audit --json`. */
function report(vulnerabilities: Record<string, object>): string {
  const total = Object.keys(vulnerabilities).length;
  return JSON.stringify({ auditReportVersion: 2, vulnerabilities, metadata: { vulnerabilities: { total } } });
}

/** Turns a version into one comparable number. Each part must be below 1000. */
function numeric(version = ''): number {
  return version.split('.').reduce((sum, part) => 1000 * sum + Number(part), 0);
}
