// The package's entry point.
export { Rejoin, Rejoin as default } from "./rejoin.js";
