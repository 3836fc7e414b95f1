// Hours, not days: a day of Postgres has 23 hours when the server's time zone changes to summer time.

/** Idle timeout. */
export const IDLE_LIFE = `interval '168 hours'`;

/** Absolute lifetime [ASVS 7.3.2]. */
export const ABSOLUTE_LIFE = `interval '720 hours'`;

/** Lifetime with `rememberMe: false`. */
export const BROWSER_LIFE = `interval '24 hours'`;

/** Minimum interval between two writes of use. Without it, every request costs a disk flush. */
export const TOUCH_INTERVAL = `interval '1 hour'`;
