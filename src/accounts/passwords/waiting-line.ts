/** An entry of a waiting line. */
export interface Waiting {
  /** Client network of the request. */
  readonly network: string;
}

/**
 * A line that serves client networks in turn, and the entries of one network in the order of their arrival. So a network
 * that sends many requests waits for itself, and not the others for it.
 */
export class WaitingLine<Entry extends Waiting> {
  /** Entries by network, in the order of service. */
  private readonly networks = new Map<string, Entry[]>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  add(entry: Entry): void {
    const others = this.networks.get(entry.network);
    if (others) others.push(entry);
    else this.networks.set(entry.network, [entry]);
    this.count++;
  }

  /** Removes and returns the next entry; undefined if the line is empty. */
  next(): Entry | undefined {
    const [turn] = this.networks;
    if (!turn) return undefined;
    const [network, entries] = turn;
    const entry = entries.shift();
    this.networks.delete(network);
    // Moved to the end: every other network is served before this one again.
    if (entries.length > 0) this.networks.set(network, entries);
    this.count--;
    return entry;
  }

  /** Removes an entry. Does nothing if it is not in the line. */
  remove(entry: Entry): void {
    const entries = this.networks.get(entry.network);
    const index = entries?.indexOf(entry) ?? -1;
    if (!entries || index === -1) return;
    entries.splice(index, 1);
    if (entries.length === 0) this.networks.delete(entry.network);
    this.count--;
  }

  /** @returns all entries */
  entries(): Entry[] {
    return [...this.networks.values()].flat();
  }

  /**
   * Finds the entry to evict for another network when the line is full.
   *
   * @returns the newest entry of the network that has most of them; undefined where it would then have fewer than
   *   `network`, for then one entry is as good as the other
   */
  surplus(network: string): Entry | undefined {
    let most: Entry[] = [];
    for (const entries of this.networks.values()) if (entries.length > most.length) most = entries;
    const own = this.networks.get(network)?.length ?? 0;
    return most.length > own + 1 ? most.at(-1) : undefined;
  }
}
