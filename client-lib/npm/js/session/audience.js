// Those who listen to one type of event, since EventTarget does not say whether anybody does.

export class Audience {
  #all = [];
  #changed;

  /** `changed` is called with true before the first one listens, which it may forbid, and with false after the last. */
  constructor(changed) {
    this.#changed = changed;
  }

  get isEmpty() {
    return !this.#all.length;
  }

  /** Counts a listener that `register` adds, or one in its stead. */
  add(callback, options, register) {
    const { capture, once, signal } = read(options);
    // What is none is EventTarget's to judge.
    if (Object(callback) !== callback || signal?.aborted) return register(callback);
    if (this.#find(callback, capture)) return;
    const entry = { callback, capture, listener: callback };
    if (once) {
      const audience = this;
      entry.listener = function (event) {
        audience.#drop(entry);
        return typeof callback === "function" ? callback.call(this, event) : callback.handleEvent(event);
      };
    }
    if (this.isEmpty) this.#changed(true);
    this.#all.push(entry);
    try {
      register(entry.listener);
    } catch (error) {
      this.#drop(entry);
      throw error;
    }
    signal?.addEventListener("abort", () => this.#drop(entry), { once: true });
  }

  /** Counts a listener no longer; returns what is to be removed. */
  remove(callback, options) {
    const entry = this.#find(callback, read(options).capture);
    if (!entry) return callback;
    this.#drop(entry);
    return entry.listener;
  }

  #find(callback, capture) {
    return this.#all.find((entry) => entry.callback === callback && entry.capture === capture);
  }

  #drop(entry) {
    const at = this.#all.indexOf(entry);
    if (at < 0) return;
    this.#all.splice(at, 1);
    if (this.isEmpty) this.#changed(false);
  }
}

/** The third argument of addEventListener. */
function read(options) {
  if (Object(options) !== options) return { capture: Boolean(options) };
  return { capture: Boolean(options.capture), once: options.once, signal: options.signal };
}
