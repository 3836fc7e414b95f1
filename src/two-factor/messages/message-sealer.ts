import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AesGcmSealer, SealBrokenError } from '../sealing/sealer.js';
import type { Message } from './message.js';

/** Makes a message unreadable while it waits: it holds an address, and often a code. */
@Injectable()
export class MessageSealer {
  constructor(private readonly sealer: AesGcmSealer) {}

  /** @returns the payload for the outbox, a JSON text */
  seal(content: Omit<Message, 'id'>): string {
    const id = randomUUID();
    return JSON.stringify({ id, sealed: this.sealer.seal(Buffer.from(JSON.stringify(content)), record(id)) });
  }

  /** @throws {SealBrokenError | UnknownKeyError} for a payload that this service did not write */
  open(payload: string): Message {
    const { id, sealed } = parse(payload);
    const content = JSON.parse(this.sealer.open(sealed, record(id)).toString()) as Omit<Message, 'id'>;
    return { ...content, id };
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
