import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';
import { CALLBACK_URL_LENGTH } from './account-urls.js';

/** Declares a URL of a trusted origin or a path of the service. `AccountUrls` validates it. */
export function CallbackUrl(description: string): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      description: `${description} A URL of a trusted origin, or a path that begins with \`/\`.`,
      maxLength: CALLBACK_URL_LENGTH,
      type: 'string',
      nullable: true,
      example: '/docs',
    }),
    IsOptional(),
    IsString(),
    MaxLength(CALLBACK_URL_LENGTH),
  );
}
