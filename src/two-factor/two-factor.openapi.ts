import { applyDecorators, type Type } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiResponse } from '@nestjs/swagger';

/** The security scheme's name, to be declared by whoever builds the document. */
export const BEARER_AUTH = 'bearerAuth';

/** The body of every error. */
export class ErrorAnswer {
  @ApiProperty({ description: 'What went wrong, for people', example: 'Invalid code' })
  message!: string;

  @ApiPropertyOptional({ description: 'What went wrong, for programs', example: 'INVALID_CODE' })
  code?: string;

  @ApiPropertyOptional({
    description: 'Faults by field, with VALIDATION_ERROR',
    type: 'object',
    additionalProperties: { type: 'array', items: { type: 'string' } },
  })
  errors?: Record<string, string[]>;
}

const ERROR_ANSWERS = {
  400: ['The body or the state of the account does not allow this', 'Validation Error', 'VALIDATION_ERROR'],
  401: ['No credential, a dead one, or a wrong code', 'Unauthorized', 'UNAUTHORIZED'],
  403: [
    'A page of an origin that is not trusted, or a session that must verify its second factor first',
    'Verify your second factor on this session first',
    'SECOND_FACTOR_REQUIRED',
  ],
  404: ['No such resource', 'Not Found', 'NOT_FOUND'],
  429: [
    'Too many tries; `Retry-After` says when the next one makes sense',
    'Too many failed verification attempts. Your account is temporarily locked. Please try again later.',
    'ACCOUNT_TEMPORARILY_LOCKED',
  ],
  500: ['A fault of the service', 'Internal Server Error', 'INTERNAL_SERVER_ERROR'],
} as const;

const RETRY_AFTER = {
  'Retry-After': { description: 'Whole seconds to wait', schema: { type: 'integer' as const, minimum: 1 } },
};

/** The six error answers that every operation documents. */
export function ApiErrorAnswers(): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ...Object.entries(ERROR_ANSWERS).map(([status, [description, message, code]]) =>
      ApiResponse({
        status: Number(status),
        description,
        type: ErrorAnswer,
        example: { message, code },
        ...(status === '429' && { headers: RETRY_AFTER }),
      }),
    ),
  );
}

/** An operation of a caller with a bearer token: summary, answer, and the six errors. */
export function ApiAuthenticated(operation: {
  id: string;
  summary: string;
  description: string;
  answer: Type<unknown>;
}): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId: operation.id, summary: operation.summary, description: operation.description }),
    ApiBearerAuth(BEARER_AUTH),
    ApiOkResponse({ description: 'Success', type: operation.answer }),
    ApiErrorAnswers(),
  );
}
