// Hours, because a day of Postgres has 23 of them when the server's zone turns its clocks.

/** A session ends after so long without use, */
export const IDLE_LIFE = `interval '168 hours'`;

/** so long after it was signed in at the latest [ASVS 7.3.2], */
export const ABSOLUTE_LIFE = `interval '720 hours'`;

/** and much sooner for whoever did not want to be remembered. */
export const BROWSER_LIFE = `interval '24 hours'`;

/** Use is written down no oftener than this, or every request would cost a disk flush. */
export const TOUCH_INTERVAL = `interval '1 hour'`;
