import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { availableParallelism, homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";

/** Release of node-llama-cpp whose sources and libraries are used; the same as in package.json. */
const VERSION = "3.22.1";
/** Of node-llama-cpp-3.22.1.tgz: the sources of llama.cpp are in it, as a git bundle. */
const SHA512 = "bltIipuWmc123H7tMIgDGKSsSrhmhlQYeVUC48XTjVW7XGJJiJJyCdlTMzQ/LiWoPkGDpcL4FviDpgw7qfTiDw==";

const PACKAGES: Readonly<Record<string, string>> = {
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-arm64",
  "darwin-arm64": "mac-arm64-metal",
  "darwin-x64": "mac-x64",
};

/** A server that can be started, or why there is none. */
export type Build = { readonly path: string } | { readonly reason: string };

const run = promisify(execFile);

/** Folder of the ready-made libraries of this platform. */
function libraries(): string | undefined {
  const name = PACKAGES[`${process.platform}-${process.arch}`];
  if (name === undefined) return undefined;
  try {
    const main = createRequire(import.meta.url).resolve(`@node-llama-cpp/${name}`);
    return join(dirname(dirname(main)), "bins", name);
  } catch {
    return undefined;
  }
}

async function missingTool(): Promise<string | undefined> {
  const compiler = process.env.CXX ?? "c++";
  for (const tool of ["git", "tar", "npm", "cmake", compiler]) {
    const found = await run(tool, ["--version"]).then(
      () => true,
      () => false,
    );
    if (!found) return tool;
  }
  return undefined;
}

/** Fetches the package through npm, checks it, and checks the sources out of the bundle inside it. */
async function sources(work: string): Promise<string> {
  const wanted = `node-llama-cpp@${VERSION}`;
  const packed = await run(
    "npm",
    ["pack", wanted, "--json", "--ignore-scripts", "--pack-destination", work],
    {
      cwd: work,
    },
  );
  const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
  const tarball = join(work, basename(filename));
  const digest = createHash("sha512")
    .update(await readFile(tarball))
    .digest("base64");
  if (digest !== SHA512) throw new Error(`${wanted} is not the package that was pinned`);
  await run("tar", ["-xzf", tarball, "-C", work, "package/llama/gitRelease.bundle"]);
  const source = join(work, "source");
  await run("git", ["clone", "--quiet", join(work, "package/llama/gitRelease.bundle"), source]);
  return source;
}

async function compile(source: string, library: string, work: string): Promise<string> {
  const build = join(work, "build");
  const definitions = ["-DCMAKE_BUILD_TYPE=Release", `-DSOURCE=${source}`, `-DLIBRARY=${library}`];
  const options = { maxBuffer: 2 ** 26 };
  await run("cmake", ["-S", import.meta.dirname, "-B", build, ...definitions], options);
  await run("cmake", ["--build", build, "--parallel", String(availableParallelism())], options);
  const out = join(work, "out");
  await mkdir(out);
  await cp(join(build, "llama-server"), join(out, "llama-server"));
  for (const file of await readdir(library)) {
    if (/^lib.*\.(so|dylib)$/.test(file)) await cp(join(library, file), join(out, file));
  }
  return out;
}

async function cacheKey(): Promise<string> {
  const recipe = await readFile(join(import.meta.dirname, "CMakeLists.txt"));
  const digest = createHash("sha256").update(recipe).digest("hex").slice(0, 12);
  return `${VERSION}-${process.platform}-${process.arch}-${digest}`;
}

/**
 * llama.cpp's `llama-server` for this machine: built once from the sources inside the package node-llama-cpp
 * (its own code and nothing else; the inference libraries are those that npm installed), then cached in
 * $XDG_CACHE_HOME/bedacht or ~/.cache/bedacht. Takes one to five minutes on two cores.
 * Without cmake, a compiler, git or the package there is no server, and the reason says why.
 */
export async function buildLlamaServer(say: (line: string) => void): Promise<Build> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "bedacht", "llama-server");
  const home = join(cache, await cacheKey());
  const path = join(home, "llama-server");
  if ((await stat(path).catch(() => undefined)) !== undefined) return { path };
  const library = libraries();
  if (library === undefined) {
    return { reason: `no package @node-llama-cpp for ${process.platform} on ${process.arch}` };
  }
  const tool = await missingTool();
  if (tool !== undefined) return { reason: `llama-server is built with ${tool}, which is missing here` };
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, "work-"));
  try {
    say(`building llama-server ${VERSION} into ${home}, once (one to five minutes)`);
    const out = await compile(await sources(work), library, work);
    // Whoever comes first wins; both builds are the same.
    await rename(out, home).catch(async (error: unknown) => {
      if ((await stat(path).catch(() => undefined)) === undefined) throw error;
    });
    return { path };
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    const said = (stderr || message).trim().split("\n").slice(-3).join(" ");
    return { reason: `llama-server could not be built: ${said}` };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
