#!/usr/bin/env node
// The entry of every script in the root's package.json. It must parse in any Node that supports modules, so it only checks
// the version; everything else is imported afterwards.
const major = Number(process.versions.node.split('.')[0]);
if (major < 20) {
  console.error(
    `wxthirdparty needs Node 20 or newer to start itself, and this is Node ${process.versions.node}. Install a newer one from https://nodejs.org and try again.`,
  );
  process.exitCode = 1;
} else {
  import('./commands.mjs')
    .then(({ run }) => run(process.argv.slice(2)))
    .catch((error) => {
      // A Sentence is for the user; anything else is a fault of this program, and its stack is needed.
      console.error(error?.name === 'Sentence' ? error.message : error);
      process.exitCode = 1;
    });
}
