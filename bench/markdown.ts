import type { Measurement } from './measure.js';
import type { Results } from './report.js';

/** The results as `docs/performance.md` has them: CPU first, because other work on the machine changes it least. */
export function markdown({ endpoints, date, machine, rounds, requests }: Results): string {
  const head = [
    'call',
    'CPU, ms',
    'Postgres, ms',
    'requests/s',
    'p50, ms',
    'p99, ms',
    'CPU: Better Auth / ours',
    'CPU: ours / floor',
  ];
  const rows = Object.entries(endpoints).map(([endpoint, { ours, peer, floor }]) => {
    const both = (value: (m: Measurement) => number, digits: number) =>
      [ours, peer, floor].map((m) => (m ? value(m).toFixed(digits) : '-')).join(' · ');
    return [
      `\`${endpoint}\``,
      both((m) => m.cpu, 2),
      both((m) => m.postgres, 2),
      both((m) => m.perSecond, 0),
      both((m) => m.p50, 1),
      both((m) => m.p99, 1),
      ours && peer ? (peer.cpu / ours.cpu).toFixed(1) : '-',
      ours && floor ? (ours.cpu / floor.cpu).toFixed(1) : '-',
    ];
  });
  return [
    `${date.slice(0, 10)}, ${machine}; ${rounds} rounds of ${requests} requests. Each cell: ours · Better Auth · floor.`,
    '',
    ...[head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`),
    '',
  ].join('\n');
}
