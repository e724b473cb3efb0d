// Reading messages one after another: an async iterator with a bounded buffer.

/** Messages as they come, from when it is made until the connection is closed for good. */
export class Messages {
  #driver;
  #limits;
  #unread = [];
  #bytes = 0;
  #waiting = [];
  #over = false;
  #leave;

  constructor(driver, limits, leave) {
    this.#driver = driver;
    this.#limits = limits;
    this.#leave = leave;
  }

  /** Whether there was room. Too much unread ends the connection, since the standard has no way to slow the server. */
  push(data, length) {
    const reader = this.#waiting.shift();
    if (reader) return reader({ value: data, done: false });
    const { maxUnreadMessages, maxUnreadBytes } = this.#limits;
    if (this.#unread.length >= maxUnreadMessages || this.#bytes + length > maxUnreadBytes) {
      return this.#driver.overflow();
    }
    this.#unread.push({ data, length });
    this.#bytes += length;
  }

  /** The connection is closed for good: what is unread can still be read. */
  end() {
    this.#over = true;
    for (const reader of this.#waiting.splice(0)) reader({ value: undefined, done: true });
  }

  next() {
    const first = this.#unread.shift();
    if (first) {
      this.#bytes -= first.length;
      return Promise.resolve({ value: first.data, done: false });
    }
    if (this.#over) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return() {
    this.#leave(this);
    this.#unread = [];
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}
