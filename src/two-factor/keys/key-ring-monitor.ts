import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { KeyRegister } from './key-register.js';

/** How often a running process says which key it seals with, and looks whether its ring still fits. In seconds. */
export const KEY_RING_CHECK_INTERVAL = 300;

/** Refuses to start with a key ring that cannot open what is stored, and says so when that comes true later. */
@Injectable()
export class KeyRingMonitor implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('KeyRing');
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly register: KeyRegister) {}

  /** @throws {Error} naming the key at fault; see `KeyRegister.enter` */
  async onApplicationBootstrap(): Promise<void> {
    await this.enter();
    this.timer = setInterval(() => void this.check(), KEY_RING_CHECK_INTERVAL * 1000).unref();
  }

  private async enter(): Promise<void> {
    try {
      await this.register.enter();
    } catch (error) {
      if (!isUndefinedTable(error)) throw error;
      const remedy =
        'add `twoFactorMigrations`, or those of `twoFactorSchema(factors)`, to the data source and run them before the start';
      throw new Error(`The tables of TwoFactorModule are missing: ${remedy}`, { cause: error });
    }
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Never throws: what runs goes on, and what it must not seal any more Postgres refuses. */
  async check(): Promise<void> {
    try {
      await this.register.enter();
    } catch (error) {
      this.logger.error({ event: 'key-ring.check-failed', reason: error instanceof Error ? error.message : 'unknown' });
    }
  }
}

/** SQLSTATE undefined_table [PostgreSQL, Appendix A]. */
function isUndefinedTable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '42P01';
}
