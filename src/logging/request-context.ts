import { AsyncLocalStorage } from 'node:async_hooks';

const requests = new AsyncLocalStorage<string>();

/** Runs `work`, and all that it starts, in the name of a request. */
export function inRequest<T>(id: string, work: () => T): T {
  return requests.run(id, work);
}

/** The id of the request on whose behalf this code runs; undefined where there is none. */
export function requestId(): string | undefined {
  return requests.getStore();
}
