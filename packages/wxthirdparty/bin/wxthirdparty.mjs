#!/usr/bin/env node
// The entry of the installed command line. It must parse in any Node that supports modules, so it only checks the version;
// everything else is imported afterwards.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
// undici's floor. The interface of 2015 needs less: Node 20.
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(
    `The command "wxthirdparty" needs Node 22.19 or newer, and this is Node ${process.versions.node}. Install a newer one from https://nodejs.org and try again; programs that only use the package's interface of 2015 run on Node 20, too.`,
  );
  process.exitCode = 1;
} else {
  const run = new URL('../dist/command-line/run-installed.js', import.meta.url);
  import(run.href).catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
}
