import { defaultFactors, type FactorPlugin } from 'nestjs-two-factor';
import { hardwareKeyFactor } from '../hardware-key/hardware-key.plugin.js';

/** The kinds of second factor that the bank has: the library's, and one of its own. */
export const BANK_FACTORS: readonly FactorPlugin[] = [...defaultFactors, hardwareKeyFactor];
