import { defineConfig } from "vitest/config";

const source = (path: string) => new URL(`src/${path}`, import.meta.url).pathname;

export default defineConfig({
  // Examples import the package by its name; tests run them on its sources.
  resolve: {
    alias: [
      { find: /^bedacht$/, replacement: source("index.ts") },
      { find: /^bedacht\/(.*)$/, replacement: source("$1/index.ts") },
    ],
  },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "experiments/**/*.test.ts"],
    maxWorkers: 2,
    testTimeout: 60_000,
  },
});
