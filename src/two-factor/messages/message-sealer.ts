import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AesGcmSealer, SealBrokenError } from '../keys/sealer.js';
import type { Message } from './message.js';

const PURPOSE = 'message';

/** Makes a message unreadable while it waits: it holds an address, and often a code. */
@Injectable()
export class MessageSealer {
  constructor(private readonly sealer: AesGcmSealer) {}

  /** @returns the payload for the outbox, a JSON text */
  seal(content: Omit<Message, 'id'>): string {
    const id = randomUUID();
    return JSON.stringify({ id, sealed: this.sealer.seal(Buffer.from(JSON.stringify(content)), record(id), PURPOSE) });
  }

  /** @throws {SealBrokenError | UnknownKeyError} for a payload that this service did not write */
  open(payload: string): Message {
    const { id, sealed } = parse(payload);
    const content = JSON.parse(this.unseal(id, sealed).toString()) as Omit<Message, 'id'>;
    return { ...content, id };
  }

  /** An older program sealed messages by the key of stored secrets, and some may still wait when a newer one takes over. */
  private unseal(id: string, sealed: string): Buffer {
    try {
      return this.sealer.open(sealed, record(id), PURPOSE);
    } catch (error) {
      if (!(error instanceof SealBrokenError)) throw error;
      return this.sealer.open(sealed, record(id), 'seal');
    }
  }
}

function record(id: string): readonly string[] {
  return ['message', id];
}

function parse(payload: string): { id: string; sealed: string } {
  try {
    return JSON.parse(payload) as { id: string; sealed: string };
  } catch (cause) {
    throw new SealBrokenError('Not a sealed message', null, { cause });
  }
}
