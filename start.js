import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/*
 * `npm start`: builds the service if a source has changed, then runs it.
 *
 * The service runs in this process, so it receives Ctrl-C and sets the exit code. During the build, this process passes a
 * signal on to the compiler: otherwise SIGTERM would end this process only, and the compiler would continue.
 */
const root = import.meta.dirname;
const MAIN = join(root, 'dist/main.js');
const SETTINGS = ['tsconfig.json', 'tsconfig.build.json', 'nest-cli.json', 'esbuild.config.js', 'package-lock.json'];

/** The build program that is running, and the signal that it received. */
let running;
let signalled;

if (builtAt() <= changedAt()) {
  process.on('SIGINT', passOn).on('SIGTERM', passOn);
  // A build takes many seconds: reports a misspelt variable before it.
  await run('--import', 'tsx', 'src/programs/check-environment.ts');
  console.log('Building … (about 20 seconds, and only after a change)');
  await run('node_modules/@nestjs/cli/bin/nest.js', 'build');
  await run('esbuild.config.js');
  process.off('SIGINT', passOn).off('SIGTERM', passOn);
}
await import('./dist/main.js');

/** @returns the time of the last complete build, 0 for none: `dist/main.js` is among the last files that it writes */
function builtAt() {
  return statSync(MAIN, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** @returns the time of the last change of a source; folders count: they change when a file is removed */
function changedAt() {
  const sources = readdirSync(join(root, 'src'), { recursive: true }).filter((path) => !path.endsWith('.spec.ts'));
  const paths = [...SETTINGS, 'src', ...sources.map((path) => join('src', path))];
  return Math.max(...paths.map((path) => statSync(join(root, path)).mtimeMs));
}

/** Runs a Node.js program to its end. Exits this process when the program fails or is interrupted. */
async function run(...words) {
  running = spawn(process.execPath, words, { cwd: root, stdio: 'inherit' });
  if (signalled) running.kill(signalled);
  const [code] = await once(running, 'exit');
  if (code !== 0 || signalled) process.exit(code || 1);
}

function passOn(signal) {
  signalled = signal;
  running?.kill(signal);
}
