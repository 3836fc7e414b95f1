import { Injectable } from '@nestjs/common';
import {
  AesGcmSealer,
  Factor,
  Random,
  UnreadableSecretReporter,
  type Match,
  type MatchContext,
  type Stage,
  type StatusContext,
} from 'nestjs-two-factor';
import type { HardwareKeyStatusResponse, RegisterRequest } from './hardware-key.dto.js';
import { SEALED_SECRETS, type HardwareKeyCandidates, type StoredKey } from './hardware-key.sql.js';
import { responseTo, sameResponse, SECRET_BYTES } from './hardware-key.js';

/** Verifies hardware keys, which respond to a nonce by HMAC-SHA-256. */
@Injectable()
export class HardwareKeyFactor extends Factor<string, HardwareKeyCandidates> {
  readonly name = 'hardware-key';

  constructor(
    private readonly sealer: AesGcmSealer,
    private readonly random: Random,
    private readonly unreadable: UnreadableSecretReporter,
  ) {
    super();
  }

  override match(response: string, { accountId, candidates }: MatchContext<HardwareKeyCandidates>): Match | null {
    const { boundTo, keys } = candidates;
    const nonce = Buffer.from(candidates.nonce, 'hex');
    let match: Match | null = null;
    for (const key of keys) {
      if (!sameResponse(responseTo(nonce, this.secretOf(accountId, key)), response)) continue;
      match = {
        values: { boundTo, nonce, keyId: key.id },
        // RFC 8176: proof of possession of a hardware-secured key.
        amr: ['hwk'],
        ...(key.staged && { confirms: key.id }),
      };
    }
    return match;
  }

  override prepare({ label }: RegisterRequest): Stage {
    return async ({ id, accountId }) => {
      const secret = this.random.bytes(SECRET_BYTES);
      return {
        columns: { secret: this.sealer.seal(secret, SEALED_SECRETS.record(accountId, id)), label },
        response: { secret: secret.toString('base64url') },
      };
    };
  }

  override async status({ facts }: StatusContext): Promise<HardwareKeyStatusResponse> {
    return { hardwareKey: typeof facts === 'string' ? facts : null };
  }

  /** @throws {SealBrokenError | UnknownKeyError} after it raised an alarm: the server is at fault, not the response */
  private secretOf(accountId: string, { id, secret }: StoredKey): Buffer {
    return this.unreadable.watch(accountId, 'hardware-key', () =>
      this.sealer.open(secret, SEALED_SECRETS.record(accountId, id)),
    );
  }
}
