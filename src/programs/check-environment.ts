import { checkEnvironment } from '../config/load-config.js';
import { exitWith } from './run-program.js';

/* Says what is wrong with the environment before `npm start` builds: run from the source, it reads and writes nothing. */

await exitWith(() => {
  checkEnvironment(process.env);
  return 0;
});
