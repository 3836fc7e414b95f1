import { parseArgs } from 'node:util';
import { ENDPOINTS, type Endpoint } from './endpoints.js';

export interface BenchOptions {
  readonly endpoints: readonly Endpoint[];
  readonly servers: ReadonlyArray<'ours' | 'peer' | 'floor'>;
  readonly rounds: number;
  /** Measured requests of each round. */
  readonly requests: number;
  /** Requests of each server and endpoint before the first round. */
  readonly warmUp: number;
  /** Accounts with two-factor on. */
  readonly accounts: number;
  /** File for the results. */
  readonly json: string | undefined;
  /** File for the table of the document. */
  readonly markdown: string | undefined;
  /** File for the picture. */
  readonly svg: string | undefined;
  /** Whether to send 100,000 further requests and look at the memory. */
  readonly long: boolean;
}

/** Accounts that a run with more is compared with. */
export const SMALL = 1000;

export const HELP = `npm run bench -- [options]

  --only a,b       endpoints: ${ENDPOINTS.join(', ')}
  --servers a,b    ours, peer (Better Auth), floor (node:http with the same statements)
  --rounds n       rounds; each measures every server once (default 3)
  --requests n     requests of a round (default 1500)
  --warm-up n      requests of each server and endpoint before that (default 3000)
  --accounts n     accounts with two-factor on (default ${SMALL}); with more, ours is compared with itself at ${SMALL}
  --long           100,000 further requests to ours, to see whether its memory grows
  --json file      writes the results
  --markdown file  writes the table of docs/performance.md
  --svg file       writes a picture of the results
`;

/** @throws {RangeError} for a value that is not understood */
export function readOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      servers: { type: 'string', default: 'ours,peer,floor' },
      rounds: { type: 'string', default: '3' },
      requests: { type: 'string', default: '1500' },
      'warm-up': { type: 'string', default: '3000' },
      accounts: { type: 'string', default: String(SMALL) },
      json: { type: 'string' },
      markdown: { type: 'string' },
      svg: { type: 'string' },
      long: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    endpoints: values.only === undefined ? ENDPOINTS : list('--only', values.only, ENDPOINTS),
    servers: list('--servers', values.servers, ['ours', 'peer', 'floor']),
    rounds: count('--rounds', values.rounds),
    requests: count('--requests', values.requests),
    warmUp: count('--warm-up', values['warm-up']),
    accounts: count('--accounts', values.accounts),
    json: values.json,
    markdown: values.markdown,
    svg: values.svg,
    long: values.long,
  };
}

function list<Name extends string>(option: string, text: string, names: readonly Name[]): Name[] {
  return text.split(',').map((item) => {
    const found = names.find((name) => name === item.trim());
    if (!found) throw new RangeError(`${option}: "${item}" is none of ${names.join(', ')}`);
    return found;
  });
}

function count(option: string, text: string): number {
  if (!/^\d{1,8}$/.test(text)) throw new RangeError(`${option} takes a whole number`);
  return Number(text);
}
