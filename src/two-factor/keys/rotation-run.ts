/** Rows sealed anew in one statement, unless told otherwise. */
const BATCH_SIZE = 100;

/** A row that cannot be opened: it stays as it is. */
export interface UnreadableRow {
  readonly table: string;
  readonly id: string;
}

export interface RotationProgress {
  /** Rows that were sealed anew. */
  readonly done: number;
  /** Rows that were under older keys at the beginning. */
  readonly total: number;
}

export interface RotationOptions {
  /** Rows a statement; 100 by default. */
  readonly batchSize?: number;
  /** Stops after the batch at hand. */
  readonly signal?: AbortSignal;
  /** Hears of every batch. */
  readonly onProgress?: (progress: RotationProgress) => void;
  /** Hears of every row that cannot be opened. */
  readonly onUnreadable?: (row: UnreadableRow) => void;
}

export interface Rotation extends RotationProgress {
  readonly unreadable: readonly UnreadableRow[];
  /** Rows that are still under older keys: unreadable ones, and those sealed meanwhile by a process with an older ring. */
  readonly left: number;
}

/** What one rotation did so far. */
export class RotationRun {
  readonly batchSize: number;
  private done = 0;
  private readonly broken = new Map<string, UnreadableRow>();

  constructor(
    private readonly total: number,
    private readonly options: RotationOptions,
  ) {
    this.batchSize = options.batchSize ?? BATCH_SIZE;
  }

  get stopped(): boolean {
    return this.options.signal?.aborted ?? false;
  }

  get progress(): RotationProgress {
    return { done: this.done, total: this.total };
  }

  get unreadable(): readonly UnreadableRow[] {
    return [...this.broken.values()];
  }

  advance(rows: number): void {
    this.done += rows;
    this.options.onProgress?.(this.progress);
  }

  /** Told once, however often the row is met. */
  passOver(row: UnreadableRow): void {
    if (this.broken.has(row.id)) return;
    this.broken.set(row.id, row);
    this.options.onUnreadable?.(row);
  }
}
