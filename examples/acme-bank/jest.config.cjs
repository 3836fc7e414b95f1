/** Jest in CommonJS, without flags of Node. */
module.exports = {
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testRegex: String.raw`\.spec\.ts$`,
  // The sources import `./x.js`, which is the name after compilation.
  moduleNameMapper: { [String.raw`^(\.{1,2}/.*)\.js$`]: '$1' },
  transform: {
    [String.raw`\.[jt]s$`]: [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'commonjs' },
      },
    ],
  },
  // NestJS 12 is ES modules, which Jest cannot `require()` on Node.js 20 and 22. NestJS 11 and nestjs-two-factor are CommonJS there.
  transformIgnorePatterns: [
    '/node_modules/(?!(?:@nestjs|file-type|strtok3|token-types|@tokenizer|@borewit|uint8array-extras)/)',
  ],
};
