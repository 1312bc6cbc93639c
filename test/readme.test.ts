import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { embeddedPath } from "../src/models/embedded.ts";

const ROOT = new URL("../", import.meta.url);
const text = readFileSync(new URL("README.md", ROOT), "utf8");

it("names the two lines that set everything up", () => {
  expect(text).toContain("```sh\nnpm ci && npm run demo\n```");
  expect(text).toContain("```sh\nnpm ci && npm test\n```");
});

it("links to files that exist", () => {
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link]) => link!);
  expect(links.length).toBeGreaterThan(5);
  expect(links.filter((link) => !existsSync(new URL(link, ROOT)))).toEqual([]);
});

it("has a library example that runs", (context) => {
  if (!existsSync(embeddedPath("pico-s")) || !existsSync(embeddedPath("pico-prm")))
    context.skip("the embedded models are not in pico/");
  const [, example] = /```ts\n(.*?)```/s.exec(text)!;
  const here = (path: string) => JSON.stringify(new URL(`src/${path}`, ROOT).href);
  const code = example!
    .replace('"bedacht"', here("index.ts"))
    .replace(/"bedacht\/(\w+)"/g, (_, folder: string) => here(`${folder}/index.ts`));
  const folder = mkdtempSync(join(tmpdir(), "bedacht-readme-"));
  try {
    const file = join(folder, "example.ts");
    writeFileSync(file, code);
    const { status, stdout } = spawnSync(process.execPath, [file], { encoding: "utf8" });
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^25, for \d+ generated tokens \(done\)\n$/),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
