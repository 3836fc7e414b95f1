import { createApp } from './app.js';
import { BankSettings } from './settings.js';

async function main(): Promise<void> {
  const settings = new BankSettings();
  const app = await createApp(settings);
  await app.listen(settings.port);
}

void main();
