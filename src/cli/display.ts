import type { Budget, TraceEvent } from "../types.ts";
import { begin, follow, frame, type Progress, plainLine, type Spent } from "./progress.ts";

/** Shows a search on standard error while it runs. */
export interface Display {
  event(event: TraceEvent): void;
  /** Removes the live region, or ends the plain lines. */
  close(): void;
}

/** What a display shows, and where. */
export interface DisplayOptions {
  readonly stream: NodeJS.WriteStream;
  readonly strategy: string;
  readonly planned: number;
  readonly budget: Budget;
  readonly spent: () => Spent;
}

const REFRESH_MS = 100;
const PLAIN_MS = 2000;

/** Nothing at all, for `--quiet`. */
export const silent: Display = { event() {}, close() {} };

/** One region that is redrawn in place on a terminal; elsewhere a plain line now and then. */
export function display(options: DisplayOptions): Display {
  let progress: Progress = begin(options.strategy, options.planned);
  const draw = options.stream.isTTY ? region(options) : lines(options);
  const timer = setInterval(() => draw.show(progress), options.stream.isTTY ? REFRESH_MS : PLAIN_MS);
  timer.unref();
  return {
    event(event) {
      progress = follow(progress, event);
    },
    close() {
      clearInterval(timer);
      draw.end(progress);
    },
  };
}

interface Draw {
  show(progress: Progress): void;
  end(progress: Progress): void;
}

function region({ stream, budget, spent }: DisplayOptions): Draw {
  let height = 0;
  const erase = () => (height > 0 ? `\x1b[${height}A\r\x1b[J` : "");
  return {
    show(progress) {
      const rows = frame(progress, spent(), budget, Math.max(20, (stream.columns ?? 80) - 1));
      stream.write(`${erase()}${rows.join("\n")}\n`);
      height = rows.length;
    },
    end() {
      stream.write(erase());
      height = 0;
    },
  };
}

function lines({ stream, spent }: DisplayOptions): Draw {
  let last = "";
  return {
    show(progress) {
      const line = plainLine(progress, spent());
      if (line !== last) stream.write(`${line}\n`);
      last = line;
    },
    end() {},
  };
}
