import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import bcrypt from 'bcrypt';
import { Pool, type Client, type PoolClient } from 'pg';
import { WireQuery, type StepResult } from '../../src/two-factor/postgres/wire-query.js';
import type { Fresh, Ingredient, Recipe, Source, Step } from './recipe.js';

/*
 * The floor: Node's own HTTP server that hashes the token, sends the statements of the service by the service's own query
 * object, and answers with a text that is ready. No framework, no validation, no log, no check of a code, no message: what any service on this database needs.
 */

type Value = string | Buffer | null;
type Row = Record<string, unknown>;

const recipes = JSON.parse(await readFile(process.env.RECIPES ?? '', 'utf8')) as Record<string, Recipe>;
const passwordHash = process.env.PASSWORD_HASH ?? '';
const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: Number(process.env.POOL_SIZE) });

const server = createServer((request, response) => {
  answer(request).then(
    (text) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
      response.end(text);
    },
    (error: unknown) => {
      response.writeHead(500).end(String(error));
    },
  );
});
server.listen(Number(process.env.PORT), '127.0.0.1');
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  void pool.end();
});

async function answer(request: IncomingMessage): Promise<string> {
  const recipe = recipes[String(request.headers['x-endpoint'])];
  if (!recipe) return '{}';
  const inputs = await inputsOf(request);
  if (recipe.password) await bcrypt.compare(condense(String(inputs.password)), passwordHash);
  await new Cooking(recipe, inputs).run();
  return recipe.answer;
}

async function inputsOf(request: IncomingMessage): Promise<Record<string, Value>> {
  let body = '';
  request.setEncoding('utf8');
  for await (const chunk of request) body += String(chunk);
  const token = request.headers.authorization?.slice('Bearer '.length);
  return {
    ...(body !== '' && (JSON.parse(body) as Record<string, string>)),
    ...(token !== undefined && { tokenHash: createHash('sha256').update(token).digest() }),
  };
}

function condense(password: string): string {
  return createHash('sha384').update(password, 'utf8').digest('base64');
}

function make(fresh: Fresh): Value {
  if (fresh.kind === 'uuid') return randomUUID();
  const bytes = randomBytes(fresh.length);
  return fresh.kind === 'bytes' ? bytes : bytes.toString(fresh.kind).slice(0, fresh.length);
}

/** The statements of one request. */
class Cooking {
  private readonly results: Row[][] = [];
  private readonly fresh: Value[];

  constructor(
    private readonly recipe: Recipe,
    private readonly inputs: Readonly<Record<string, Value>>,
  ) {
    this.fresh = recipe.fresh.map(make);
  }

  async run(): Promise<void> {
    const { steps } = this.recipe;
    let [open, client] = [false, undefined as PoolClient | undefined];
    try {
      for (let next = 0; next < steps.length;) {
        const { roundTrip } = steps[next] as Step;
        const together: Step[] = [];
        for (let step = steps[next]; step?.roundTrip === roundTrip; step = steps[++next]) together.push(step);
        client ??= await pool.connect();
        const results = await this.send(client, together);
        this.results.push(...results.map(({ rows }) => rows as Row[]));
        const texts = together.map(({ text }) => text);
        open = (open || texts.includes('BEGIN')) && !texts.includes('COMMIT');
        // Outside of a transaction others may have the connection, as in the service.
        if (open) continue;
        client.release();
        client = undefined;
      }
    } finally {
      client?.release(true);
    }
  }

  private send(client: PoolClient, steps: readonly Step[]): Promise<readonly StepResult[]> {
    const bound = steps.map(({ name, text, values }) => ({
      name: name === '' ? undefined : name,
      text,
      values: values.map((value) => this.valueOf(value)),
    }));
    return new Promise((resolve, reject) => {
      const wire = client as unknown as Client;
      void wire.query(new WireQuery(wire, bound, (error, results) => (error ? reject(error) : resolve(results))));
    });
  }

  private valueOf(value: Ingredient): Value {
    if ('constant' in value) return value.constant;
    if ('bytes' in value) return Buffer.from(value.bytes, 'hex');
    if ('from' in value) return this.from(value.from);
    return value.text.map((part) => (typeof part === 'string' ? part : String(this.from(part)))).join('');
  }

  private from(source: Source): Value {
    if ('input' in source) return this.inputs[source.input] ?? null;
    if ('fresh' in source) return this.fresh[source.fresh] ?? null;
    let found: unknown = this.results[source.step];
    for (const key of source.path) found = (found as Record<string, unknown> | undefined)?.[key];
    if (found === undefined) throw new Error(`Step ${source.step} returned nothing at ${source.path.join('.')}`);
    return Buffer.isBuffer(found) ? found : `${found as string | number}`;
  }
}
