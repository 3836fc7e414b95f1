# syntax=docker/dockerfile:1

# Node.js is pinned to the newest version of its line that was known in November 2026. The digest was not known: look it up
# in the registry, and append it to the tag (`tag@sha256:…`) on all three lines.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY nest-cli.json tsconfig.json tsconfig.build.json esbuild.config.js ./
COPY src ./src
RUN npm run build:service

FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
# Passwords are hashed by as many threads as there are cores, but at most by this number minus two. On Node.js 20 a program
# cannot set it for itself.
ENV UV_THREADPOOL_SIZE=16
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
# Root owns the files: an attacker who controls the service cannot change its program.
USER node
EXPOSE 3001
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3001}/api/auth/ok`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Starts node without npm or a shell: node itself receives SIGTERM and finishes requests in flight.
CMD ["node", "dist/main.js"]
