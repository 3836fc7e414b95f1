import { startTestService, type TestService, type TestServiceOptions } from './service.js';

/** Two services on one database, as behind a load balancer. */
export class Replicas {
  private constructor(readonly services: readonly [TestService, TestService]) {}

  static async start(options: TestServiceOptions = {}): Promise<Replicas> {
    const first = await startTestService(options);
    return new Replicas([first, await startTestService({ ...options, replicaOf: first })]);
  }

  /** @returns one of the two services, alternating */
  at(index: number): TestService {
    return this.services[index % 2 === 0 ? 0 : 1];
  }

  /** The service that owns the database is closed last. */
  async close(): Promise<void> {
    const [first, second] = this.services;
    await second.close();
    await first.close();
  }
}
