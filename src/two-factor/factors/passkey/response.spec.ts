import { describe, expect, it } from '@jest/globals';
import { ceremonyHash, readAssertion, readAttestation } from './response.js';

const encode = (text: string) => Buffer.from(text).toString('base64url');
const CHALLENGE = encode('a challenge');

const clientData = (more: object = {}) =>
  encode(JSON.stringify({ type: 'webauthn.get', challenge: CHALLENGE, origin: 'https://example.com', ...more }));

const assertion = (more: object = {}, answer: object = {}) => ({
  id: 'AAAA',
  rawId: 'AAAA',
  type: 'public-key',
  response: { clientDataJSON: clientData(), authenticatorData: 'AAAA', signature: 'AAAA', ...answer },
  ...more,
});

const attestation = (transports: unknown) => assertion({}, { attestationObject: 'AAAA', transports });
const kept = (transports: unknown) => readAttestation(attestation(transports))?.response.response.transports;

describe('the answer of an authenticator', () => {
  it('is read with the key of its ceremony, the origin, and no member that is not needed', () => {
    const read = readAssertion(assertion({ clientExtensionResults: { appid: true }, extra: 1 }, { extra: 1 }));
    expect(read).toEqual({
      response: { ...assertion(), clientExtensionResults: {} },
      client: {
        challenge: CHALLENGE,
        ceremonyHash: ceremonyHash(Buffer.from('a challenge')),
        origin: 'https://example.com',
        embedded: false,
      },
      credentialId: Buffer.from('AAAA', 'base64url'),
    });
  });

  it.each([
    ['without crossOrigin', {}, false],
    ['with crossOrigin false', { crossOrigin: false }, false],
    ['with crossOrigin true', { crossOrigin: true }, true],
    ['with crossOrigin of another type', { crossOrigin: 'false' }, true],
    ['with a topOrigin', { topOrigin: 'https://example.org' }, true],
  ])('%s tells whether the page was embedded', (_, more, embedded) => {
    const read = readAssertion(assertion({}, { clientDataJSON: clientData(more) }));
    expect(read?.client.embedded).toBe(embedded);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'AAAA'],
    ['no members', {}],
    ['two ids', assertion({ rawId: 'AAAB' })],
    ['an id that is no base64url', assertion({ id: 'AA+A', rawId: 'AA+A' })],
    ['an id with padding', assertion({ id: 'AA==', rawId: 'AA==' })],
    ['an id in another spelling of its bytes', assertion({ id: 'AB', rawId: 'AB' })],
    ['another type', assertion({ type: 'password' })],
    ['no response', assertion({ response: undefined })],
    ['a signature of another type', assertion({}, { signature: 7 })],
    ['an empty signature', assertion({}, { signature: '' })],
    ['a user handle of another type', assertion({}, { userHandle: {} })],
    ['client data that is no JSON', assertion({}, { clientDataJSON: encode('{') })],
    ['client data that is no object', assertion({}, { clientDataJSON: encode('7') })],
    ['client data without a challenge', assertion({}, { clientDataJSON: clientData({ challenge: undefined }) })],
    ['client data without an origin', assertion({}, { clientDataJSON: clientData({ origin: 1 }) })],
    ['an id of 1024 bytes', assertion({ id: 'A'.repeat(1366), rawId: 'A'.repeat(1366) })],
  ])('is refused when it has %s', (_, body) => {
    expect(readAssertion(body)).toBeNull();
  });

  it.each([undefined, null, ''])('may have the user handle %p, which stands for none', (userHandle) => {
    expect(readAssertion(assertion({}, { userHandle }))?.response.response).not.toHaveProperty('userHandle');
  });

  it('to a registration keeps the transports that are known, each once', () => {
    expect(kept(['usb', 'usb', 'internal', 'telepathy', 7])).toEqual(['usb', 'internal']);
    for (const none of [undefined, 'usb', {}]) expect(kept(none)).toEqual([]);
  });
});
