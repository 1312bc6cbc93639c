/** The text of one generation as it grows: whole characters only, cut at the first stop text. */
export interface GrowingText {
  /** Everything so far, without the stop text once one matched. */
  readonly text: string;
  /** The stop text that matched. */
  readonly stopText: string | undefined;
  /** Adds one token's bytes and returns the whole characters that they completed. */
  push(piece: Uint8Array): string;
  /** Text that may be shown and was not yet: what could still become a stop text is held back until `ended`. */
  release(ended: boolean): string;
}

/** Longest tail of `text` that is the beginning of one of `stops`. */
function heldBack(text: string, stops: readonly string[]): number {
  let most = 0;
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > most; length -= 1) {
      if (text.endsWith(stop.slice(0, length))) most = length;
    }
  }
  return most;
}

/** An empty text that ends at the earliest of `stops`; empty stop texts are ignored. */
export function growingText(stops: readonly string[] = []): GrowingText {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const kept = stops.filter((stop) => stop !== "");
  const longest = Math.max(0, ...kept.map((stop) => stop.length));
  let text = "";
  let released = 0;
  let stopText: string | undefined;

  const findStop = (from: number): void => {
    let first = text.length;
    for (const stop of kept) {
      const at = text.indexOf(stop, from);
      if (at < 0 || at > first || (at === first && stopText !== undefined)) continue;
      first = at;
      stopText = stop;
    }
    if (stopText !== undefined) text = text.slice(0, first);
  };

  return {
    get text() {
      return text;
    },
    get stopText() {
      return stopText;
    },
    push(piece) {
      const added = decoder.decode(piece, { stream: true });
      if (added === "") return "";
      const from = Math.max(0, text.length - longest + 1);
      text += added;
      if (longest > 0) findStop(from);
      return added;
    },
    release(ended) {
      const end = text.length - (ended ? 0 : heldBack(text, kept));
      const piece = text.slice(released, Math.max(released, end));
      released += piece.length;
      return piece;
    },
  };
}
