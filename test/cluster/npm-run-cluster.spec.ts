import { expect, it } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { missingProgram } from '../../cluster/cluster.js';
import { ensureBuilt } from '../support/build.js';
import { describeWith } from '../support/describe-with.js';

const run = promisify(execFile);
const missing = missingProgram();
const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin` };

describeWith(missing && `${missing} is not installed (apt-get install haproxy pgbouncer redis-server)`)(
  '`npm run cluster`',
  () => {
    it('prints its URLs, and ends everything at Ctrl-C', async () => {
      await ensureBuilt();
      const child = spawn(process.execPath, ['--import', 'tsx', 'cluster/start.ts', '--replicas', '1'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const values = new Map<string, string>();
      const printed = createInterface(child.stdout);
      const exit = once(child, 'exit');
      for await (const line of printed) {
        const [, name = '', value = ''] = /^(\w+)\b.*? {2,}(\S+)/.exec(line) ?? [];
        values.set(name, value);
        if (line.startsWith('Mails are printed below')) break;
      }
      const health = await fetch(`${new URL(values.get('API') ?? '').origin}/health`);
      expect([health.status, await health.json()]).toEqual([200, expect.objectContaining({ database: 'up' })]);
      const folder = values.get('Logs') ?? '';
      expect(existsSync(folder)).toBe(true);

      child.stdout.resume();
      child.kill('SIGINT');
      expect(await exit).toEqual([0, null]);
      expect(existsSync(folder)).toBe(false);
      expect(await processesWith(folder)).toEqual([]);
    }, 300_000);

    it('has a balancer in docker-compose.yml whose configuration HAProxy accepts', async () => {
      await run('haproxy', ['-c', '-f', 'cluster/haproxy.compose.cfg'], { env });
    });
  },
);

/**
 * @returns the processes whose command line or environment names the folder: every program of the cluster does. None where the
 *   system has no `/proc`
 */
async function processesWith(folder: string): Promise<string[]> {
  const ids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const texts = ids.map(async (id) => {
    const parts = ['cmdline', 'environ'].map((part) => readFile(`/proc/${id}/${part}`, 'utf8').catch(() => ''));
    return (await Promise.all(parts)).join(' ').includes(folder) ? id : '';
  });
  return (await Promise.all(texts)).filter((id) => id !== '');
}
