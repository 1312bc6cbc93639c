/** Prints what the product knows each embedded model by, so that a bank can say whose samples it holds. */
import { type EmbeddedModel, embeddedPath } from "../src/models/embedded.ts";
import { gguf } from "../src/models/gguf/index.ts";
import { prm } from "../src/verifiers/prm.ts";

const open = (name: EmbeddedModel["name"], parseSpecial: boolean) =>
  gguf({ path: embeddedPath(name), workers: 1, parseSpecial });
const [generator, reader] = await Promise.all([open("pico-s", false), open("pico-prm", false)]);
const verifier = prm(reader);
console.log(JSON.stringify({ "pico-s": generator.fingerprint, "pico-prm": verifier.fingerprint }));
await Promise.all([generator.close(), verifier.close()]);
