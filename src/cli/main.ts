#!/usr/bin/env node
/** Entry of the command line. Imports nothing before it knows that this Node can run the rest. */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`bedacht: this is Node ${process.versions.node}; install Node 22.18 or newer (24 is best).`);
  process.exitCode = 2;
} else {
  const { run } = await import("./program.ts");
  await run(process.argv);
}
