import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A Postgres server of a test's own, on loopback, in a folder that goes away with it. */
export interface Postgres {
  /** Address of an empty database. */
  readonly url: string;
  readonly version: string;
  stop(): Promise<void>;
}

/** Folder of the server's programs, where this machine has them. */
export function postgresPrograms(): string | undefined {
  const root = "/usr/lib/postgresql";
  const found = existsSync(root) ? readdirSync(root).map((version) => join(root, version, "bin")) : [];
  return found.filter((bin) => existsSync(join(bin, "postgres")) && existsSync(join(bin, "initdb"))).at(-1);
}

/** Postgres refuses to run as root: then it runs as whoever owns nothing. */
function account(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const number = (flag: string) => Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }));
  return { uid: number("-u"), gid: number("-g") };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Starts a server; `programs` as `postgresPrograms` found them. */
export async function startPostgres(programs: string): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), "bedacht-postgres-"));
  const as = account();
  if (as.uid !== undefined) chownSync(folder, as.uid, as.gid!);
  const data = join(folder, "data");
  const options = { ...as, cwd: folder, env: { PATH: "/usr/bin:/bin", LC_ALL: "C.UTF-8" } };
  execFileSync(
    join(programs, "initdb"),
    ["-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "-N"],
    options,
  );
  const port = await freePort();
  const server = spawn(
    join(programs, "postgres"),
    ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", folder, "-c", "fsync=off"],
    { ...options, stdio: "ignore" },
  );
  const url = `postgres://test@127.0.0.1:${port}/postgres`;
  const ready = () =>
    spawnSync(join(programs, "pg_isready"), ["-h", "127.0.0.1", "-p", String(port)], options);
  while (ready().status !== 0) {
    if (server.exitCode !== null) throw new Error(`Postgres ended with ${server.exitCode}.`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const version = execFileSync(join(programs, "postgres"), ["--version"], { ...options, encoding: "utf8" });
  return {
    url,
    version: version.trim(),
    async stop() {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGINT");
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}
