import {
  Catch,
  HttpException,
  HttpStatus,
  Logger,
  MethodNotAllowedException,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';
import type { AllowedMethods } from './allowed-methods.js';

/** The body of every error response. */
interface ErrorBody {
  readonly message: string;
  readonly code: string;
}

const INTERNAL: ErrorBody = { message: 'Internal Server Error', code: 'INTERNAL_SERVER_ERROR' };

/**
 * Gives every error the shape `{ message, code }`. Logs an error of the server with its details; the client gets none
 * of them.
 */
@Catch()
export class HttpExceptionFilter implements ExceptionFilter<unknown> {
  private readonly logger = new Logger('Http');

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly allowed: AllowedMethods,
  ) {}

  catch(thrown: unknown, context: ArgumentsHost): void {
    const { httpAdapter } = this.host;
    const response = context.switchToHttp().getResponse<unknown>();
    const { is404, url } = context.switchToHttp().getRequest<FastifyRequest>();
    const methods = is404 ? this.allowed(url) : [];
    const error = methods.length > 0 ? new MethodNotAllowedException() : thrown;
    // RFC 9110 §15.5.6 requires `Allow` with 405.
    if (methods.length > 0) httpAdapter.setHeader(response, 'allow', methods.join(', '));
    const status = errorStatus(error);
    if (status >= HttpStatus.INTERNAL_SERVER_ERROR) this.logger.error(error);
    httpAdapter.reply(response, errorBody(error, status), status);
  }
}

/** @returns the HTTP status for any error */
export function errorStatus(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  // Fastify's own errors: a body that is too large, malformed or of an unsupported type.
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : Number.NaN;
  return status >= 400 && status < 500 ? status : HttpStatus.INTERNAL_SERVER_ERROR;
}

/** @returns the text that a client may read */
export function errorBody(error: unknown, status: number): object {
  if (status >= HttpStatus.INTERNAL_SERVER_ERROR) return INTERNAL;
  const own = error instanceof HttpException ? error.getResponse() : undefined;
  if (typeof own === 'object' && 'code' in own) return own;
  // The framework's own errors carry no more information than their status.
  const message = STATUS_CODES[status] ?? 'Bad Request';
  return { message, code: message.toUpperCase().replaceAll(/[^A-Z]+/g, '_') } satisfies ErrorBody;
}
