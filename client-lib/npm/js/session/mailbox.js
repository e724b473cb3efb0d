// Messages that wait to be read: nobody listens to them.
import { decode } from "./payload.js";
import { AGAIN, Reader, Source } from "./reader.js";

export class Mailbox {
  #port;
  #undecodable;
  #source;
  /** Older than what the module holds: told when nobody listened any more, or left when the session ended. */
  #unread = [];
  #readers = 0;

  /** The functions give the module's session, its number, and tell of what can't be decoded. */
  constructor(port, number, undecodable) {
    this.#port = port;
    this.#undecodable = undecodable;
    this.#source = new Source(() => this.#take(), number);
  }

  /** Whether somebody iterates. */
  get isRead() {
    return this.#readers > 0;
  }

  /** An iterator. */
  read() {
    this.#readers++;
    const reader = new Reader(this.#source);
    reader.left = () => this.#readers--;
    return reader;
  }

  /** Puts messages behind those that are older than the module's. */
  put(messages) {
    this.#unread.push(...messages);
    this.#source.serve();
  }

  /** Hands over what nobody has read, but for what the module holds. */
  empty() {
    return this.#unread.splice(0);
  }

  /** The session is over: what the module still holds is kept here. */
  drain() {
    for (let raw; (raw = this.#port().take()) != null; ) this.#unread.push(raw);
  }

  /** There may be more, or nothing more. */
  serve() {
    this.#source.serve();
  }

  #take() {
    const raw = this.#unread.length ? this.#unread.shift() : this.#port() ? this.#port().take() : null;
    if (raw === undefined || raw === null) return raw;
    let value;
    try {
      value = decode(raw, true);
    } catch (error) {
      this.#undecodable(raw, error);
      return AGAIN;
    }
    return { value };
  }
}
