export interface TransientErrorOptions {
  readonly retryAfterMs?: number | undefined;
  /** Default false. */
  readonly unpaid?: boolean;
  readonly cause?: unknown;
}

/**
 * A failure that a later attempt may mend: the server is busy, restarting or unreachable, a connection broke,
 * a time limit passed. The wrapper `limited` retries it; every other error of a completion is final.
 */
export class TransientError extends Error {
  override readonly name = "TransientError";
  /** Milliseconds that the server asked to wait (Retry-After); `undefined`: it did not say. */
  readonly retryAfterMs: number | undefined;
  /** True when the server cannot have generated anything: it took no connection, or answered with an error. */
  readonly unpaid: boolean;

  constructor(message: string, options: TransientErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
    this.unpaid = options.unpaid ?? false;
  }
}
