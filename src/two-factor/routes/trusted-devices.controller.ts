import { Body, Controller, Delete, Get, Param, Patch, UseFilters, UseGuards, UsePipes } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { HttpExchange } from './http-exchange.js';
import type { SessionIdentity } from '../ports/session-gateway.js';
import { CurrentExchange, CurrentSession } from './two-factor.decorators.js';
import { TwoFactorExceptionFilter } from './two-factor.filter.js';
import { TwoFactorGuard } from './two-factor.guard.js';
import { ApiAuthenticated } from './two-factor.openapi.js';
import { TwoFactorValidationPipe } from './two-factor.validation.js';
import { RenameDeviceRequest, RevokedResponse, TrustedDeviceResponse } from './trusted-devices.dto.js';
import { TrustedDevicesService } from '../trusted-devices/trusted-devices.service.js';

const ApiDeviceId = () => ApiParam({ name: 'id', format: 'uuid', description: 'A device of one’s own' });

/** How a link takes the `{id}` of a path from the list. */
const FIRST_ID = { id: '$response.body#/0/id' };

/** The devices that sign in by password alone. */
@ApiTags('Two factor')
@Controller('two-factor/trusted-devices')
@UseFilters(TwoFactorExceptionFilter)
@UseGuards(TwoFactorGuard)
@UsePipes(TwoFactorValidationPipe)
export class TrustedDevicesController {
  constructor(private readonly devices: TrustedDevicesService) {}

  @Get()
  @ApiAuthenticated({
    id: 'listTrustedDevices',
    summary: 'List trusted devices',
    description: 'The devices that sign in by password alone, the one used last first.',
    answer: [TrustedDeviceResponse],
    links: {
      renameTrustedDevice: {
        operationId: 'renameTrustedDevice',
        parameters: FIRST_ID,
        description: 'Renames a device.',
      },
      revokeTrustedDevice: {
        operationId: 'revokeTrustedDevice',
        parameters: FIRST_ID,
        description: 'Revokes a device.',
      },
    },
  })
  list(
    @CurrentSession() session: SessionIdentity,
    @CurrentExchange() { request }: HttpExchange,
  ): Promise<TrustedDeviceResponse[]> {
    return this.devices.list(session, request);
  }

  @Patch(':id')
  @ApiDeviceId()
  @ApiAuthenticated({
    id: 'renameTrustedDevice',
    summary: 'Rename a trusted device',
    description:
      'Gives a device a name that says more than its user agent does. Any session may rename its own device; renaming another one requires a recent second factor.',
    answer: TrustedDeviceResponse,
    errors: ['TRUSTED_DEVICE_NOT_FOUND', 'SECOND_FACTOR_REQUIRED'],
  })
  rename(
    @CurrentSession() session: SessionIdentity,
    @Param('id') id: string,
    @Body() { name }: RenameDeviceRequest,
    @CurrentExchange() { request }: HttpExchange,
  ): Promise<TrustedDeviceResponse> {
    return this.devices.rename(session, id, name, request);
  }

  @Delete(':id')
  @ApiDeviceId()
  @ApiAuthenticated({
    id: 'revokeTrustedDevice',
    summary: 'Revoke a trusted device',
    description:
      'Its next sign-in takes a second factor again. Any session may revoke its own device; revoking another one requires a recent second factor. Sessions stay.',
    answer: RevokedResponse,
    errors: ['TRUSTED_DEVICE_NOT_FOUND', 'SECOND_FACTOR_REQUIRED'],
  })
  async revoke(
    @CurrentSession() session: SessionIdentity,
    @Param('id') id: string,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<RevokedResponse> {
    exchange.setHeaders(await this.devices.revoke(session, id, exchange.request));
    return { status: true };
  }

  @Delete()
  @ApiAuthenticated({
    id: 'revokeTrustedDevices',
    summary: 'Revoke all trusted devices',
    description: 'Every next sign-in takes a second factor again. Needs a strong session. Sessions stay.',
    answer: RevokedResponse,
    errors: ['SECOND_FACTOR_REQUIRED'],
  })
  async revokeAll(
    @CurrentSession() session: SessionIdentity,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<RevokedResponse> {
    exchange.setHeaders(await this.devices.revokeAll(session, exchange.request));
    return { status: true };
  }
}
