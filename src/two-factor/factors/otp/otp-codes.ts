import { Injectable } from '@nestjs/common';
import { UnreadableSecretReporter } from '../../keys/unreadable-secret-reporter.js';
import type { Channel } from '../../messages/message.js';
import { KeyRing } from '../../ports/key-ring.js';
import { deriveCode } from './one-time-code.js';

/** Purpose of a derived key: see KeyRing. */
const PURPOSE = 'one-time-code';

/** What a code is derived from. */
export interface CodeSource {
  readonly kid: string;
  readonly nonce: Uint8Array;
  readonly binding: string;
  readonly channel: Channel;
  readonly methodId: string | null;
}

/** Derives codes from what is stored of them. */
@Injectable()
export class OtpCodes {
  constructor(
    private readonly ring: KeyRing,
    private readonly unreadable: UnreadableSecretReporter,
  ) {}

  /** @throws {UnknownKeyError} after an alarm, when the key that the code is derived with is missing */
  of(accountId: string, { kid, nonce, binding, channel, methodId }: CodeSource): string {
    return this.unreadable.watch(accountId, 'one-time-code', () =>
      deriveCode(this.ring.derive(kid, PURPOSE), [binding, channel, methodId ?? ''], nonce),
    );
  }
}
