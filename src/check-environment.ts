import { checkEnvironment } from './config/load-config.js';
import { refusal } from './logging/refusal.js';

/* Says what is wrong with the environment before `npm start` builds: run from the source, it reads and writes nothing. */

try {
  checkEnvironment(process.env);
} catch (error) {
  console.error(refusal(error));
  process.exitCode = 1;
}
