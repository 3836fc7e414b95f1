/**
 * The configuration of HAProxy. It has active health checks and tries another server when a connection is refused; the nginx of
 * Debian has neither active checks nor a way to add a server without a reload.
 *
 * @param port where clients connect
 * @param replicas ports of the replicas; a port without a process is a free place, into which a replica may come
 */
export function haproxyConfiguration(port: number, replicas: readonly number[]): string {
  return `global
  log stdout format raw local0 notice

defaults
  mode http
  log global
  timeout connect 1s
  timeout client 30s
  # Longer than DATABASE_TIMEOUT of a request, so that the service reports its own time-out.
  timeout server 30s
  timeout queue 5s
  # Retries only a connection that was refused: a request that a replica may have read is not sent twice, because its code
  # may be spent. The client gets 502 and decides.
  retries 3
  option redispatch 1
  retry-on conn-failure
  # The service believes this header because TRUST_PROXY lists the address of HAProxy.
  option forwardfor

frontend clients
  bind 127.0.0.1:${port}
  default_backend replicas

backend replicas
  balance leastconn
  option httpchk GET /health
  http-check expect status 200
  # A replica that got SIGTERM is out after one check; SHUTDOWN_DELAY must be longer than the interval and the check.
  default-server check inter 250ms fall 1 rise 1
${replicas.map((replica, index) => `  server replica${index + 1} 127.0.0.1:${replica}`).join('\n')}
`;
}
