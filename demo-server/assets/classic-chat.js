"use strict";
const log = document.getElementById("log");
const state = document.getElementById("state");
const text = document.getElementById("text");
const send = document.getElementById("send");

const scheme = location.protocol === "https:" ? "wss:" : "ws:";
const socket = new WebSocket(`${scheme}//${location.host}/ws`);

socket.onopen = () => {
  state.textContent = "Connected.";
  send.disabled = false;
};
socket.onclose = (event) => {
  const reason = event.reason ? `: ${event.reason}` : "";
  state.textContent = `Disconnected (${event.code}${reason}). Reload the page to connect again.`;
  send.disabled = true;
};
socket.onmessage = (event) => {
  const line = document.createElement("p");
  line.textContent = event.data;
  log.append(line);
  while (log.childElementCount > 500) log.firstElementChild.remove();
  log.scrollTop = log.scrollHeight;
};
document.getElementById("form").onsubmit = (event) => {
  event.preventDefault();
  if (socket.readyState !== WebSocket.OPEN) return;
  // The server counts Unicode scalar values and cuts at 50; so does this page, before it sends.
  socket.send([...text.value].slice(0, 50).join(""));
  text.value = "";
  text.focus();
};
