// Reading one after another, at the reader's own pace: what is not taken is not asked for.
import { bells } from "./bundled.js";

const DONE = Object.freeze({ value: undefined, done: true });

/** An async iterator over what `take` gives: a `value`; undefined while there is none; null when none follows. */
export class Reader {
  #bell;
  #take;
  #waiting = [];
  #over = false;

  /** The bell of this number rings when there is more. */
  constructor(bell, take) {
    this.#bell = bell;
    this.#take = take;
  }

  next() {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (this.#waiting.length === 1) this.#serve();
    });
  }

  /** Reads no more. */
  return(value) {
    this.#finish();
    return Promise.resolve({ value, done: true });
  }

  /** There may be more, or nothing more. */
  #serve() {
    bells.delete(this.#bell);
    while (this.#waiting.length) {
      if (this.#over) return this.#finish();
      let taken;
      try {
        taken = this.#take();
      } catch (error) {
        const { reject } = this.#waiting.shift();
        this.#finish();
        return reject(error);
      }
      if (taken === undefined) {
        // It rings while the module is at work.
        bells.set(this.#bell, () => (bells.delete(this.#bell), queueMicrotask(() => this.#serve())));
        return;
      }
      if (taken === null) return this.#finish();
      this.#waiting.shift().resolve({ value: taken.value, done: false });
    }
  }

  #finish() {
    bells.delete(this.#bell);
    if (!this.#over) {
      this.#over = true;
      this.left();
    }
    for (const { resolve } of this.#waiting.splice(0)) resolve(DONE);
  }

  /** It reads no more: for those who have something to give back. */
  left() {}

  [Symbol.asyncIterator]() {
    return this;
  }
}
