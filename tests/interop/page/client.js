// One client in a frame of hub.html: what its program would print goes to chromium.py, in order.
"use strict";

const words = Object.fromEntries(new URLSearchParams(location.search));
const unsaid = [];
let saying = false;

async function say(line) {
  unsaid.push(line);
  if (saying) return;
  saying = true;
  while (unsaid.length > 0) {
    const lines = unsaid.splice(0).join("\n");
    await fetch(`/said?client=${words.client}`, { method: "POST", body: lines });
  }
  saying = false;
}

const fail = (what) => say(`failed ${what?.message ?? what}`);
addEventListener("error", (event) => fail(event.message));
addEventListener("unhandledrejection", (event) => fail(event.reason));

function connect() {
  const url = `${words.ca ? "wss" : "ws"}://127.0.0.1:${words.port}${words.path}`;
  const client = mqtt.connect(url, packets.connectOptions(words));
  let connected = false;
  client.on("error", fail).on("connect", () => { connected = true; });
  client.on("close", () => { if (!connected) fail("no connection"); });
  return client;
}

async function publish(client) {
  const lines = await (await fetch(`/lines?client=${words.client}`)).text();
  // MQTT.js has brought its own Buffer and does not show it; plain bytes do as well.
  const send = (line) => packets.publishLine(client, words, line, (bytes) => bytes);
  await Promise.all(lines.split("\n").filter(Boolean).map(send));
  await client.endAsync();
  say("ended");
}

const client = connect();
if (words.role === "publish") publish(client).catch(fail);
else packets.subscribe(client, words, say, fail);

// hub.html calls it.
function end() {
  client.end(false, {}, () => say("ended"));
}
