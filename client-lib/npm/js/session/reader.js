// Reading one after another, at the readers' own pace: what is not taken is not asked for.
import { bells } from "./bundled.js";

const DONE = Object.freeze({ value: undefined, done: true });

/** What `take` consumed was for no reader: it is to be called again. */
export const AGAIN = Object.freeze({});

/** What several may read, each item for one of them, served in the order in which they asked. */
export class Source {
  #take;
  #bell;
  #waiting = [];

  /**
   * `take` gives a `value`; AGAIN; undefined while there is none; null when none follows. At the bell of the number that
   * `bell` gives it is told when there is more.
   */
  constructor(take, bell) {
    this.#take = take;
    this.#bell = bell;
  }

  next(reader) {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ reader, resolve, reject }) === 1) this.serve();
    });
  }

  /** A reader that reads no more; others still do. */
  leave(reader) {
    const left = this.#waiting.filter((one) => one.reader === reader);
    this.#waiting = this.#waiting.filter((one) => one.reader !== reader);
    if (!this.#waiting.length) bells.delete(this.#bell());
    for (const { resolve } of left) resolve(DONE);
  }

  /** There may be more, or nothing more. */
  serve() {
    const bell = this.#bell();
    while (this.#waiting.length) {
      let taken;
      try {
        taken = this.#take();
      } catch (error) {
        const { reader, reject } = this.#waiting.shift();
        reject(error);
        reader.end();
        continue;
      }
      if (taken === AGAIN) continue;
      if (taken === undefined) {
        // It rings while the module is at work.
        bells.set(bell, () => (bells.delete(bell), queueMicrotask(() => this.serve())));
        return;
      }
      if (taken === null) this.#waiting[0].reader.end();
      else this.#waiting.shift().resolve({ value: taken.value, done: false });
    }
  }
}

/** Has `await using` dispose of a class's instances, where the runtime knows that. */
export function disposable(type, dispose) {
  if (Symbol.asyncDispose) {
    Object.defineProperty(type.prototype, Symbol.asyncDispose, { value: dispose, configurable: true, writable: true });
  }
}

/** An async iterator over what a source has. */
export class Reader {
  #source;
  #over = false;

  constructor(source) {
    this.#source = source;
  }

  next() {
    return this.#over ? Promise.resolve(DONE) : this.#source.next(this);
  }

  /** Reads no more. */
  async return(value) {
    this.end();
    return { value: await value, done: true };
  }

  end() {
    if (this.#over) return;
    this.#over = true;
    this.#source.leave(this);
    this.left();
  }

  /** It reads no more: for those who have something to give back. */
  left() {}

  [Symbol.asyncIterator]() {
    return this;
  }

  static {
    disposable(this, function () { return this.return().then(() => {}); });
  }
}
