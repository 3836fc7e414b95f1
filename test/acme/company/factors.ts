import { defaultFactors, type FactorPlugin } from '../../../src/two-factor/index.js';
import { hardwareKeyFactor } from './hardware-key/hardware-key.plugin.js';

/** The kinds of second factor that Acme has: the library's, and one of its own. */
export const ACME_FACTORS: readonly FactorPlugin[] = [...defaultFactors, hardwareKeyFactor];
