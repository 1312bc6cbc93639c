/** As much of DuckDB as is used here: it is no dependency, and may be absent. */
declare module "@duckdb/node-api" {
  interface Connection {
    run(sql: string): Promise<unknown>;
    closeSync(): void;
  }
  export const DuckDBInstance: {
    create(path: string): Promise<{ connect(): Promise<Connection>; closeSync(): void }>;
  };
}
