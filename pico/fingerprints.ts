/** Prints what the product knows each embedded model by, so that a bank can say whose samples it holds. */
import { type EmbeddedModel, embeddedPath } from "../src/models/embedded.ts";
import { gguf } from "../src/models/gguf/index.ts";
import { prm } from "../src/verifiers/prm.ts";

const open = (name: EmbeddedModel["name"], parseSpecial: boolean) =>
  gguf({ path: embeddedPath(name), workers: 1, parseSpecial });
const [small, large, reader] = await Promise.all([
  open("pico-s", false),
  open("pico-l", false),
  open("pico-prm", false),
]);
const verifier = prm(reader);
const known = { "pico-s": small.fingerprint, "pico-l": large.fingerprint, "pico-prm": verifier.fingerprint };
console.log(JSON.stringify(known));
await Promise.all([small.close(), large.close(), verifier.close()]);
