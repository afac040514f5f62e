# One image for every process; the command says which one it is.
FROM node:24-slim AS manifests

WORKDIR /app
# The lockfile and the manifests first: the packages are installed again only when these change.
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
COPY packages/cli/package.json packages/cli/
COPY packages/console/package.json packages/console/
COPY packages/gateway/package.json packages/gateway/
COPY packages/platform/package.json packages/platform/
COPY packages/sdk/package.json packages/sdk/
COPY packages/simulator/package.json packages/simulator/
COPY packages/telemetry/package.json packages/telemetry/
COPY packages/wechat/package.json packages/wechat/
COPY packages/worker/package.json packages/worker/
COPY packages/wxthirdparty/package.json packages/wxthirdparty/
COPY e2e/package.json e2e/
COPY examples/package.json examples/

# The operator console. Its tools and libraries stay in this stage.
FROM manifests AS console
RUN npx -y pnpm@12.21.0 install --frozen-lockfile --no-optional --filter @wxthirdparty/console...
COPY packages/sdk packages/sdk
COPY packages/console packages/console
RUN cd packages/console && NODE_ENV=production node node_modules/vite/bin/vite.js build

FROM manifests
ENV NODE_ENV=production
# A limit for V8's young generation; packages/cli/bootstrap/run-program.mjs says why.
ENV NODE_OPTIONS=--max-semi-space-size=16

# Without the optional packages: they are Node itself, for machines that have an older one, and native extras that
# every user of them does without.
RUN npx -y pnpm@12.21.0 install --frozen-lockfile --prod --no-optional \
 && rm -rf /root/.npm /root/.cache /root/.local

COPY packages packages
COPY --from=console /app/packages/console/dist packages/console/dist

# Compose mounts a volume here; a new volume takes over the owner of the folder that it covers.
RUN mkdir /data && chown node:node /data
ENV DATA_DIR=/data
VOLUME /data
USER node

# Node itself is the process that gets the signals.
CMD ["node", "packages/cli/src/main.ts", "node"]
EXPOSE 3000
