import { Injectable, type ExecutionContext } from '@nestjs/common';
import { headerOf, type IncomingRequest } from '../ports/incoming-request.js';

type Headers = IncomingRequest['headers'];

/** What of an operation or a message may carry a credential. Names of headers are in lower case. */
export interface CarriedCredential {
  readonly headers: Headers;
  /** Address of the client; events carry it. */
  readonly ip?: string | undefined;
  /**
   * Method of the HTTP request that carried it. Leave it out for a connection that stays open: the origin of a page is then
   * checked whatever method opened the connection.
   */
  readonly method?: string | undefined;
}

/**
 * Finds the credential of what is no plain HTTP request: a GraphQL operation, a message of a WebSocket or of a microservice.
 * The guard asks it for every operation and message, so a session that ended meanwhile is found out.
 *
 * The default reads, by the shapes of the objects and without importing their packages:
 *
 * - GraphQL: the HTTP request in the context argument (`req`, `request`, `reply.request`), or the handshake of a subscription
 *   (`extra.request`);
 * - WebSocket: the handshake of the client (`handshake`, `upgradeReq`, `request`), and `handshake.auth.token` of Socket.IO
 *   where the handshake has no `Authorization` header;
 * - microservices: nothing, because each host puts its token somewhere else.
 *
 * Extend it, and name your class as the option `credentials`, for anything else.
 *
 * @example
 * ```ts
 * @Injectable()
 * export class AcmeCredentials extends CredentialSource {
 *   override find(context: ExecutionContext) {
 *     if (context.getType() !== 'rpc') return super.find(context);
 *     const { token } = context.switchToRpc().getData<{ token?: string }>();
 *     return { headers: { authorization: `Bearer ${token}` } };
 *   }
 * }
 * ```
 */
@Injectable()
export class CredentialSource {
  /** @returns the headers that carry the credential; null where there is none, and the caller is then refused */
  find(context: ExecutionContext): CarriedCredential | null | Promise<CarriedCredential | null> {
    switch (context.getType<string>()) {
      case 'graphql':
        return ofGraphql(context.getArgByIndex(2));
      case 'ws':
        return ofSocket(context.switchToWs().getClient());
      default:
        return null;
    }
  }
}

type Shape = Readonly<Record<string, unknown>>;

function ofGraphql(argument: unknown): CarriedCredential | null {
  const context = shapeOf(argument);
  for (const candidate of [context['req'], context['request'], shapeOf(context['reply'])['request']]) {
    const found = ofRequest(candidate);
    if (found) return found;
  }
  return ofRequest(shapeOf(context['extra'])['request']);
}

function ofSocket(argument: unknown): CarriedCredential | null {
  const client = shapeOf(argument);
  for (const candidate of [client['handshake'], client['upgradeReq'], client['request']]) {
    const handshake = shapeOf(candidate);
    if (!isHeaders(handshake['headers'])) continue;
    return { headers: withToken(handshake['headers'], shapeOf(handshake['auth'])['token']), ip: ipOf(handshake) };
  }
  return null;
}

function ofRequest(candidate: unknown): CarriedCredential | null {
  const request = shapeOf(candidate);
  const { headers, method } = request;
  if (!isHeaders(headers)) return null;
  // A handshake is a GET, and every page may open a WebSocket with the user's cookies [CWE-1385].
  const stays = headerOf({ headers }, 'upgrade') !== undefined;
  return { headers, ip: ipOf(request), ...(typeof method === 'string' && !stays && { method }) };
}

/** Browsers cannot give a WebSocket an `Authorization` header; the client of Socket.IO sends a token beside it. */
function withToken(headers: Headers, token: unknown): Headers {
  if (typeof token !== 'string' || headers['authorization'] !== undefined) return headers;
  return { ...headers, authorization: `Bearer ${token}` };
}

function ipOf(request: Shape): string | undefined {
  const socket = shapeOf(request['socket']);
  const known = [request['ip'], request['address'], socket['remoteAddress']];
  return known.find((address): address is string => typeof address === 'string');
}

function isHeaders(value: unknown): value is Headers {
  return typeof value === 'object' && value !== null;
}

function shapeOf(value: unknown): Shape {
  return typeof value === 'object' && value !== null ? (value as Shape) : {};
}
