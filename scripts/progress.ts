/** Prints how far a long run is, at most every two seconds: count, share, seconds, time left. */
export function progress(total: number, what: string): { step(count?: number): void; seconds(): number } {
  const start = performance.now();
  let done = 0;
  let printed = start;
  const seconds = () => (performance.now() - start) / 1000;
  return {
    seconds,
    step(count = 1) {
      done += count;
      if (performance.now() - printed < 2000) return;
      printed = performance.now();
      const left = (seconds() / done) * (total - done);
      console.error(
        `${done} of ${total} ${what} (${Math.round((100 * done) / total)}%), ${seconds().toFixed(0)} s, ${left.toFixed(0)} s left`,
      );
    },
  };
}
