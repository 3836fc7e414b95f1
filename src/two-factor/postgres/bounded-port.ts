import { Connection } from './connection.js';
import type { Database } from './database.js';

type Method = (...values: unknown[]) => unknown;

/** Nest calls these on the host's own provider. Through the port it would call them once more. */
const LIFE_CYCLE: ReadonlySet<PropertyKey> = new Set([
  'onModuleInit',
  'onApplicationBootstrap',
  'onModuleDestroy',
  'beforeApplicationShutdown',
  'onApplicationShutdown',
]);

/**
 * A port of the host whose methods may take only so long inside a transaction of the library.
 *
 * A method that ignores the transaction and asks for a connection of its own waits for one while it holds one. As many
 * requests at once as the pool has connections would wait for each other for ever, and with them the whole application.
 *
 * @param name of the port, for the message
 */
export function boundedPort<Port extends object>(name: string, port: Port, database: Database): Port {
  const bounded = new WeakMap<object, unknown>();
  return new Proxy(port, {
    get(target, key) {
      if (LIFE_CYCLE.has(key)) return undefined;
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      if (!bounded.has(value)) bounded.set(value, bind(value as Method, `${name}.${String(key)}`));
      return bounded.get(value);
    },
  });

  function bind(method: Method, what: string): Method {
    return (...values) => {
      const inTransaction = values.some((value) => value instanceof Connection);
      const call = () => method.apply(port, values);
      return inTransaction ? database.portTime(what, async () => call()) : call();
    };
  }
}
