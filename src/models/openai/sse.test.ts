import fc from "fast-check";
import { expect, test } from "vitest";
import { serverSentEvents } from "./sse.ts";

async function read(chunks: readonly Uint8Array[]): Promise<string[]> {
  async function* source() {
    yield* chunks;
  }
  const events: string[] = [];
  for await (const event of serverSentEvents(source())) events.push(event);
  return events;
}

/** Cuts bytes at the given places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

const encode = (text: string) => new TextEncoder().encode(text);

test("reads events with any line ending", async () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const stream = `data: one${end}${end}data:two${end}${end}`;
    expect(await read([encode(stream)]), JSON.stringify(end)).toEqual(["one", "two"]);
  }
});

test("ignores comments, other fields and empty events, joins lines of data", async () => {
  const stream = ": ping\n\nevent: delta\nid: 7\nretry: 10\ndata: a\ndata: b\n\n\n\ndata\n\n";
  expect(await read([encode(stream)])).toEqual(["a\nb", ""]);
});

test("yields what the end of the stream cuts off", async () => {
  expect(await read([encode('data: {"a":1}')])).toEqual(['{"a":1}']);
  expect(await read([encode('data: x\n\ndata: {"a"\r')])).toEqual(["x", '{"a"']);
});

test("chunks may end anywhere, inside characters and line ends too", async () => {
  const line = fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\r\n]/g, ""));
  const event = fc.array(line, { minLength: 1, maxLength: 3 });
  const stream = fc.record({
    events: fc.array(event, { maxLength: 4 }),
    end: fc.constantFrom("\n", "\r\n", "\r"),
    places: fc.array(fc.nat(), { maxLength: 12 }),
  });
  await fc.assert(
    fc.asyncProperty(stream, async ({ events, end, places }) => {
      const text = events
        .map((lines) => `${lines.map((one) => `data: ${one}${end}`).join("")}${end}`)
        .join("");
      const expected = events.map((lines) => lines.join("\n"));
      expect(await read(cut(encode(text), places))).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});
