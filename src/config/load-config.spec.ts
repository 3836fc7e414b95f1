import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepDevelopmentKey } from './development-keys.js';
import { loadConfig, loadKeyConfig } from './load-config.js';

const noneLost = () => Promise.resolve();

describe('loadConfig', () => {
  let parent: string;
  let dataDir: string;

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'load-config-'));
    dataDir = join(parent, 'data');
  });

  afterEach(async () => {
    await rm(parent, { recursive: true });
  });

  it('creates the development keys once and reuses them', async () => {
    const first = await loadConfig({ DATA_DIR: dataDir });
    const second = await loadConfig({ DATA_DIR: dataDir });
    expect(first.keys).toEqual(second.keys);
    expect(first.keys[0]?.secret.length).toBe(32);
  });

  it('makes the key file readable for its owner only', async () => {
    await loadConfig({ DATA_DIR: dataDir });
    expect((await stat(join(dataDir, 'two-factor.keys'))).mode & 0o777).toBe(0o600);
  });

  it('gives processes that start at the same time the same keys', async () => {
    const configs = await Promise.all(Array.from({ length: 8 }, () => loadConfig({ DATA_DIR: dataDir })));
    expect(new Set(configs.map(({ keys }) => keys[0]?.secret.join())).size).toBe(1);
    expect(await readdir(dataDir)).toEqual(['two-factor.keys']);
  });

  it('prefers the keys of the environment and writes no key file then', async () => {
    const config = await loadConfig({
      DATA_DIR: dataDir,
      TWO_FACTOR_KEYS: `mine:${Buffer.alloc(32).toString('base64')}`,
    });
    expect(config.keys.map(({ kid }) => kid)).toEqual(['mine']);
    await expect(stat(dataDir)).rejects.toThrow('ENOENT');
  });

  it('writes no key file when another variable is bad', async () => {
    await expect(loadConfig({ DATA_DIR: dataDir, PORT: 'x' })).rejects.toThrow(/^Bad environment: PORT [^;]+$/);
    await expect(stat(dataDir)).rejects.toThrow('ENOENT');
  });

  it('creates no keys in production', async () => {
    await expect(loadConfig({ DATA_DIR: dataDir, NODE_ENV: 'production' })).rejects.toThrow(
      'TWO_FACTOR_KEYS is missing',
    );
    await expect(stat(dataDir)).rejects.toThrow('ENOENT');
  });

  it('names the key file when its content is damaged', async () => {
    await mkdir(dataDir);
    await writeFile(join(dataDir, 'two-factor.keys'), 'nonsense');
    await expect(loadConfig({ DATA_DIR: dataDir })).rejects.toThrow(/TWO_FACTOR_KEYS/);
    expect(await readFile(join(dataDir, 'two-factor.keys'), 'utf8')).toBe('nonsense');
  });

  it('prepends a key to the development keys atomically, readable for the owner only', async () => {
    const [old] = (await loadConfig({ DATA_DIR: dataDir })).keys;
    await keepDevelopmentKey(dataDir, `new:${Buffer.alloc(32, 1).toString('base64')}`, noneLost);
    const { keys } = await loadKeyConfig({ DATA_DIR: dataDir });
    expect(keys).toEqual([{ kid: 'new', secret: Buffer.alloc(32, 1) }, old]);
    expect((await stat(join(dataDir, 'two-factor.keys'))).mode & 0o777).toBe(0o600);
    expect(await readdir(dataDir)).toEqual(['two-factor.keys']);
  });

  it('lets one process at a time replace the keys', async () => {
    const entries = Array.from({ length: 8 }, (_, n) => `k${n}:${Buffer.alloc(32, n).toString('base64')}`);
    const outcomes = await Promise.allSettled(entries.map((entry) => keepDevelopmentKey(dataDir, entry, noneLost)));
    const kept = outcomes.filter(({ status }) => status === 'fulfilled').length;
    expect(kept).toBeGreaterThan(0);
    // No key is lost that a process was told is stored.
    expect((await loadKeyConfig({ DATA_DIR: dataDir })).keys).toHaveLength(1 + kept);
  });
});
