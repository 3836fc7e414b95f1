import { applyDecorators, type Type } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiResponse,
  ApiSecurity,
  type ApiResponseOptions,
} from '@nestjs/swagger';
import { stepUpDemand, stepUpRequired, type StepUpOptions } from '../policy/step-up.js';
import { describeError, TWO_FACTOR_ERRORS, type FactorError, type TwoFactorErrorCode } from '../two-factor.errors.js';

/** Name of the security scheme; the program that builds the document declares it. */
export const BEARER_AUTH = 'bearerAuth';

/** Errors by code: HTTP status and message. */
type ErrorTable = Readonly<Record<string, readonly [status: number, message: string]>>;

/** What every operation can answer, whatever it does. */
const EVERYWHERE = {
  VALIDATION_ERROR: TWO_FACTOR_ERRORS.VALIDATION_ERROR,
  BAD_REQUEST: [400, 'The body is not valid JSON'],
  UNAUTHORIZED: TWO_FACTOR_ERRORS.UNAUTHORIZED,
  INVALID_ORIGIN: TWO_FACTOR_ERRORS.INVALID_ORIGIN,
  NOT_FOUND: [404, 'Not Found'],
  TOO_MANY_REQUESTS: TWO_FACTOR_ERRORS.TOO_MANY_REQUESTS,
  INTERNAL_SERVER_ERROR: [500, 'Internal Server Error'],
  SERVICE_UNAVAILABLE: TWO_FACTOR_ERRORS.SERVICE_UNAVAILABLE,
} as const satisfies ErrorTable;

/** What the document lists as codes. Operations add those of factors that the library does not have. */
const CODES: string[] = Object.keys({ ...TWO_FACTOR_ERRORS, ...EVERYWHERE });

/** The body of every error. */
export class ErrorResponse {
  @ApiProperty({ description: 'What went wrong, for people', example: 'Invalid code' })
  message!: string;

  @ApiProperty({
    description: 'What went wrong, for programs',
    enum: CODES,
    example: 'INVALID_CODE',
  })
  code!: string;

  @ApiPropertyOptional({
    description: 'Faults by field, with VALIDATION_ERROR',
    type: 'object',
    additionalProperties: { type: 'array', items: { type: 'string' } },
    example: { password: ['password is required'] },
  })
  errors?: Record<string, string[]>;
}

/** The body of a refusal by `@RequireTwoFactor`. */
export class StepUpResponse {
  @ApiProperty({ description: 'What to do, for people', example: 'Verify your second factor on this session first' })
  message!: string;

  @ApiProperty({ description: 'What went wrong, for programs', example: 'SECOND_FACTOR_REQUIRED' })
  code!: string;

  @ApiPropertyOptional({
    description: 'With SECOND_FACTOR_REQUIRED: how old the proof may be, in seconds',
    example: 300,
  })
  maxAge?: number;

  @ApiPropertyOptional({
    description: 'With SECOND_FACTOR_REQUIRED: any second factor (`mfa`), or one that resists phishing (`phr`)',
    enum: ['mfa', 'phr'],
  })
  acr?: string;

  @ApiPropertyOptional({
    description: 'With SECOND_FACTOR_REQUIRED: what the account can verify with now, the preferred one first',
    type: [String],
    example: ['totp'],
  })
  methods?: string[];
}

type Headers = NonNullable<ApiResponseOptions['headers']>;

const MEANINGS: Readonly<Record<number, string>> = {
  400: 'The body or the state of the account does not allow this',
  401: 'No credential, a dead one, or a wrong code',
  403: 'A page of an origin that is not trusted, or a session that must verify its second factor first',
  404: 'No such resource',
  409: 'In conflict with the state of the account',
  422: 'Well-formed, but in conflict with what is there',
  429: 'Too many tries; `Retry-After` says when the next one makes sense',
  500: 'A fault of the service',
  503: 'The database is out of reach or does not answer in time; `Retry-After` says when to try again',
};

function retryAfter(example: number): Headers[string] {
  return { description: 'Whole seconds to wait', required: true, schema: { type: 'integer', minimum: 1 }, example };
}

const HEADERS: Readonly<Record<number, Headers>> = {
  401: {
    'WWW-Authenticate': {
      description: 'What the credential lacked [RFC 6750]; absent when it was good and a code was wrong',
      schema: { type: 'string' },
      example: 'Bearer realm="two-factor", error="invalid_token"',
    },
  },
  429: { 'Retry-After': retryAfter(900) },
  503: { 'Retry-After': retryAfter(2) },
};

const SET_AUTH_TOKEN: Headers = {
  'set-auth-token': {
    description: "The new session token once more, where the official client's bearer plug-in looks for it",
    schema: { type: 'string' },
    example: 'tfs_…',
  },
};

