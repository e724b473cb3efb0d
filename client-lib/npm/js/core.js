// The link's module: decoded, compiled and instantiated at the first use, so that importing costs nothing and is
// safe where a page is rendered on a server. Its functions take and return numbers, which need no glue.
import { decode } from "./decode.js";
import { encoded } from "./wasm.js";

// The module's functions. Scripts call them as members of `core`: xtask/src/npm.rs shortens their names there.
let core;

/** The functions of the module (see client-lib/npm/src/lib.rs), the same for all connections. */
export function load() {
  return (core ??= new WebAssembly.Instance(new WebAssembly.Module(decode(encoded()))).exports);
}

// A link is forgotten with its connection.
const links = new FinalizationRegistry((id) => core.free(id));

/** A new link of these settings (see options.js), which lives as long as `owner`. */
export function createLink(owner, settings) {
  load();
  settings.forEach((value, index) => value === undefined || core.set(index, Number(value)));
  const id = core.create();
  links.register(owner, id);
  return id;
}
