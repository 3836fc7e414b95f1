import type { FactorPlugin } from 'nestjs-two-factor';
import { CreateHardwareKey1790000000000 } from './create-hardware-key.js';
import { HardwareKeyNonce } from './hardware-key-nonce.entity.js';
import { HardwareKeyNonces } from './hardware-key-nonces.js';
import { HardwareKeyController } from './hardware-key.controller.js';
import { HardwareKeyStatusResponse } from './hardware-key.dto.js';
import { HardwareKey } from './hardware-key.entity.js';
import { INVALID_RESPONSE, NONCE_EXPIRED } from './hardware-key.errors.js';
import { HardwareKeyFactor } from './hardware-key.factor.js';
import { CANDIDATES, HARDWARE_KEYS, REMOVE_NONCES, SEALED_SECRETS, SPEND, SPEND_STAGED } from './hardware-key.sql.js';

/** Hardware keys, a kind of factor that the library does not have. */
export const hardwareKeyFactor: FactorPlugin = {
  name: 'hardware-key',
  factor: HardwareKeyFactor,
  controllers: [HardwareKeyController],
  providers: [HardwareKeyNonces],
  entities: [HardwareKey, HardwareKeyNonce],
  migrations: [CreateHardwareKey1790000000000],

  listed: true,
  lockable: true,
  errors: { invalid: INVALID_RESPONSE, notEnabled: NONCE_EXPIRED },

  enrolment: HARDWARE_KEYS,
  statusResponse: HardwareKeyStatusResponse,

  candidates: CANDIDATES,
  spend: SPEND,
  spendStaged: SPEND_STAGED,
  remove: REMOVE_NONCES,
  dropPending: REMOVE_NONCES,

  sealed: [SEALED_SECRETS],
};
