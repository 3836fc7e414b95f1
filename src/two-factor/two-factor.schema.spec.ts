import { describe, expect, it } from '@jest/globals';
import { totpFactor } from './factors/totp/totp.plugin.js';
import { defaultFactors, twoFactorEntities, twoFactorMigrations, twoFactorSchema } from './two-factor.schema.js';

describe('twoFactorSchema', () => {
  it('has each entity and each migration once, also when a host changes a factor of the library', () => {
    const { entities, migrations } = twoFactorSchema([{ ...totpFactor, controllers: [] }, ...defaultFactors.slice(1)]);
    expect(entities).toEqual(twoFactorEntities);
    expect(migrations).toEqual(twoFactorMigrations);
  });

  it('keeps the tables of factors that a module leaves out', () => {
    expect(twoFactorSchema([totpFactor]).entities).toEqual(twoFactorEntities);
  });
});
