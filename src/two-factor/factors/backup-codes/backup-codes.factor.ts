import { Injectable } from '@nestjs/common';
import {
  Factor,
  type Companions,
  type Match,
  type MatchContext,
  type Spent,
  type StatusContext,
  type UseNotice,
} from '../../factor/factor.js';
import { Random } from '../../ports/random.js';
import { backupCodeHash, findHash, newBackupCodes, normaliseBackupCode } from './backup-codes.js';

/** Codes on paper, each good once, for owners who lost their authenticator [NIST SP 800-63B-4 3.1.2]. */
@Injectable()
export class BackupCodesFactor extends Factor<string, readonly Buffer[]> {
  readonly name = 'backup-code';

  constructor(private readonly random: Random) {
    super();
  }

  override match(code: string, { accountId, candidates }: MatchContext<readonly Buffer[]>): Match | null {
    const symbols = normaliseBackupCode(code);
    const codeHash = symbols === null ? null : findHash(backupCodeHash(accountId, symbols), candidates);
    return codeHash && { values: { codeHash } };
  }

  override accompany(accountId: string): Companions {
    const { codes, hashes } = newBackupCodes(accountId, this.random);
    return { values: { codeHashes: hashes }, response: { backupCodes: codes } };
  }

  override useNotice({ left }: Spent): UseNotice | null {
    return left === undefined ? null : { event: 'two-factor.backup-code-used', topic: 'backup-code-used', left };
  }

  override async status({ facts }: StatusContext): Promise<{ readonly backupCodesLeft: number }> {
    return { backupCodesLeft: typeof facts === 'number' ? facts : 0 };
  }
}
