import { DeliveryError, MessageRefusedError } from '../delivery-error.js';

/** An answer of a provider that was not a success. */
export interface Refusal {
  readonly status: number;
  /** The JSON object of the body, or nothing. */
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Posts to a provider. Redirects are not followed: they would carry the message, and its signature or our credentials,
 * to where nobody told us to.
 *
 * @param signal tells to give up
 * @param forGood whether the provider will never take this message; only asked about answers that are no success
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
