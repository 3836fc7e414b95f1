import { jest } from '@jest/globals';
import { Client } from 'pg';
import type { AnyBody } from '../../support/client.js';
import type { TestService } from '../../support/service.js';

export interface RawAnswer<Body = AnyBody> {
  readonly status: number;
  readonly headers: Headers;
  /** Lines of `Set-Cookie`. */
  readonly cookies: readonly string[];
  readonly text: string;
  /** The parsed `text`. */
  readonly body: Body;
}

export interface RawRequest {
  readonly method?: string;
  /** A string is sent unchanged, any other value as JSON. */
  readonly body?: unknown;
  readonly bearer?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A session in the responses of get-session and list-sessions. */
export interface SessionBody {
  readonly id: string;
  readonly token: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly expiresAt: string;
}

/** Sends one request and returns the whole response. The method is POST with a body and GET without. */
export async function send<Body = AnyBody>(
  { url }: Pick<TestService, 'url'>,
  path: string,
  request: RawRequest = {},
): Promise<RawAnswer<Body>> {
  const { body, bearer } = request;
  const response = await fetch(url + path, {
    method: request.method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      ...request.headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const answered: Body = JSON.parse(text);
  return {
    status: response.status,
    headers: response.headers,
    cookies: response.headers.getSetCookie(),
    text,
    body: answered,
  };
}

/** @returns the `Set-Cookie` line of the session cookie */
export function sessionCookie(answer: RawAnswer): string | undefined {
  return answer.cookies.find((line) => /^(?:__Host-)?session_token=/.test(line));
}

/** @returns the statements that this process sent to Postgres during `work`, including BEGIN and COMMIT */
export async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  // The driver's client sends every statement, so none is missed.
  const spy = jest.spyOn(Client.prototype, 'query');
  try {
    await work();
    return spy.mock.calls.map(([query]: unknown[]) =>
      typeof query === 'object' && query !== null && 'text' in query ? String(query.text) : String(query),
    );
  } finally {
    spy.mockRestore();
  }
}
