import { DeliveryError, MessageRefusedError } from '../delivery-error.js';

/** A provider's response without success. */
export interface Refusal {
  readonly status: number;
  /** The JSON object of the body; empty if there is none. */
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Posts to a provider. Does not follow redirects: they would send the message, its signature or the credentials to a
 * host that is not configured.
 *
 * @param signal aborts the request
 * @param forGood decides whether the provider refuses this message permanently; called only for responses without
 *   success
 * @throws {MessageRefusedError | DeliveryError} with the status and, if the body has a numeric one, its `code`
 */
export async function post(
  url: string,
  { headers, body }: { headers: Record<string, string>; body: string },
  signal: AbortSignal,
  forGood: (refusal: Refusal) => boolean,
): Promise<void> {
  const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
  if (answer.ok) {
    await answer.body?.cancel();
    return;
  }
  const refusal = { status: answer.status, body: await readObject(answer) };
  const { code } = refusal.body;
  const reason = `HTTP ${refusal.status}${Number.isSafeInteger(code) ? ` code ${String(code)}` : ''}`;
  throw forGood(refusal) ? new MessageRefusedError(reason) : new DeliveryError(reason);
}

async function readObject(answer: Response): Promise<Record<string, unknown>> {
  try {
    const value: unknown = await answer.json();
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
