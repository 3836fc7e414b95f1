import { defaultFactors, type FactorPlugin } from '../../../src/two-factor/index.js';
import { hardwareKeyFactor } from '../../../examples/acme-bank/src/hardware-key/hardware-key.plugin.js';

/** The kinds of second factor that Acme has: the library's, and the hardware key of the example, which hosts copy. */
export const ACME_FACTORS: readonly FactorPlugin[] = [...defaultFactors, hardwareKeyFactor];
