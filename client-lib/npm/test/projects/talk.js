// What each project does with a session: publishes and reads, says so, outlives its server's restart, does so again.
export async function talk(RejoinSession, server, say, options) {
  const session = new RejoinSession(server, { maxReconnectionDelay: 200, ...options });
  const feed = session.subscribe("room/tea", { since: "everything" });
  const read = async () => {
    for (;;) {
      const { value } = await feed.next();
      if (value.type === "entry") return value.payload.text;
      if (value.type !== "started") throw new Error(`${value.type} came between`);
    }
  };
  await session.publish("room/tea", { name: "Ada", text: "before" });
  const first = await read();
  const cut = new Promise((resolve) => session.addEventListener("disconnect", resolve, { once: true }));
  await say(`talked ${first}`);
  const { cause } = await cut;
  const { number } = await session.publish("room/tea", { name: "Ada", text: "away" });
  const second = await read();
  const { unsent } = await session.close();
  await say(`talked ${second} ${cause} ${number} ${unsent}`);
}
