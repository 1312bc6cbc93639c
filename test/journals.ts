import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A place for a journal, gone when its scope ends. */
export async function createJournal() {
  const folder = await mkdtemp(join(tmpdir(), "bedacht-journal-"));
  return {
    path: join(folder, "journal.db"),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
