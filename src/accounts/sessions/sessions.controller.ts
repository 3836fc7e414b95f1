import { Body, Controller, Get, Header, HttpCode, Post, UseGuards } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiSecurity,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import {
  Accepts,
  ApiErrorResponses,
  BEARER_AUTH,
  CurrentCaller,
  CurrentExchange,
  CurrentSession,
  deviceName,
  type HttpExchange,
  type LeavingCaller,
  originOf,
  EventLog,
  TWO_FACTOR_ERRORS,
  TwoFactorGuard,
  TwoFactorService,
  TwoFactorValidationPipe,
  UserResponse,
} from '../../two-factor/index.js';
import { AccountSessionResponse, ListedSessionResponse, StatusResponse } from '../shared-responses.dto.js';
import { SessionCookie } from './session-cookie.js';
import { SessionList } from './session-list.js';
import type { AccountSession } from './session-row.js';
import { RevokeSessionRequest, SignOutResponse } from './sessions.dto.js';

const { SECOND_FACTOR_REQUIRED } = TWO_FACTOR_ERRORS;

const DONE: StatusResponse = { status: true };

@ApiTags('Accounts')
@ApiBearerAuth(BEARER_AUTH)
@ApiExtraModels(AccountSessionResponse, UserResponse)
@UseGuards(TwoFactorGuard)
@Controller()
export class SessionsController {
  constructor(
    private readonly sessions: SessionList,
    private readonly cookie: SessionCookie,
    private readonly twoFactor: TwoFactorService,
    private readonly events: EventLog,
  ) {}

  @Get('get-session')
  @Accepts('optional-session')
  @Header('content-type', 'application/json; charset=utf-8')
  @ApiSecurity({})
  @ApiOperation({
    summary: 'Returns the session and its user, or null',
    description: 'Returns `null`, with status 200, if the request carries no live session. Sets no cookie.',
    operationId: 'getSession',
  })
  @ApiOkResponse({
    description: 'The session, or null',
    schema: {
      type: ['object', 'null'],
      properties: {
        session: { $ref: getSchemaPath(AccountSessionResponse) },
        user: { $ref: getSchemaPath(UserResponse) },
      },
      required: ['session', 'user'],
    },
  })
  @ApiErrorResponses({}, { credential: false })
  getSession(@CurrentSession() session: AccountSession | null) {
    // Sends text: Nest's adapters send an empty body for null.
    return session ? { session: session.view, user: session.user } : 'null';
  }

  @Get('list-sessions')
  @ApiOperation({
    summary: 'Lists the live sessions of the user',
    description:
      'Shows the device and the address that opened each session. Send its `token` to `/revoke-session` to end it; the value does not sign in.',
    operationId: 'listSessions',
  })
  @ApiOkResponse({
    description: 'The newest first',
    type: [ListedSessionResponse],
    links: {
      revokeSession: {
        operationId: 'revokeSession',
        requestBody: { token: '$response.body#/0/token' },
        description: 'Ends a session of the list.',
      },
    },
  })
  @ApiErrorResponses()
  async list(@CurrentSession() session: AccountSession): Promise<ListedSessionResponse[]> {
    const views = await this.sessions.list(session.accountId);
    return views.map((view) => ({
      ...view,
      device: deviceName(view.userAgent),
      strong: this.twoFactor.isStrong(view),
    }));
  }

  @Post('sign-out')
  @HttpCode(200)
  @Accepts('sign-out')
  @ApiSecurity({})
  @ApiOperation({
    summary: 'Signs out: ends all sessions and challenges of the request',
    description:
      'Ends the sessions and challenges of the bearer token and of the cookies, even if they belong to two accounts. Trusted devices stay trusted.',
    operationId: 'signOut',
  })
  @ApiOkResponse({ description: 'Also when there was nothing to end', type: SignOutResponse })
  @ApiErrorResponses({}, { credential: false })
  async signOut(
    @CurrentCaller() caller: LeavingCaller,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<SignOutResponse> {
    // `CurrentSession` is the session that PostgresSessions found for the guard.
    const ended = await this.sessions.endPresented(caller.sessions as readonly AccountSession[]);
    for (const session of ended) this.tellRevoked('sign-out', 1, session, exchange);
    exchange.setHeaders(await this.twoFactor.signOut(caller, exchange.request));
    this.forgetCookie(exchange);
    return { success: true };
  }

  @Post('revoke-session')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Ends one session of the user',
    description:
      'Any session may end itself; ending another one requires a recent second factor once two-factor is on. An unknown token and a session of another user get the same response.',
    operationId: 'revokeSession',
  })
  @ApiOkResponse({ description: 'Also when there was nothing to end', type: StatusResponse })
  @ApiErrorResponses({ SECOND_FACTOR_REQUIRED })
  async revoke(
    @Body(TwoFactorValidationPipe) { token }: RevokeSessionRequest,
    @CurrentSession() session: AccountSession,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<StatusResponse> {
    const own = this.sessions.isOwn(token, session);
    if (!own) await this.twoFactor.requireStrong(session);
    const ended = await this.sessions.endOne(session.accountId, token);
    this.tellRevoked('revoke-session', ended, session, exchange);
    if (own) this.forgetCookie(exchange);
    return DONE;
  }

  @Post('revoke-other-sessions')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Ends all sessions of the user but this one',
    description: 'Requires a recent second factor once two-factor is on. Trusted devices stay trusted.',
    operationId: 'revokeOtherSessions',
  })
  @ApiOkResponse({ description: 'Also when there was nothing to end', type: StatusResponse })
  @ApiErrorResponses({ SECOND_FACTOR_REQUIRED })
  async revokeOthers(
    @CurrentSession() session: AccountSession,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<StatusResponse> {
    await this.twoFactor.requireStrong(session);
    const ended = await this.sessions.endAll(session.accountId, session.sessionId);
    this.tellRevoked('revoke-other-sessions', ended, session, exchange);
    return DONE;
  }

  @Post('revoke-sessions')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Ends all sessions of the user, this one too',
    description:
      'Requires a recent second factor once two-factor is on. Expires the session cookie. Trusted devices stay trusted.',
    operationId: 'revokeSessions',
  })
  @ApiOkResponse({ description: 'Also when there was nothing to end', type: StatusResponse })
  @ApiErrorResponses({ SECOND_FACTOR_REQUIRED })
  async revokeAll(
    @CurrentSession() session: AccountSession,
    @CurrentExchange() exchange: HttpExchange,
  ): Promise<StatusResponse> {
    await this.twoFactor.requireStrong(session);
    const ended = await this.sessions.endAll(session.accountId);
    this.tellRevoked('revoke-sessions', ended, session, exchange);
    this.forgetCookie(exchange);
    return DONE;
  }

  private tellRevoked(by: string, sessions: number, session: AccountSession, { request }: HttpExchange): void {
    if (sessions === 0) return;
    const { accountId } = session;
    const details = { by, sessions };
    this.events.emit({ name: 'session.revoked', accountId, ...originOf(request, session), details });
  }

  private forgetCookie(exchange: HttpExchange): void {
    exchange.setHeaders([['set-cookie', this.cookie.expired()]]);
  }
}
