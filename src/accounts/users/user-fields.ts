import { applyDecorators } from '@nestjs/common';
import { IsString, IsUrl, Matches, MaxLength } from 'class-validator';

export const NAME_LENGTH = 200;
export const IMAGE_LENGTH = 2048;

/** Rejects control characters, because mails and pages show the name. */
export function IsUserName(): PropertyDecorator {
  return applyDecorators(
    IsString(),
    MaxLength(NAME_LENGTH),
    Matches(/^[^\p{Control}\p{Surrogate}]*$/u, { message: '$property must not contain control characters' }),
  );
}

/** Rejects any text but an `http` or `https` URL. */
export function IsImageUrl(): PropertyDecorator {
  return applyDecorators(
    IsUrl({ protocols: ['http', 'https'], require_protocol: true, require_tld: false }),
    MaxLength(IMAGE_LENGTH),
  );
}
