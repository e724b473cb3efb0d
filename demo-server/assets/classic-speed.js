"use strict";
const TIMES = 10;
const MEGABYTES = 10;
const state = document.getElementById("state");
const start = document.getElementById("start");
const result = document.getElementById("result");
const log = document.getElementById("log");

const scheme = location.protocol === "https:" ? "wss:" : "ws:";
const socket = new WebSocket(`${scheme}//${location.host}/ws`);
socket.binaryType = "arraybuffer";

let took = [];
let asked = 0;
let running = false;

function say(line) {
  const entry = document.createElement("p");
  entry.textContent = line;
  log.append(entry);
}

function ask() {
  asked = performance.now();
  socket.send("start");
}

function idle(connected) {
  running = false;
  start.disabled = !connected;
  start.textContent = "Start";
}

function finish() {
  const mean = took.reduce((sum, ms) => sum + ms, 0) / took.length;
  const speed = MEGABYTES / (mean / 1000);
  const verdict = speed < 10 ? "bad" : speed < 50 ? "fair" : "good";
  result.textContent = `${speed.toFixed(2)} MB/s (${(speed * 8).toFixed(2)} Mbps): ${verdict}`;
  say("Finished.");
  idle(true);
}

socket.onopen = () => {
  state.textContent = "Connected.";
  idle(true);
};
socket.onclose = (event) => {
  const reason = event.reason ? `: ${event.reason}` : "";
  state.textContent = `Disconnected (${event.code}${reason}). Reload the page to connect again.`;
  if (running) say("Stopped: the connection was lost.");
  idle(false);
};
socket.onmessage = () => {
  const ms = performance.now() - asked;
  if (!running) return;
  took.push(ms);
  say(`Completed Test: ${took.length}/${TIMES}. Took ${ms.toFixed(1)} milliseconds.`);
  if (took.length < TIMES) ask();
  else finish();
};
start.onclick = () => {
  took = [];
  log.replaceChildren();
  result.textContent = "";
  running = true;
  start.disabled = true;
  start.textContent = "Running";
  say("Starting...");
  ask();
};
