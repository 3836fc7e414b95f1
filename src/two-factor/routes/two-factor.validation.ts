import { Injectable, ValidationPipe, type ArgumentMetadata, type ValidationError } from '@nestjs/common';
import { TwoFactorException } from '../two-factor.errors.js';

/** Levels of objects and arrays that a body may have; those of this library have one. */
const MAX_DEPTH = 16;

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
    if (metadata.type === 'body' && !fits) throw noObject();
    // Transforming and validating go down by recursion: thousands of levels would exhaust the stack.
    if (metadata.type === 'body' && isDeeperThan(MAX_DEPTH, value)) {
      throw new TwoFactorException('VALIDATION_ERROR', { errors: { body: ['Body must not be nested deeply'] } });
    }
    const body: unknown = await super.transform(value, metadata);
    // Where a field is required, it has been named. Where all are optional, null would pass.
    if (metadata.type === 'body' && value === null) throw noObject();
    return body;
  }
}

function noObject(): TwoFactorException {
  return new TwoFactorException('VALIDATION_ERROR', { errors: { body: ['Body must be an object'] } });
}

function isDeeperThan(levels: number, body: unknown): boolean {
  let members = [body];
  for (let level = 0; level <= levels; level++) {
    members = members.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
    if (members.length === 0) return false;
  }
  return true;
}

function byField(faults: readonly ValidationError[]): Record<string, string[]> {
  return Object.fromEntries(
    faults.map(({ property, value, constraints }) => [
      property,
      // What a missing field should have been is told once it is there.
      value === undefined ? [`${property} is required`] : Object.values(constraints ?? {}),
    ]),
  );
}
