import { Catch, Inject, Optional, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { throwError } from 'rxjs';
import { ERROR_FORMAT, type ErrorFormat } from './mounting.js';
import { TwoFactorException } from '../two-factor.errors.js';

/**
 * Answers a TwoFactorException in the form of the transport, wherever the host registers it:
 *
 * - HTTP: status, body and the header lines that belong to it;
 * - GraphQL: an error whose `extensions` have the code, as without this filter;
 * - WebSocket: an event `exception` with `{ status: 'error', message, code, …, cause: { pattern } }`;
 * - microservices: an error `{ status: 'error', message, code, … }`.
 *
 * Nest's own filters of the last two answer "Internal server error" to any exception that is not of their package.
 */
@Catch(TwoFactorException)
export class TwoFactorExceptionFilter implements ExceptionFilter<TwoFactorException> {
  constructor(
    private readonly host: HttpAdapterHost,
    @Optional() @Inject(ERROR_FORMAT) private readonly errors?: ErrorFormat | null,
  ) {}

  catch(exception: TwoFactorException, context: ArgumentsHost): unknown {
    switch (context.getType<string>()) {
      case 'http':
        return this.reply(exception, context);
      case 'ws':
        return emit(context.switchToWs(), exception);
      case 'rpc':
        return throwError(() => messageOf(exception));
      default:
        throw exception;
    }
  }

  private reply(exception: TwoFactorException, context: ArgumentsHost): void {
    const { httpAdapter } = this.host;
    const response = context.switchToHttp().getResponse<unknown>();
    for (const [name, value] of exception.headers) httpAdapter.setHeader(response, name, value);
    const { errors } = this;
    const body = errors ? errors.format(exception) : exception.getResponse();
    const status = exception.getStatus();
    if (errors?.contentType === undefined) {
      httpAdapter.reply(response, body, status);
      return;
    }
    httpAdapter.setHeader(response, 'content-type', errors.contentType);
    // NestJS 11 on Express sends an object as `application/json`, whatever the header says.
    httpAdapter.reply(response, JSON.stringify(body), status);
  }
}

/** What the sockets of Socket.IO and of `ws` have. */
interface Socket {
  /** A number on sockets of `ws`: there `emit` stays in the process. */
  readonly readyState?: unknown;
  send(text: string): void;
  emit(event: string, data: object): void;
}

const EVENT = 'exception';

function emit(ws: ReturnType<ArgumentsHost['switchToWs']>, exception: TwoFactorException): void {
  const client = ws.getClient<Socket>();
  // As in Nest's own filter: the event does not say which of its messages the client is told about.
  const data = { ...messageOf(exception), cause: { pattern: ws.getPattern() } };
  if (typeof client.readyState === 'number') client.send(JSON.stringify({ event: EVENT, data }));
  else client.emit(EVENT, data);
}

function messageOf(exception: TwoFactorException): object {
  return { status: 'error', ...(exception.getResponse() as object) };
}
