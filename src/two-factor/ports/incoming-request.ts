/** What of a request the host may look at. Header names are in lower case. */
export interface IncomingRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly cookies: Readonly<Record<string, string | undefined>>;
  readonly ip: string | undefined;
  readonly userAgent: string | undefined;
  /** Id of the request, as the HTTP server gave it; security events carry it. */
  readonly id?: string | undefined;
  /** Whether the client has closed the connection: no one waits for the answer. Absent where the server cannot tell. */
  readonly abandoned?: () => boolean;
}

/** Header lines for an answer, in order; a name may come more than once. */
export type HeaderLines = ReadonlyArray<readonly [name: string, value: string]>;

/** Stands for the request where an operator or a job acts. */
export const NO_REQUEST: IncomingRequest = { headers: {}, cookies: {}, ip: undefined, userAgent: undefined };

/** @returns the one value of a header that must not come twice */
export function headerOf({ headers }: Pick<IncomingRequest, 'headers'>, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** @returns whether the request has no `Cookie` header, as requests of programs have none */
export function isCookieless({ headers }: Pick<IncomingRequest, 'headers'>): boolean {
  return headers['cookie'] === undefined;
}
