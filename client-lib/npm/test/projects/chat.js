// What each project does: chats, says so, outlives its server's restart, chats again.
export async function chat(Rejoin, server, say, options) {
  const socket = new Rejoin(server, [], { maxReconnectionDelay: 200, ...options });
  const echo = (text) => new Promise((resolve) => {
    const listener = ({ data }) => {
      if (data !== text) return;
      socket.removeEventListener("message", listener);
      resolve();
    };
    socket.addEventListener("message", listener);
    socket.send(text);
  });
  await echo("before");
  const lost = new Promise((resolve) => socket.addEventListener("close", resolve, { once: true }));
  await say("chatted");
  const { willRetry } = await lost;
  await echo("sent while the server was away");
  const closed = new Promise((resolve) => socket.addEventListener("close", resolve, { once: true }));
  socket.close(1000, "done");
  const { code, wasClean } = await closed;
  await say(`chatted again ${willRetry} ${code} ${wasClean}`);
}
