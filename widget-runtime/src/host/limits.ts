/** Limits of what a view may send. */

/** A bucket of messages: so many at once, so many a second for longer. */
export class Bucket {
  readonly #burst: number;
  readonly #rate: number;
  readonly #now: () => number;
  #left: number;
  #at: number;

  constructor(burst: number, rate: number, now: () => number = () => performance.now()) {
    this.#burst = this.#left = burst;
    this.#rate = rate;
    this.#now = now;
    this.#at = now();
  }

  /** Takes one, if there is one. */
  take(): boolean {
    const now = this.#now();
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#at) / 1000) * this.#rate);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}

export interface Limits {
  /** Messages at once, and a second for longer. */
  burst: number;
  rate: number;
  /**
   * Messages over the limit at which the view is given up: fewer than the proxy passes on at once beyond the burst. One is forgotten in the
   * time that ten may be sent in.
   */
  patience: number;
  /** Requests at a time. */
  pending: number;
  /** Characters of a message as JSON. */
  size: number;
  /** Characters of the kept state as JSON. */
  state: number;
}

export const LIMITS: Limits = { burst: 500, rate: 100, patience: 400, pending: 64, size: 4 << 20, state: 256 << 10 };

const isPlain = (part: unknown) =>
  typeof part !== "object" || part === null || Array.isArray(part) || Object.getPrototypeOf(part) === Object.prototype;

/**
 * A value of another window as JSON, if it is JSON of at most so many characters. That takes no longer to find out than to write
 * them: a list may have billions of places with nothing in them, and a value name one part of itself over and over.
 */
export const written = (value: unknown, most: number): string | undefined => {
  let left = most;
  try {
    const text = JSON.stringify(value, function (name, part) {
      left -= (Array.isArray(this) ? 1 : name.length) + (typeof part === "string" ? part.length : 0);
      if (left < 0 || !isPlain(part)) throw Error("too large, or no JSON");
      return part;
    });
    return text !== undefined && text.length <= most ? text : undefined;
  } catch {
    return undefined;
  }
};

/** An identifier that is worth an answer. */
export const isId = (id: unknown): id is string | number => typeof id === "number" || (typeof id === "string" && id.length <= 1000);
