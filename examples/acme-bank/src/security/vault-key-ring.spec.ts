import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { AesGcmSealer, KeyRing, TwoFactorModule } from 'nestjs-two-factor';
import { FakeRandom } from 'nestjs-two-factor/testing';
import { VaultKeyRing } from './vault-key-ring.js';

describe('VaultKeyRing', () => {
  const settings = { masterKey: randomBytes(32), databaseUrl: '', origin: '', port: 0 };

  it('seals by the key of the vault', async () => {
    const ring = await VaultKeyRing.load(settings);
    expect(ring).toBeInstanceOf(KeyRing);
    const sealer = new AesGcmSealer(ring, new FakeRandom());
    const sealed = sealer.seal(Buffer.from('secret'), ['test', '1', '2']);
    expect(sealed).toMatch(/^2026\./);
    expect(sealer.open(sealed, ['test', '1', '2']).toString()).toBe('secret');
  });

  it('loads the module of the library, too', () => {
    expect(TwoFactorModule.name).toBe('TwoFactorModule');
  });
});
