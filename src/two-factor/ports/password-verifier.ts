/** Checks the first factor again before something sensitive is done. */
export abstract class PasswordVerifier {
  /** @returns whether `password` is the account's; false too for an unknown account */
  abstract verify(accountId: string, password: string): Promise<boolean>;
}
