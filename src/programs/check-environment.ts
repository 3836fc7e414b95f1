import { checkEnvironment } from '../config/load-config.js';
import { exitWith } from './run-program.js';

/* Reports faults of the environment before `npm start` builds. Runs from the source; reads and writes no file. */

await exitWith(() => {
  checkEnvironment(process.env);
  return 0;
});
