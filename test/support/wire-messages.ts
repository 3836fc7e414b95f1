/* The part of Postgres' protocol, version 3, that a proxy needs. */

/** Bytes from the client that belong together: statements up to a `Sync`, or another unit such as the password. */
export interface ClientUnit {
  readonly bytes: Buffer;
  /** SQL of the statements, in order. The server skips those after one that fails. */
  readonly statements: readonly string[];
}

/** Splits bytes into messages. Each has a length, and a type before it, which only the start-up message lacks. */
export class Messages {
  private pending = Buffer.alloc(0);

  constructor(private started: boolean) {}

  *read(chunk: Buffer): Generator<{ type: string; bytes: Buffer; body: Buffer }> {
    this.pending = Buffer.concat([this.pending, chunk]);
    for (;;) {
      const head = this.started ? 1 : 0;
      if (this.pending.length < head + 4) return;
      const end = head + this.pending.readInt32BE(head);
      if (this.pending.length < end) return;
      const bytes = this.pending.subarray(0, end);
      this.pending = this.pending.subarray(end);
      const type = this.started ? String.fromCharCode(bytes[0] ?? 0) : 'start-up';
      this.started = true;
      yield { type, bytes, body: bytes.subarray(head + 4) };
    }
  }
}

/**
 * Splits the data of a client into statements: a `Query`, or the `Execute` messages up to a `Sync`.
 */
export class ClientReader {
  private readonly messages = new Messages(false);
  private readonly parsed = new Map<string, string>();
  private bound = '';
  private executed: string[] = [];
  private collected: Buffer[] = [];

  *read(chunk: Buffer): Generator<ClientUnit> {
    for (const { type, bytes, body } of this.messages.read(chunk)) {
      const [first = '', second = ''] = body.toString('utf8').split('\0');
      this.collected.push(bytes);
      if (type === 'P') this.parsed.set(first, second);
      if (type === 'B') this.bound = second;
      if (type === 'E') this.executed.push(this.parsed.get(this.bound) ?? `unknown statement ${this.bound}`);
      if (type === 'Q') this.executed.push(first);
      // Parse, Bind, Describe, Execute, Close and Flush belong to their next Sync.
      if (!'PBDECH'.includes(type)) {
        yield { bytes: Buffer.concat(this.collected), statements: this.executed };
        this.collected = [];
        this.executed = [];
      }
    }
  }
}

/** Reads from the server's data when a statement has ended. */
export class ServerReader {
  private readonly messages = new Messages(true);
  /** State in the last ReadyForQuery: `I` idle, `T` in a transaction, `E` in a failed one. */
  state = 'I';

  /** @returns whether the chunk ended a statement */
  read(chunk: Buffer): boolean {
    let ready = false;
    for (const { type, body } of this.messages.read(chunk)) {
      if (type !== 'Z') continue;
      this.state = body.toString('latin1');
      ready = true;
    }
    return ready;
  }
}

/** @returns the response of a server that could not execute a statement */
export function refusal(sqlState: string, state: string): Buffer {
  const fields = ['SERROR', 'VERROR', `C${sqlState}`, 'Minjected by a test', ''].join('\0');
  return Buffer.concat([message('E', `${fields}\0`), message('Z', state)]);
}

function message(type: string, body: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + Buffer.byteLength(body));
  return Buffer.concat([Buffer.from(type), length, Buffer.from(body)]);
}
