// What is bundled first: the functions of the module, and what it calls.
export { initSync, open, reopen } from "./port.js";
export { bells, hex, newNumber, sessions } from "./host.js";
