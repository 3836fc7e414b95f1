const { existsSync } = require('node:fs');
const path = require('node:path');

/** Sources import their neighbours by the names of the built files, `./x.js`. This resolver maps them to `./x.ts`. */
module.exports = (request, options) => {
  if (request.startsWith('.') && request.endsWith('.js') && !options.basedir.includes('node_modules')) {
    const source = path.join(options.basedir, request.replace(/\.js$/, '.ts'));
    if (existsSync(source)) return source;
  }
  return options.defaultResolver(request, options);
};
