import type { FactorPlugin } from '../../factor/factor-plugin.js';
import { CreatePasskeys1764000001650 } from '../../migrations/1764000001650-create-passkeys.js';
import { CeremoniesService } from './ceremonies.service.js';
import { PRUNE_CEREMONIES } from './ceremony.sql.js';
import { PasskeyCeremony } from './passkey-ceremony.entity.js';
import { PasskeyOwner } from './passkey-owner.entity.js';
import { PasskeyController } from './passkey.controller.js';
import { PasskeysStatusResponse } from './passkey.dto.js';
import { Passkey } from './passkey.entity.js';
import { AUTHENTICATION_FAILED, CHALLENGE_NOT_FOUND, PASSKEY_NOT_FOUND } from './passkey.errors.js';
import { PasskeyFactor } from './passkey.factor.js';
import { PasskeysService } from './passkeys.service.js';
import { ALONE, CANDIDATES, CONSUME, PASSKEYS, REMOVE_CEREMONIES, SPEND, SUSPECT } from './passkey.sql.js';
import { RelatedOriginsController } from './related-origins.controller.js';

/** Passkeys and security keys. A forged assertion counts against its challenge, never against the account. */
export const passkeyFactor: FactorPlugin = {
  name: 'passkey',
  factor: PasskeyFactor,
  controllers: [PasskeyController, RelatedOriginsController],
  providers: [CeremoniesService, PasskeysService],
  entities: [Passkey, PasskeyOwner, PasskeyCeremony],
  migrations: [CreatePasskeys1764000001650],

  listed: true,
  lockable: false,
  errors: { invalid: AUTHENTICATION_FAILED, notEnabled: CHALLENGE_NOT_FOUND, unknown: PASSKEY_NOT_FOUND },

  enrolment: PASSKEYS,
  statusResponse: PasskeysStatusResponse,

  candidates: CANDIDATES,
  consume: CONSUME,
  alone: ALONE,
  spend: SPEND,
  suspect: SUSPECT,
  remove: REMOVE_CEREMONIES,
  dropPending: REMOVE_CEREMONIES,
  prune: [PRUNE_CEREMONIES],
};
