import { Body, Controller, Get, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  ApiErrorResponses,
  BEARER_AUTH,
  CurrentExchange,
  CurrentSession,
  type HttpExchange,
  TWO_FACTOR_ERRORS,
  TwoFactorGuard,
  TwoFactorValidationPipe,
} from '../../two-factor/index.js';
import { ACCOUNTS_ERRORS } from '../accounts.errors.js';
import { StatusResponse } from '../shared-responses.dto.js';
import type { AccountSession } from '../sessions/session-row.js';
import { DeletionService } from './deletion.service.js';
import { DeleteUserResponse, DeleteUserRequest, LinkedAccountResponse, UpdateUserRequest } from './profile.dto.js';
import { ProfileService } from './profile.service.js';

const { EMAIL_CAN_NOT_BE_UPDATED, INVALID_CALLBACK_URL, NO_FIELDS_TO_UPDATE } = ACCOUNTS_ERRORS;
const { INVALID_PASSWORD, SECOND_FACTOR_REQUIRED } = TWO_FACTOR_ERRORS;

@ApiTags('Accounts')
@ApiBearerAuth(BEARER_AUTH)
@UseGuards(TwoFactorGuard)
@Controller()
export class ProfileController {
  constructor(
    private readonly profile: ProfileService,
    private readonly deletion: DeletionService,
  ) {}

  @Post('update-user')
  @HttpCode(200)
  @ApiBody({ type: UpdateUserRequest, examples: { name: { summary: 'A new name', value: { name: 'Ada King' } } } })
  @ApiOperation({
    summary: 'Changes the name or picture of the signed-in user',
    description: 'An absent field stays unchanged. Use `/change-email` to change the address.',
    operationId: 'updateUser',
  })
  @ApiOkResponse({ description: 'Changed', type: StatusResponse })
  @ApiErrorResponses({ NO_FIELDS_TO_UPDATE, EMAIL_CAN_NOT_BE_UPDATED })
  async update(
    @Body(TwoFactorValidationPipe) body: UpdateUserRequest,
    @CurrentSession() session: AccountSession,
  ): Promise<StatusResponse> {
    await this.profile.update(body, session);
    return { status: true };
  }

  @Post('delete-user')
  @HttpCode(200)
  @ApiBody({
    type: DeleteUserRequest,
    examples: { password: { summary: 'The password', value: { password: 'correct horse battery staple' } } },
  })
  @ApiOperation({
    summary: 'Deletes the account of the signed-in user permanently',
    description: 'Requires the password, and a recent second factor once two-factor is on. Ends all sessions.',
    operationId: 'deleteUser',
  })
  @ApiOkResponse({ description: 'The account is deleted', type: DeleteUserResponse })
  @ApiErrorResponses({ INVALID_PASSWORD, SECOND_FACTOR_REQUIRED, INVALID_CALLBACK_URL })
  async delete(
    @Body(TwoFactorValidationPipe) body: DeleteUserRequest,
    @CurrentSession() session: AccountSession,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<DeleteUserResponse> {
    await this.deletion.delete(body, session, exchange);
    return { success: true, message: 'User deleted' };
  }

  @Get('list-accounts')
  @ApiOperation({
    summary: 'Lists the ways to sign in to the account',
    description: 'Returns one entry: address and password.',
    operationId: 'listUserAccounts',
  })
  @ApiOkResponse({ description: 'Exactly one entry', type: [LinkedAccountResponse] })
  @ApiErrorResponses()
  accounts(@CurrentSession() session: AccountSession): LinkedAccountResponse[] {
    return this.profile.accounts(session);
  }
}
