import { AsyncLocalStorage } from 'node:async_hooks';
import { performance } from 'node:perf_hooks';

/** What belongs to one request, wherever its work goes on. */
interface RequestScope {
  readonly id: string | undefined;
  /** By `performance.now()`, in milliseconds: no statement is sent later. */
  deadline: number;
}

/** One for all of it: on Node.js 20 each AsyncLocalStorage costs time at every promise. */
const scopes = new AsyncLocalStorage<RequestScope>();

/**
 * Runs `work`, with all that it calls, as part of a request.
 *
 * @param id for log lines; see `requestId`
 */
export function inRequestScope<T>(id: string, work: () => T): T {
  return scopes.run({ id, deadline: Infinity }, work);
}

/** @returns the id of the current request; undefined outside of one */
export function requestId(): string | undefined {
  return scopes.getStore()?.id;
}

/**
 * Lets `work`, and all that it calls, wait for the database so long and no longer, over all statements together.
 *
 * For a middleware or hook that every request passes. What is asked for later fails with DatabaseUnavailableError.
 *
 * @param ms milliseconds from now
 */
export function withDatabaseDeadline<T>(ms: number, work: () => T): T {
  return scopes.run({ id: requestId(), deadline: performance.now() + ms }, work);
}

/**
 * Sets the deadline of the current request, in the place of `withDatabaseDeadline` where `inRequestScope` has opened a scope
 * before. Without a scope it does nothing.
 *
 * @param ms milliseconds from now
 */
export function limitDatabaseTime(ms: number): void {
  const scope = scopes.getStore();
  if (scope) scope.deadline = performance.now() + ms;
}

/** @returns milliseconds until the deadline of the request is over; Infinity where there is none */
export function timeLeft(): number {
  const scope = scopes.getStore();
  return scope ? scope.deadline - performance.now() : Infinity;
}
