import { isBrokenPipe } from "./exit.ts";

/** Standard output of a command: waits for slow readers and stops quietly when the reader has gone. */
export interface Output {
  /** Writes the text; false once nobody reads any more. */
  write(text: string): Promise<boolean>;
  /** Aborts when the reader goes away. */
  readonly gone: AbortSignal;
}

/** Wraps a stream, by default standard output. A broken pipe is no error; any other write error is thrown. */
export function output(stream: NodeJS.WriteStream = process.stdout): Output {
  const controller = new AbortController();
  stream.on("error", (error) => {
    if (!isBrokenPipe(error)) throw error;
    controller.abort();
  });
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
