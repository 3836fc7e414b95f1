import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BATCH, PASSWORD_ENDPOINTS, type BenchServer, type Endpoint } from '../endpoints.js';
import type { Recipe } from '../floor/recipe.js';
import { startRecorder, type Recorder } from '../floor/recorder.js';
import { trace, type RecordedCall } from '../floor/trace.js';
import { LoadClient, type Call } from '../load.js';
import { startOurs, type OurSettings } from './ours.js';
import type { OurState } from './our-state.js';
import { bundle, startProgram } from './program.js';

/** Requests that open connections and prepare statements, before two are recorded. */
const BEFORE = 30;

/** Starts the floor: it sends the statements that the service sends now, recorded on their way to Postgres. */
export async function startFloor(
  settings: OurSettings,
  state: OurState,
  { endpoints, poolSize }: { endpoints: readonly Endpoint[]; poolSize: number },
): Promise<BenchServer> {
  const recipes = await recordRecipes(settings, state, endpoints);
  const folder = await mkdtemp(join(tmpdir(), 'two-factor-floor-'));
  const file = join(folder, 'recipes.json');
  await writeFile(file, JSON.stringify(recipes));
  const program = await startProgram(
    await bundle('bench/floor/floor-program.ts'),
    {
      DATABASE_URL: settings.databaseUrl,
      POOL_SIZE: String(poolSize),
      RECIPES: file,
      PASSWORD_HASH: await state.passwordHash,
    },
    '/',
  );
  return {
    name: 'floor',
    ...program,
    prepare: async (endpoint, count) =>
      (await state.prepare(endpoint, count)).map((call) => ({
        ...call,
        headers: { ...call.headers, 'x-endpoint': endpoint },
      })),
    stop: async () => {
      await program.stop();
      await rm(folder, { recursive: true });
    },
  };
}

async function recordRecipes(
  { databaseUrl, keys }: OurSettings,
  state: OurState,
  endpoints: readonly Endpoint[],
): Promise<Record<string, Recipe>> {
  const recorder = await startRecorder(databaseUrl);
  const service = await startOurs({ databaseUrl: recorder.url, keys });
  const client = new LoadClient(service.port);
  const recipes: Record<string, Recipe> = {};
  try {
    for (const endpoint of endpoints) {
      const password = PASSWORD_ENDPOINTS.has(endpoint);
      const calls = await state.prepare(endpoint, Math.min(BATCH, BEFORE + 2));
      await client.run(calls.slice(2), 1);
      const [first, second] = [await record(recorder, client, calls[0]), await record(recorder, client, calls[1])];
      recipes[endpoint] = trace(first, second, password);
    }
  } finally {
    client.close();
    await service.stop();
    await recorder.close();
  }
  return recipes;
}

async function record(recorder: Recorder, client: LoadClient, call: Call | undefined): Promise<RecordedCall> {
  if (!call) throw new Error('There is no call to record');
  let answer = '';
  const statements = await recorder.record(async () => {
    answer = await client.send(call);
  });
  return { call, statements, answer };
}
