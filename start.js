import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/*
 * `npm start`: builds what has changed, then runs the service.
 *
 * The service runs in this process, so Ctrl-C and the exit code are its own. While it builds, a signal is passed on to the
 * program that builds: without that, SIGTERM would end this process alone, and the compiler would go on.
 */
const root = import.meta.dirname;
const MAIN = join(root, 'dist/main.js');
const SETTINGS = ['tsconfig.json', 'tsconfig.build.json', 'nest-cli.json', 'esbuild.config.js', 'package-lock.json'];

/** The program that runs before the service, and the signal that came for it. */
let running;
let signalled;

if (builtAt() <= changedAt()) {
  process.on('SIGINT', passOn).on('SIGTERM', passOn);
  // A build takes many seconds: a misspelt variable is named before it.
  await run('--import', 'tsx', 'src/programs/check-environment.ts');
  console.log('Building … (about 20 seconds, and only after a change)');
  await run('node_modules/@nestjs/cli/bin/nest.js', 'build');
  await run('esbuild.config.js');
  process.off('SIGINT', passOn).off('SIGTERM', passOn);
}
await import('./dist/main.js');

/** @returns when the last build was completed, 0 for never: `dist/main.js` is among its last files */
function builtAt() {
  return statSync(MAIN, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** @returns when a source last changed; folders count, because a file that was removed is in none */
function changedAt() {
  const sources = readdirSync(join(root, 'src'), { recursive: true }).filter((path) => !path.endsWith('.spec.ts'));
  const paths = [...SETTINGS, 'src', ...sources.map((path) => join('src', path))];
  return Math.max(...paths.map((path) => statSync(join(root, path)).mtimeMs));
}

/** Runs a program of Node.js to its end; ends this process with it when it fails or is interrupted. */
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
