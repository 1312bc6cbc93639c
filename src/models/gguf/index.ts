export { type GgufOptions, gguf, type LocalModel } from "./gguf.ts";
export { type GgufHeader, readGgufHeader } from "./header.ts";
export { type DownloadOptions, download, type HfAddress, parseHfAddress } from "./hf.ts";
export { type GgufFacts, ggufFacts } from "./shape.ts";
