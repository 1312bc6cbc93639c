/** `npm run readme`: puts the output of `npm run demo` into README.md, so that its result is real. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const file = fileURLToPath(new URL("../README.md", import.meta.url));
const demo = fileURLToPath(new URL("../src/cli/demo.ts", import.meta.url));

const { status, stdout, stderr } = spawnSync(process.execPath, [demo], {
  encoding: "utf8",
  env: { ...process.env, NO_COLOR: "1" },
});
const from = stdout.indexOf("Problem ");
const to = stdout.indexOf("Try your own");
if (status !== 0 || from < 0) {
  console.error(status === 0 ? "In this demo search never beat greedy." : stderr);
  process.exitCode = 1;
} else {
  const block = `<!-- demo -->\n\`\`\`\n${stdout.slice(from, to).trim()}\n\`\`\`\n<!-- /demo -->`;
  const before = readFileSync(file, "utf8");
  writeFileSync(
    file,
    before.replace(/<!-- demo -->.*<!-- \/demo -->/s, () => block),
  );
}
