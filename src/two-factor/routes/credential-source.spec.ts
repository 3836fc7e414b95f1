import { describe, expect, it } from '@jest/globals';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { CredentialSource } from './credential-source.js';

const headers = { authorization: 'Bearer token' };

const find = (type: string, args: unknown[]) => {
  const context = new ExecutionContextHost(args);
  context.setType(type);
  return new CredentialSource().find(context);
};

const graphql = (context: unknown) => find('graphql', [undefined, {}, context, { fieldName: 'pay' }]);
const socket = (client: unknown) => find('ws', [client, {}, 'pay']);

describe('the credential of a GraphQL operation', () => {
  const request = { headers, method: 'POST', ip: '192.0.2.1' };

  it.each([
    ['req, as Apollo has it', { req: request }],
    ['request', { request }],
    ['reply.request, as Mercurius has it', { app: {}, reply: { request } }],
  ])('is found in %s', (_, context) => {
    expect(graphql(context)).toEqual(request);
  });

  it.each([
    ['extra.request, as graphql-ws has it', { extra: { request: { headers, method: 'GET', socket: {} } } }],
    ['the request of a socket', { req: { headers: { ...headers, upgrade: 'websocket' }, method: 'GET' } }],
  ])('is found in %s', (_, context) => {
    expect(graphql(context)).toMatchObject({ headers });
  });

  it('has no method where a connection stays open, so that the origin of its page is checked', () => {
    expect(graphql({ req: { headers: { upgrade: 'websocket' }, method: 'GET' } })).not.toHaveProperty('method');
    expect(graphql({ req: { headers: {}, method: 'GET' } })).toHaveProperty('method', 'GET');
  });

  it.each([[undefined], [null], ['text'], [{}], [{ req: null }], [{ req: { headers: 'x' } }]])(
    'is none in %p',
    (context) => {
      expect(graphql(context)).toBeNull();
    },
  );
});

describe('the credential of a message of a WebSocket', () => {
  it.each([
    ['the handshake of Socket.IO', { handshake: { headers, address: '192.0.2.1' } }],
    [
      'upgradeReq, where a host keeps it',
      { upgradeReq: { headers, method: 'GET', socket: { remoteAddress: '192.0.2.1' } } },
    ],
    ['the request', { request: { headers, ip: '192.0.2.1' } }],
  ])('is found in %s, without its method', (_, client) => {
    expect(socket(client)).toEqual({ headers, ip: '192.0.2.1' });
  });

  it('is the token beside the handshake only where the handshake has no header', () => {
    const auth = { token: 'other' };
    expect(socket({ handshake: { headers: {}, auth } })).toMatchObject({ headers: { authorization: 'Bearer other' } });
    expect(socket({ handshake: { headers, auth } })).toMatchObject({ headers });
    expect(socket({ handshake: { headers: {}, auth: { token: 7 } } })).toMatchObject({ headers: {} });
  });

  it('is none where the client keeps no handshake', () => {
    expect(socket({ readyState: 1 })).toBeNull();
    expect(socket(undefined)).toBeNull();
  });
});

it.each(['rpc', 'telegraf'])('finds no credential in a context of type %s: the host must', (type) => {
  expect(find(type, [{ token: 'token' }, {}])).toBeNull();
});
