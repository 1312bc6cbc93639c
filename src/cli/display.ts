/** Shows on standard error how far a command is. */
export interface Display {
  /** Removes the live region, so that other text can be written; it comes back by itself. */
  clear(): void;
  /** Removes the live region for good. */
  close(): void;
}

/** What a display shows, asked for whenever it draws. */
export interface DisplayOptions {
  readonly stream: NodeJS.WriteStream;
  /** Lines of the live region, none longer than `columns`. */
  readonly rows: (columns: number) => readonly string[];
  /** One plain line, for logs. */
  readonly line: () => string;
  /** Milliseconds between two plain lines. */
  readonly lineEveryMs: number;
}

const REDRAW_MS = 100;

/** The region that is on the terminal now: there is one terminal, so there is one region. */
let live: Display | undefined;

/** Writes to standard error beside the live region, not into it. */
export function aside(text: string): void {
  live?.clear();
  process.stderr.write(text);
}

/** Nothing at all, for `--quiet`. */
export const silent: Display = { clear() {}, close() {} };

/** One region that is redrawn in place on a terminal; elsewhere a plain line now and then. */
export function display({ stream, rows, line, lineEveryMs }: DisplayOptions): Display {
  if (!isTerminal(stream)) {
    const timer = setInterval(() => stream.write(`${line()}\n`), lineEveryMs);
    return { clear() {}, close: () => clearInterval(timer) };
  }
  let height = 0;
  const clear = () => {
    if (height > 0) stream.write(`\x1b[${height}A\r\x1b[J`);
    height = 0;
  };
  const timer = setInterval(() => {
    const shown = rows(Math.max(20, (stream.columns || 80) - 1));
    const back = height > 0 ? `\x1b[${height}A\r` : "";
    stream.write(`${back}${shown.map((row) => `${row}\x1b[K\n`).join("")}\x1b[J`);
    height = shown.length;
  }, REDRAW_MS);
  live = {
    clear,
    close() {
      clearInterval(timer);
      clear();
      live = undefined;
    },
  };
  return live;
}

/** True for a terminal that can move its cursor. */
function isTerminal(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && process.env.TERM !== "dumb";
}
