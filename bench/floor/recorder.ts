import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { types } from 'pg';
import { Messages } from '../../test/support/wire-messages.js';

/** A value of a statement: text, bytes or NULL. */
export type WireValue = string | Buffer | null;

/** A statement as it went over the wire. */
export interface RecordedStatement {
  /** Empty for one without a name. */
  readonly name: string;
  readonly text: string;
  readonly values: readonly WireValue[];
  /** Parsed as the driver parses them. */
  readonly rows: Array<Record<string, unknown>>;
  /** Statements with the same number were sent together, without waiting for an answer in between. */
  readonly roundTrip: number;
}

/** A proxy between the service and Postgres that records statements with their values and rows. */
export interface Recorder {
  /** Connection URL through the proxy. */
  readonly url: string;
  /** Runs `work` and returns its statements in order, BEGIN and COMMIT included. */
  record(work: () => Promise<unknown>): Promise<readonly RecordedStatement[]>;
  close(): Promise<void>;
}

/** The driver's own, by the number of a type. */
const getTypeParser = types.getTypeParser.bind(types) as (type: number) => Column['parse'];

interface Column {
  readonly name: string;
  readonly parse: (text: string) => unknown;
}

/** What one request sends, over all connections. */
class Recording {
  statements: RecordedStatement[] = [];
  private roundTrips = 0;
  private unanswered = 0;

  add(name: string, text: string, values: readonly WireValue[]): RecordedStatement {
    if (this.unanswered++ === 0) this.roundTrips++;
    const recorded = { name, text, values, rows: [], roundTrip: this.roundTrips };
    this.statements.push(recorded);
    return recorded;
  }

  answered(): void {
    this.unanswered--;
  }
}

/** Reads both directions of one connection. */
class Conversation {
  private readonly fromClient = new Messages(false);
  private readonly fromServer = new Messages(true);
  private readonly parsed = new Map<string, string>();
  private bound: { name: string; values: readonly WireValue[] } = { name: '', values: [] };
  private readonly waiting: RecordedStatement[] = [];
  /** By name of a statement: a driver need not ask for them more than once. */
  private readonly columns = new Map<string, readonly Column[]>();

  constructor(private readonly recording: Recording) {}

  sent(chunk: Buffer): void {
    for (const { type, body } of this.fromClient.read(chunk)) {
      if (type === 'P') {
        const [name = '', text = ''] = strings(body);
        this.parsed.set(name, text);
      } else if (type === 'B') this.bound = readBind(body);
      else if (type === 'E') {
        const { name, values } = this.bound;
        this.waiting.push(this.recording.add(name, this.parsed.get(name) ?? '', values));
      } else if (type === 'Q') this.waiting.push(this.recording.add('', strings(body)[0] ?? '', []));
    }
  }

  received(chunk: Buffer): void {
    for (const { type, body } of this.fromServer.read(chunk)) {
      const { name = '', rows } = this.waiting[0] ?? {};
      if (type === 'T') this.columns.set(name, readColumns(body));
      else if (type === 'D') rows?.push(readRow(body, this.columns.get(name) ?? []));
      // CommandComplete, EmptyQueryResponse, ErrorResponse: each ends one statement.
      else if ('CIE'.includes(type) && this.waiting.shift()) this.recording.answered();
    }
  }
}

export async function startRecorder(databaseUrl: string): Promise<Recorder> {
  const target = new URL(databaseUrl);
  const recording = new Recording();
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    const conversation = new Conversation(recording);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => from.destroy());
      from.on('close', () => to.destroy());
      from.on('data', (chunk: Buffer) => {
        if (from === client) conversation.sent(chunk);
        else conversation.received(chunk);
        to.write(chunk);
      });
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = new URL(databaseUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    async record(work) {
      recording.statements = [];
      await work();
      return [...recording.statements];
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

function strings(body: Buffer): string[] {
  return body.toString('utf8').split('\0');
}

/** Bind: portal, statement, format of each value, values, formats of the result. */
function readBind(body: Buffer): { name: string; values: WireValue[] } {
  const portalEnd = body.indexOf(0);
  const nameEnd = body.indexOf(0, portalEnd + 1);
  const name = body.toString('utf8', portalEnd + 1, nameEnd);
  let at = nameEnd + 1;
  const read16 = () => body.readInt16BE((at += 2) - 2);
  const formats = Array.from({ length: read16() }, read16);
  const values = Array.from({ length: read16() }, (_, index) => {
    const length = body.readInt32BE(at);
    at += 4;
    if (length < 0) return null;
    const bytes = Buffer.from(body.subarray(at, (at += length)));
    // One format stands for all.
    const format = formats.length === 1 ? formats[0] : formats[index];
    return format === 1 ? bytes : bytes.toString('utf8');
  });
  return { name, values };
}

/** RowDescription: a name and 18 bytes a column; its type follows table and number. */
function readColumns(body: Buffer): Column[] {
  let at = 2;
  return Array.from({ length: body.readInt16BE(0) }, () => {
    const end = body.indexOf(0, at);
    const name = body.toString('utf8', at, end);
    const parse = getTypeParser(body.readInt32BE(end + 7));
    at = end + 19;
    return { name, parse };
  });
}

function readRow(body: Buffer, columns: readonly Column[]): Record<string, unknown> {
  let at = 2;
  return Object.fromEntries(
    columns.map(({ name, parse }) => {
      const length = body.readInt32BE(at);
      at += 4;
      if (length < 0) return [name, null];
      return [name, parse(body.toString('utf8', at, (at += length)))];
    }),
  );
}
