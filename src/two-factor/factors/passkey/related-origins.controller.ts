import { Controller, Get, NotFoundException } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { TwoFactorOptions } from '../../two-factor.options.js';

/**
 * Tells browsers which origins of other domains may use the passkeys of this one [WebAuthn §5.11]. They look for it at the root
 * of the domain, so a global prefix must leave it out.
 */
@ApiExcludeController()
@Controller('.well-known')
export class RelatedOriginsController {
  constructor(private readonly options: TwoFactorOptions) {}

  @Get('webauthn')
  relatedOrigins(): { readonly origins: readonly string[] } {
    const origins = this.options.passkeys?.relatedOrigins ?? [];
    if (origins.length === 0) throw new NotFoundException();
    return { origins };
  }
}