/**
 * The error answers that every operation documents, each with the codes that it can carry as examples.
 *
 * @param errors the operation's own, which come first
 * @param needs whether the operation needs a credential, and so can answer UNAUTHORIZED; by default it does
 */
export function ApiErrorResponses(
  errors: ErrorTable = {},
  needs: { readonly credential: boolean } = { credential: true },
): MethodDecorator & ClassDecorator {
  const everywhere = Object.entries(EVERYWHERE).filter(([code]) => needs.credential || code !== 'UNAUTHORIZED');
  const byStatus = new Map<number, Record<string, { summary: string; value: object }>>();
  for (const [code, [status, message]] of [...Object.entries(errors), ...everywhere]) {
    byStatus.set(status, { ...byStatus.get(status), [code]: { summary: message, value: { message, code } } });
  }
  return applyDecorators(
    ...[...byStatus].map(([status, examples]) =>
      ApiResponse({
        status,
        description: MEANINGS[status] ?? '',
        type: ErrorResponse,
        examples,
        ...(HEADERS[status] && { headers: HEADERS[status] }),
      }),
    ),
  );
}

/**
 * What an operation below `@RequireTwoFactor` answers to a session that is too weak or too old. Put it beside the decorator, in
 * the place of other documentation of the same statuses.
 *
 * @param options as those of the decorator; `status` as the option `stepUp.status` of the module
 */
export function ApiStepUp(
  options: StepUpOptions & { readonly status?: 401 | 403 } = {},
): MethodDecorator & ClassDecorator {
  const { status = 401, ...asked } = options;
  const { acr, maxAge, whenOff } = stepUpDemand(asked, 'ApiStepUp');
  const required = {
    SECOND_FACTOR_REQUIRED: {
      summary: TWO_FACTOR_ERRORS.SECOND_FACTOR_REQUIRED[1],
      value: stepUpRequired(
        { maxAge: maxAge ?? 86_400, acr, methods: [acr === 'phr' ? 'passkey' : 'totp'] },
        status,
      ).getResponse(),
    },
  };
  const forbidden = { ...(whenOff === 'refuse' && exampleOf('ENROLMENT_REQUIRED')), ...(status === 403 && required) };
  return applyDecorators(
    ApiResponse({
      status: 401,
      description: 'No live session, or one that must verify its second factor first [RFC 9470]',
      type: StepUpResponse,
      examples: { ...exampleOf('UNAUTHORIZED'), ...(status === 401 && required) },
      ...(HEADERS[401] && { headers: HEADERS[401] }),
    }),
    ...(Object.keys(forbidden).length > 0
      ? [ApiResponse({ status: 403, description: MEANINGS[403] ?? '', type: StepUpResponse, examples: forbidden })]
      : []),
  );
}

function exampleOf(code: TwoFactorErrorCode): Record<string, { summary: string; value: object }> {
  const { message } = describeError(code);
  return { [code]: { summary: message, value: { message, code } } };
}

/** An operation of a caller with a bearer token: summary, answer, and the errors. */
export function ApiAuthenticated(operation: {
  id: string;
  summary: string;
  description: string;
  /** The type of its JSON, or what else it answers, by media type. */
  response: Type<unknown> | [Type<unknown>] | { readonly content: NonNullable<ApiResponseOptions['content']> };
  /** Its own errors, beside those that every operation can answer. */
  errors?: ReadonlyArray<TwoFactorErrorCode | FactorError>;
  /** Whether the answer carries a new session token, and so `set-auth-token`. */
  newToken?: boolean;
  /** Whether it also accepts a caller without credential. */
  optional?: boolean;
  /** Operations that its answer leads to. */
  links?: NonNullable<ApiResponseOptions['links']>;
}): MethodDecorator {
  const errors = [...(operation.errors ?? []), 'CONTRADICTING_CREDENTIALS' as const].map(describeError);
  CODES.push(...new Set(errors.map(({ code }) => code).filter((code) => !CODES.includes(code))));
  return applyDecorators(
    ApiOperation({ operationId: operation.id, summary: operation.summary, description: operation.description }),
    ApiBearerAuth(BEARER_AUTH),
    ...(operation.optional ? [ApiSecurity({})] : []),
    ApiOkResponse({
      description: 'Success',
      ...('content' in operation.response ? operation.response : { type: operation.response }),
      ...(operation.newToken && { headers: SET_AUTH_TOKEN }),
      ...(operation.links && { links: operation.links }),
    }),
    ApiErrorResponses(Object.fromEntries(errors.map(({ code, status, message }) => [code, [status, message]])), {
      credential: !operation.optional,
    }),
  );
}
