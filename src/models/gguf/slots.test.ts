import { describe, expect, it } from "vitest";
import { createSampler } from "./sampling.ts";
import { common, createSlots, place, type Slot } from "./slots.ts";
import { ReadTask, type Task } from "./tasks.ts";

const numbers = (length: number, from = 0) => Int32Array.from({ length }, (_, i) => from + i);
const task = (tokens: Int32Array): Task =>
  new ReadTask(tokens, [tokens.length - 1], [0], createSampler(2), () => {});

function hold(slot: Slot, tokens: Int32Array, used: number): void {
  slot.tokens.set(tokens);
  slot.length = tokens.length;
  slot.used = used;
}

describe("place", () => {
  it("extends a finished sequence in place", () => {
    const slots = createSlots(3, 64);
    hold(slots[1]!, numbers(20), 5);
    const placement = place(slots, task(numbers(30)), true);
    expect(placement).toEqual({ slot: slots[1], source: slots[1], reused: 20 });
  });

  it("forks a sequence that holds more, into the least recently used slot", () => {
    const slots = createSlots(3, 64);
    hold(slots[0]!, numbers(40, 500), 2);
    hold(slots[1]!, numbers(40), 9);
    hold(slots[2]!, numbers(40, 900), 1);
    const placement = place(slots, task(Int32Array.from([...numbers(30), 7, 7])), true);
    expect(placement).toEqual({ slot: slots[2], source: slots[1], reused: 30 });
  });

  it("waits for a prompt that is being evaluated, and not for one that differs", () => {
    const slots = createSlots(3, 64);
    slots[0]!.task = task(numbers(30));
    expect(place(slots, task(numbers(30)), true)).toBeUndefined();
    expect(place(slots, task(numbers(30, 99)), true)?.reused).toBe(0);
    expect(place(slots, task(numbers(30)), false)?.reused).toBe(0);
  });

  it("always leaves the last token to evaluate, because its logits are wanted", () => {
    const slots = createSlots(2, 64);
    hold(slots[0]!, numbers(30), 1);
    expect(place(slots, task(numbers(30)), true)?.reused).toBe(29);
  });

  it("waits when all slots are taken", () => {
    const slots = createSlots(2, 64);
    for (const slot of slots) slot.task = task(numbers(4, slot.id * 50));
    expect(place(slots, task(numbers(4, 200)), true)).toBeUndefined();
  });
});

describe("common", () => {
  it("counts equal leading tokens up to a limit", () => {
    expect(common(numbers(9), numbers(9), 5)).toBe(5);
    expect(common(Int32Array.of(1, 2, 3), Int32Array.of(1, 2, 4), 3)).toBe(2);
  });
});
