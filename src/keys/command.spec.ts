import { describe, expect, it } from '@jest/globals';
import { readCommand } from './command.js';

const read = (line: string) => readCommand(line === '' ? [] : line.split(' '));

describe('the parser of the arguments of `keys`', () => {
  it.each([
    ['generate', { name: 'generate', keep: false }],
    ['generate --keep', { name: 'generate', keep: true }],
    ['status', { name: 'status' }],
    ['rotate', { name: 'rotate', batchSize: undefined }],
    ['rotate --batch-size 1', { name: 'rotate', batchSize: 1 }],
    ['rotate --batch-size=10000', { name: 'rotate', batchSize: 10_000 }],
    ['retire k1', { name: 'retire', kid: 'k1', now: false }],
    ['retire --now k1', { name: 'retire', kid: 'k1', now: true }],
  ])('accepts %p as a command', (line, command) => {
    expect(read(line)).toEqual(command);
  });

  it.each(['', 'help', 'Status', 'status k1', 'generate k1', 'rotate k1', 'retire', 'retire k1 k2'])(
    'refuses %p as no command',
    (line) => {
      expect(read(line)).toBeNull();
    },
  );

  it.each([
    'rotate --batch-size 0',
    'rotate --batch-size 10001',
    'rotate --batch-size 1.5',
    'rotate --batch-size many',
    'rotate --batch-size',
    'rotate --force',
    'status --keep',
  ])('refuses %p because of its option', (line) => {
    expect(() => read(line)).toThrow(expect.objectContaining({ name: 'StartupError' }));
  });
});
