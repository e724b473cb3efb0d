// The session's module: decoded, compiled and instantiated at the first use, as the link's is.
import { decode } from "../decode.js";
import { initSync, open, reopen } from "./bundled.js";
import { encoded } from "./wasm.js";

let ready = false;

/** The functions of the module: `open` and `reopen` (see client-lib/npm/session/src). */
export function core() {
  if (!ready) initSync({ module: new WebAssembly.Module(decode(encoded())) });
  ready = true;
  return { open, reopen };
}
