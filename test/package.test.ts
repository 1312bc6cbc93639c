import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  version: string;
  exports: Record<string, string | { types: string; default: string }>;
};
const folder = mkdtempSync(join(tmpdir(), "bedacht-package-"));
const app = join(folder, "app");
const bin = join(app, "node_modules/bedacht/dist/cli/main.js");
let packed: string[] = [];

/** Runs npm without the settings that the npm above it hands down, such as its prefix and its omitted groups. */
function npm(args: readonly string[], cwd: string): string {
  const inherited = Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith("npm_"));
  return execFileSync("npm", [...args, "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd,
    encoding: "utf8",
    env: Object.fromEntries(inherited),
    shell: process.platform === "win32",
  });
}

function node(args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, args, { cwd: app, encoding: "utf8" });
}

beforeAll(() => {
  const said = npm(["pack", "--json", "--pack-destination", folder], ROOT);
  const [tarball] = JSON.parse(said.slice(said.search(/^\[/m))) as [
    { filename: string; files: { path: string }[] },
  ];
  packed = tarball.files.map((file) => file.path);
  mkdirSync(app);
  writeFileSync(join(app, "package.json"), JSON.stringify({ private: true, type: "module" }));
  npm(["install", "--omit=dev", "--prefer-offline", join(folder, tarball.filename)], app);
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the packed package", () => {
  it("holds what it needs and nothing else", () => {
    expect(packed).toEqual(expect.arrayContaining(["LICENSE", "README.md", "package.json", "dist/index.js"]));
    const odd = packed.filter(
      (path) =>
        !/^(?:LICENSE|README\.md|package\.json|pico\/(?:README\.md|[\w-]+\.gguf)|dist\/.+)$/.test(path),
    );
    expect(odd).toEqual([]);
    expect(
      packed.filter((path) => /\.test\.|\.map$/.test(path) || (/\.ts$/.test(path) && !/\.d\.ts$/.test(path))),
    ).toEqual([]);
  });

  it.each(Object.keys(manifest.exports).filter((path) => path !== "./package.json"))("imports %s", (path) => {
    const name = join("bedacht", path).replaceAll("\\", "/");
    const code = `console.log(Object.keys(await import(${JSON.stringify(name)})).length)`;
    const { status, stdout, stderr } = node(["--input-type=module", "--eval", code]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(Number(stdout)).toBeGreaterThan(0);
  });

  it("runs the command line", () => {
    expect(node([bin, "--version"])).toMatchObject({ status: 0, stdout: `${manifest.version}\n` });
    const { status, stdout } = node([bin, "problems", "--family", "chain", "--level", "2", "--count", "2"]);
    expect(status).toBe(0);
    expect(stdout.trim().split("\n")).toHaveLength(2);
  });

  it("says one clear sentence on a Node that is too old", () => {
    const older = 'Object.defineProperty(process.versions, "node", { value: "20.20.2" })';
    const { status, stdout, stderr } = node(["--import", `data:text/javascript,${older}`, bin, "--version"]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/^bedacht: this is Node 20\.20\.2; install Node 22\.18 or newer.*\n$/);
  });

  it("runs an example, which also passes the type checker against the packed types", () => {
    copyFileSync(join(ROOT, "examples/majority.ts"), join(app, "majority.ts"));
    expect(node(["majority.ts"])).toMatchObject({ status: 0, stdout: expect.stringContaining("answer 408") });
    const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2024", "--types", ""];
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    expect(node([tsc, ...options, "majority.ts"])).toMatchObject({ status: 0, stdout: "" });
  });

  it("computes with every heavy package it loads lazily", () => {
    const code = `
      const { equivalent } = await import("bedacht/verifiers");
      const { openJournal } = await import("bedacht/budget");
      const journal = await openJournal("run.db");
      await journal.close();
      console.log(equivalent("2\\\\sqrt{3}", "\\\\sqrt{12}"));`;
    expect(node(["--input-type=module", "--eval", code])).toMatchObject({ status: 0, stdout: "true\n" });
  });
});
