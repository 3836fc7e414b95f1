/** What the bank answers. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- the tests look at members of many answers
  readonly body: any;
}

/** A program that calls the bank with bearer tokens. `url` ends with prefix and version. */
export class BankClient {
  constructor(private readonly url: string) {}

  get(path: string, bearer?: string): Promise<Answer> {
    return this.send('GET', path, undefined, bearer);
  }

  post(
    path: string,
    body: object = {},
    bearer?: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return this.send('POST', path, body, bearer, headers);
  }

  private async send(
    method: string,
    path: string,
    body?: object,
    bearer?: string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...headers,
        ...(body && { 'content-type': 'application/json' }),
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const type = response.headers.get('content-type') ?? '';
    return {
      status: response.status,
      type,
      body: type.includes('json') ? await response.json() : await response.text(),
    };
  }
}
