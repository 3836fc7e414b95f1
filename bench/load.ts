import { Agent, request } from 'node:http';

/** One HTTP request, ready to be sent. */
export interface Call {
  readonly method: 'GET' | 'POST';
  /** With the prefix of the API. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What a number of calls took, seen from the client. */
export interface Timing {
  /** Milliseconds from the first byte sent to the last one received, over all calls. */
  readonly wallMs: number;
  /** Milliseconds of each call. */
  readonly latencies: readonly number[];
}

/** Requests in flight at the same time, each on a connection of its own that stays open. */
export const IN_FLIGHT = 16;

let clients = 0;

/** A client of one server: 16 connections that stay open. */
export class LoadClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT });

  constructor(private readonly port: number) {}

  /** @throws {Error} for an answer other than 200: a benchmark of errors would compare nothing */
  async run(calls: readonly Call[], inFlight = IN_FLIGHT): Promise<Timing> {
    const latencies: number[] = [];
    let next = 0;
    const worker = async () => {
      for (let call = calls[next++]; call; call = calls[next++]) {
        const sent = performance.now();
        await this.send(call);
        latencies.push(performance.now() - sent);
      }
    };
    const started = performance.now();
    await Promise.all(Array.from({ length: Math.min(inFlight, calls.length) }, worker));
    return { wallMs: performance.now() - started, latencies };
  }

  /** @returns the body */
  async send({ method, path, headers, body }: Call): Promise<string> {
    return new Promise<string>((resolve, reject) => {
      const sent = request(
        {
          agent: this.agent,
          host: '127.0.0.1',
          port: this.port,
          method,
          path,
          headers: {
            'x-forwarded-for': nextClient(),
            ...headers,
            ...(body !== undefined && {
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(body),
            }),
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.on('error', reject);
          response.on('end', () => {
            if (response.statusCode === 200) resolve(text);
            else reject(new Error(`${method} ${path} answered ${response.statusCode} ${text}`));
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

/** Limits are on, as in production, so each request comes from an address of its own. */
function nextClient(): string {
  const n = ++clients;
  return `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
}
