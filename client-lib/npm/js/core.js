// The link's module: decoded, compiled and instantiated at the first use, so that importing costs nothing and is
// safe where a page is rendered on a server. Its functions take and return numbers, which need no glue.
import { decode } from "./decode.js";
import encoded from "./wasm.js";

let instance;

/** The functions of the module (see client-lib/npm/src/lib.rs), the same for all connections. */
export function core() {
  return (instance ??= instantiate());
}

function instantiate() {
  const module = new WebAssembly.Module(decode(encoded));
  const imports = {};
  // What is left of wasm-bindgen's imports prepares a table of JavaScript values, and there are none.
  for (const { module: from, name } of WebAssembly.Module.imports(module)) (imports[from] ??= {})[name] = () => {};
  return new WebAssembly.Instance(module, imports).exports;
}

// A link is forgotten with its connection.
const links = new FinalizationRegistry((id) => instance.free(id));

/** A new link of these settings (see options.js), which lives as long as `owner`. */
export function createLink(owner, settings) {
  const { set, create } = core();
  settings.forEach((value, index) => value === undefined || set(index, Number(value)));
  const id = create();
  links.register(owner, id);
  return id;
}
