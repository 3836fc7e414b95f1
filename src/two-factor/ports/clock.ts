/** The time that code checks are made at. What SQL compares is Postgres's time instead. */
export abstract class Clock {
  abstract now(): Date;
}
