// Starts the participant; the test waits for window.participant.
import init from "./delivery-page.js";

await init();
