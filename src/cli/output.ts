import { isBrokenPipe } from "./exit.ts";

/** Standard output of a command: waits for slow readers and stops quietly when the reader has gone. */
export interface Output {
  /** Writes the text; false once nobody reads any more. */
  write(text: string): Promise<boolean>;
  /** Aborts when the reader goes away. */
  readonly gone: AbortSignal;
}

/** Standard output. A broken pipe is no error, any other write error is. */
export function output(): Output {
  const stream = process.stdout;
  const controller = new AbortController();
  stream.on("error", () => controller.abort());
  return {
    gone: controller.signal,
    write(text) {
      if (controller.signal.aborted) return Promise.resolve(false);
      return new Promise((resolve, reject) => {
        stream.write(text, (error) => {
          if (error == null) resolve(true);
          else if (isBrokenPipe(error)) {
            controller.abort();
            resolve(false);
          } else reject(error);
        });
      });
    },
  };
}
