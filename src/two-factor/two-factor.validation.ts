import { Injectable, ValidationPipe, type ArgumentMetadata, type ValidationError } from '@nestjs/common';
import { TwoFactorException } from './two-factor.errors.js';

/**
 * Bodies as their DTO says: unknown fields are dropped, everything else answers 400 VALIDATION_ERROR with `errors` by
 * field.
 */
@Injectable()
export class TwoFactorValidationPipe extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      transform: true,
      stopAtFirstError: true,
      exceptionFactory: (faults) => new TwoFactorException('VALIDATION_ERROR', { errors: byField(faults) }),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    // Arrays would be checked member by member, and pass when empty.
    const fits = value === undefined || value === null || (typeof value === 'object' && !Array.isArray(value));
    if (metadata.type === 'body' && !fits) {
      throw new TwoFactorException('VALIDATION_ERROR', { errors: { body: ['Body must be an object'] } });
    }
    return super.transform(value, metadata) as Promise<unknown>;
  }
}

function byField(faults: readonly ValidationError[]): Record<string, string[]> {
  return Object.fromEntries(faults.map(({ property, constraints }) => [property, Object.values(constraints ?? {})]));
}
