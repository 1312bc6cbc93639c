/**
 * Completes package-lock.json with the optional packages of other platforms: `node scripts/complete-lock.ts`.
 *
 * npm writes only those that its registry offered when the lock was made, and then `npm ci` fails on the rest
 * ("Missing: ... from lock file"). An entry needs a version and the platform only; npm neither downloads nor
 * checks it elsewhere. Run it after every change of dependencies.
 */
import { readFileSync, writeFileSync } from "node:fs";

interface Entry {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  cpu?: string[];
  os?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

const SYSTEMS: Readonly<Record<string, string>> = { mac: "darwin", win: "win32" };
const PLATFORM =
  /[/-](?<os>android|darwin|mac|freebsd|linux|openharmony|win32|win)-(?<cpu>arm64|arm|x64|ia32|ppc64|riscv64|s390x)(?:-(?<abi>\w+))?$/;

/** The entry of a package whose name says its platform, such as `@biomejs/cli-linux-x64-musl`. */
function platformEntry(name: string, version: string, dev: boolean): Entry {
  const { os, cpu, abi = "" } = PLATFORM.exec(name)?.groups ?? {};
  if (os === undefined || cpu === undefined || !/^\d/.test(version)) {
    throw new Error(`Cannot tell the platform of ${name}@${version}: add it to package-lock.json by hand.`);
  }
  const libc = abi.startsWith("musl") ? "musl" : abi.startsWith("gnu") ? "glibc" : undefined;
  return {
    version,
    cpu: [cpu],
    ...(dev && { dev }),
    ...(libc !== undefined && { libc: [libc] }),
    optional: true,
    os: [SYSTEMS[os] ?? os],
  };
}

const path = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(path, "utf8")) as { packages: Record<string, Entry> };
let added = 0;
for (const [owner, { optionalDependencies = {}, dev = false }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const places = [`${owner}/node_modules/${name}`, `node_modules/${name}`];
    if (places.some((place) => place in lock.packages)) continue;
    lock.packages[`node_modules/${name}`] = platformEntry(name, version, dev);
    added += 1;
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en"));
lock.packages = Object.fromEntries(sorted);
writeFileSync(path, `${JSON.stringify(lock, undefined, 2)}\n`);
console.log(`${added} entries added to package-lock.json`);
