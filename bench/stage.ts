import { Pool } from 'pg';

/** What was opened, and is ended in the reverse order. */
export class Stage {
  private readonly ends: Array<() => Promise<unknown>> = [];

  constructor(private readonly mainUrl: string) {}

  onEnd(end: () => Promise<unknown>): void {
    this.ends.push(end);
  }

  pool(connectionString: string): Pool {
    const pool = new Pool({ connectionString });
    // Postgres reports its stop on connections that are still closing.
    pool.on('error', () => undefined);
    this.onEnd(() => pool.end());
    return pool;
  }

  /** Creates a database on the same Postgres. */
  async database(name: string): Promise<{ database: Pool; url: string }> {
    const main = this.pool(this.mainUrl);
    await main.query(`CREATE DATABASE ${name}`);
    const url = Object.assign(new URL(this.mainUrl), { pathname: `/${name}` }).href;
    return { database: this.pool(url), url };
  }

  async end(): Promise<void> {
    for (const end of this.ends.toReversed()) await end().catch((error: unknown) => console.error(error));
  }
}
