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

  it('makes development keys once and keeps them', async () => {
    const first = await loadConfig({ DATA_DIR: dataDir });
    const second = await loadConfig({ DATA_DIR: dataDir });
    expect(first.keys).toEqual(second.keys);
    expect(first.keys[0]?.secret.length).toBe(32);
  });

  it('keeps them from other users', async () => {
    await loadConfig({ DATA_DIR: dataDir });
    expect((await stat(join(dataDir, 'two-factor.keys'))).mode & 0o777).toBe(0o600);
  });

  it('gives processes that start at once the same keys', async () => {
    const configs = await Promise.all(Array.from({ length: 8 }, () => loadConfig({ DATA_DIR: dataDir })));
    expect(new Set(configs.map(({ keys }) => keys[0]?.secret.join())).size).toBe(1);
    expect(await readdir(dataDir)).toEqual(['two-factor.keys']);
  });

  it('prefers the keys of the environment and then writes nothing', async () => {
    const config = await loadConfig({
      DATA_DIR: dataDir,
      TWO_FACTOR_KEYS: `mine:${Buffer.alloc(32).toString('base64')}`,
    });
    expect(config.keys.map(({ kid }) => kid)).toEqual(['mine']);
    await expect(stat(dataDir)).rejects.toThrow('ENOENT');
  });

  it('writes nothing when another variable is bad', async () => {
    await expect(loadConfig({ DATA_DIR: dataDir, PORT: 'x' })).rejects.toThrow(/^Bad environment: PORT [^;]+$/);
    await expect(stat(dataDir)).rejects.toThrow('ENOENT');
  });

  it('makes up no keys in production', async () => {
    await expect(loadConfig({ DATA_DIR: dataDir, NODE_ENV: 'production' })).rejects.toThrow(
      'TWO_FACTOR_KEYS is missing',
    );
    await expect(stat(dataDir)).rejects.toThrow('ENOENT');
  });

  it('says where the keys are when they are spoilt', async () => {
    await mkdir(dataDir);
    await writeFile(join(dataDir, 'two-factor.keys'), 'nonsense');
    await expect(loadConfig({ DATA_DIR: dataDir })).rejects.toThrow(/TWO_FACTOR_KEYS/);
    expect(await readFile(join(dataDir, 'two-factor.keys'), 'utf8')).toBe('nonsense');
  });

  it('puts a key in front of the development keys, as a whole and for the owner alone', async () => {
    const [old] = (await loadConfig({ DATA_DIR: dataDir })).keys;
    await keepDevelopmentKey(dataDir, `new:${Buffer.alloc(32, 1).toString('base64')}`, noneLost);
    const { keys } = await loadKeyConfig({ DATA_DIR: dataDir });
    expect(keys).toEqual([{ kid: 'new', secret: Buffer.alloc(32, 1) }, old]);
    expect((await stat(join(dataDir, 'two-factor.keys'))).mode & 0o777).toBe(0o600);
    expect(await readdir(dataDir)).toEqual(['two-factor.keys']);
  });

  it('lets one process at a time replace them', async () => {
    const entries = Array.from({ length: 8 }, (_, n) => `k${n}:${Buffer.alloc(32, n).toString('base64')}`);
    const outcomes = await Promise.allSettled(entries.map((entry) => keepDevelopmentKey(dataDir, entry, noneLost)));
    const kept = outcomes.filter(({ status }) => status === 'fulfilled').length;
    expect(kept).toBeGreaterThan(0);
    // Nothing that was said to be kept is lost.
    expect((await loadKeyConfig({ DATA_DIR: dataDir })).keys).toHaveLength(1 + kept);
  });
});
