import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { growingText } from "./text.ts";

/** Feeds bytes in pieces of `sizes` and collects what may be shown meanwhile. */
function feed(bytes: Buffer, sizes: readonly number[], stops: readonly string[] = []) {
  const growing = growingText(stops);
  const shown: string[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length && growing.stopText === undefined; i += 1) {
    const size = sizes[i % sizes.length]!;
    growing.push(bytes.subarray(at, at + size));
    shown.push(growing.release(false));
    at += size;
  }
  shown.push(growing.release(true));
  return { text: growing.text, stopText: growing.stopText, shown };
}

const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 });

describe("growing text", () => {
  it("gives any text back whole, with no half character on the way", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 30 }), sizes, (text, cuts) => {
        const fed = feed(Buffer.from(text), cuts);
        expect(fed.text).toBe(text);
        expect(fed.shown.join("")).toBe(text);
        expect(fed.shown.every((piece) => piece.isWellFormed())).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it("ends before the first stop text, however the tokens lie, and never shows a part of it", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "b", "\n"), maxLength: 20 }),
        sizes,
        (text, cuts) => {
          const fed = feed(Buffer.from(`${text}b\nb`), cuts, ["\n\n", "b\nb"]);
          const all = `${text}b\nb`;
          const places = ["\n\n", "b\nb"].map((stop) => all.indexOf(stop)).filter((place) => place >= 0);
          expect(fed.stopText).toBeDefined();
          expect(fed.text).toBe(all.slice(0, fed.text.length));
          expect(all.startsWith(fed.stopText!, fed.text.length)).toBe(true);
          expect(fed.text.length).toBeLessThanOrEqual(Math.max(...places));
          expect(fed.shown.join("")).toBe(fed.text);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("drops a character that was never completed", () => {
    expect(feed(Buffer.from("a🙂").subarray(0, 3), [1]).text).toBe("a");
  });

  it("replaces bytes that are no text, and keeps a byte order mark", () => {
    expect(feed(Buffer.from([0x61, 0xff, 0x62]), [1]).text).toBe("a\ufffdb");
    expect(feed(Buffer.from("\ufeffa"), [3]).text).toBe("\ufeffa");
  });
});
