/**
 * Works on several items at once and hands over the results in the order of the items. Stops taking items when
 * `signal` aborts; what is begun is finished and handed over. The first error of `work` or `take` is thrown
 * after everything before it was handed over.
 */
export async function inOrder<T, R>(
  items: AsyncIterable<T>,
  options: { readonly atOnce: number; readonly signal: AbortSignal },
  work: (item: T) => Promise<R>,
  take: (result: R) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  let last: Promise<void> = Promise.resolve();
  let failed = false;
  const worker = async () => {
    while (!options.signal.aborted && !failed) {
      // Results are handed over in the order in which `next` was called, which is the order of the items.
      const before = last;
      const next = iterator.next();
      const made = next.then(async (entry) => (entry.done ? undefined : { result: await work(entry.value) }));
      last = handOver(before, made, take);
      last.catch(() => {
        failed = true;
      });
      if ((await next).done) return;
      await made.catch(() => {});
    }
  };
  await Promise.allSettled(Array.from({ length: options.atOnce }, worker));
  await last;
}

async function handOver<R>(
  before: Promise<void>,
  made: Promise<{ readonly result: R } | undefined>,
  take: (result: R) => Promise<void>,
): Promise<void> {
  const [, entry] = await Promise.all([before, made]);
  if (entry !== undefined) await take(entry.result);
}
