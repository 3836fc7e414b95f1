import type { Type } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { TwoFactorMethod } from '../challenge/challenge.service.js';
import type { TwoFactorStatus } from '../status/status.service.js';
import type { FactorPlugin } from '../factor/factor-plugin.js';
import { merged } from './enrolment.dto.js';

/** What the status has for every factor. */
class StatusResponse {
  @ApiProperty({ description: 'Whether two-factor is on', example: true })
  enabled!: boolean;

  @ApiProperty({ description: 'Devices that sign in by password alone', example: 1 })
  trustedDevices!: number;

  @ApiProperty({ description: 'Whether this session is strong enough for sensitive calls', example: true })
  strong!: boolean;

  @ApiProperty({ description: 'Whether codes are refused on this session after too many wrong ones', example: false })
  locked!: boolean;

  @ApiProperty({
    description: 'Seconds until they are accepted again; an operator may have to help',
    type: 'integer',
    nullable: true,
    example: null,
  })
  lockedFor!: number | null;
}

/** How the second factor of the caller's account stands: own members, and those of all factors. */
export function statusResponse(plugins: readonly FactorPlugin[]): Type<TwoFactorStatus> {
  const methods = plugins.filter(({ listed }) => listed).map(({ name }) => name);
  class WithMethods extends StatusResponse {
    @ApiProperty({
      description: 'What a sign-in can be finished with now, beside backup codes; the preferred method first',
      enum: methods,
      isArray: true,
      example: methods,
    })
    methods!: readonly TwoFactorMethod[];

    @ApiPropertyOptional({ description: 'The first of them', enum: methods, example: methods[0] })
    preferred?: TwoFactorMethod;
  }
  return merged(
    'TwoFactorStatusResponse',
    WithMethods,
    plugins.flatMap((plugin) => plugin.statusResponse ?? []),
  );
}
