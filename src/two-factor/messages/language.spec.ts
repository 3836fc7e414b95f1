import { describe, expect, it } from '@jest/globals';
import { chooseLanguage } from './language.js';

const AVAILABLE = ['en', 'de', 'fr', 'pt-BR'];

describe('the choice of a language', () => {
  it.each([
    [undefined, undefined, 'en'],
    [undefined, 'de-AT,de;q=0.9,en;q=0.8', 'de'],
    [undefined, 'en;q=0.1, fr;q=0.9', 'fr'],
    [undefined, 'ja, *;q=0.5', 'en'],
    [undefined, 'pt-br', 'pt-BR'],
    [undefined, 'de;q=0, fr', 'fr'],
    [undefined, ';;;,,q=;=', 'en'],
    ['fr', 'de', 'fr'],
    ['ja', 'de', 'de'],
  ])('resolves a preference of %s and an Accept-Language of %s to %s', (preferred, header, language) => {
    expect(chooseLanguage(AVAILABLE, preferred, header)).toBe(language);
  });
});
