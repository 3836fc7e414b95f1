/** What the bank is started with; the variables of its environment. */
export class BankSettings {
  readonly databaseUrl = needed('BANK_DATABASE_URL');

  /** Origin of the pages that customers use. */
  readonly origin = process.env['BANK_ORIGIN'] ?? 'https://online.acme-bank.example';

  /** The master key, as the vault of this example hands it out: 32 bytes in base64. */
  readonly masterKey = Buffer.from(needed('BANK_MASTER_KEY'), 'base64');

  readonly port = Number(process.env['PORT'] ?? 3000);
}

function needed(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`Set ${name}`);
  return value;
}
