import { Catch, HttpException, HttpStatus, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

/** The body of every error. */
interface ErrorBody {
  readonly message: string;
  readonly code: string;
}

const INTERNAL: ErrorBody = { message: 'Internal Server Error', code: 'INTERNAL_SERVER_ERROR' };

/** Statuses that the framework answers by itself. */
const BY_STATUS: Readonly<Record<number, ErrorBody>> = {
  400: { message: 'Bad Request', code: 'BAD_REQUEST' },
  404: { message: 'Not Found', code: 'NOT_FOUND' },
  405: { message: 'Method Not Allowed', code: 'METHOD_NOT_ALLOWED' },
  413: { message: 'Payload Too Large', code: 'PAYLOAD_TOO_LARGE' },
  415: { message: 'Unsupported Media Type', code: 'UNSUPPORTED_MEDIA_TYPE' },
};

/**
 * Gives every error the one shape `{ message, code }`. What is no client's fault is logged with all it says, and
 * answered with nothing.
 */
@Catch()
export class HttpExceptionFilter implements ExceptionFilter<unknown> {
  private readonly logger = new Logger('Http');

  constructor(private readonly host: HttpAdapterHost) {}

  catch(error: unknown, context: ArgumentsHost): void {
    const { httpAdapter } = this.host;
    const response = context.switchToHttp().getResponse<unknown>();
    const status = statusOf(error);
    if (status >= HttpStatus.INTERNAL_SERVER_ERROR) this.logger.error(error);
    httpAdapter.reply(response, bodyOf(error, status), status);
  }
}

function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  // Fastify's own errors: bodies that are too large, malformed or of a foreign type.
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : Number.NaN;
  return status >= 400 && status < 500 ? status : HttpStatus.INTERNAL_SERVER_ERROR;
}

function bodyOf(error: unknown, status: number): object {
  if (status >= HttpStatus.INTERNAL_SERVER_ERROR) return INTERNAL;
  const own = error instanceof HttpException ? error.getResponse() : undefined;
  if (typeof own === 'object' && 'code' in own) return own;
  return BY_STATUS[status] ?? { message: 'Bad Request', code: 'BAD_REQUEST' };
}
