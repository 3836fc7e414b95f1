const { existsSync } = require('node:fs');
const path = require('node:path');

/** Sources name their neighbours as the built output does, `./x.js`; here the neighbour is `./x.ts`. */
module.exports = (request, options) => {
  if (request.startsWith('.') && request.endsWith('.js') && !options.basedir.includes('node_modules')) {
    const source = path.join(options.basedir, request.replace(/\.js$/, '.ts'));
    if (existsSync(source)) return source;
  }
  return options.defaultResolver(request, options);
};
