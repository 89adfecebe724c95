// MQTT.js for Node: the program (interop.py has its rules).
"use strict";
const fs = require("node:fs");
const readline = require("node:readline");
const mqtt = require("mqtt");
const packets = require("./packets.js");

const words = Object.fromEntries(process.argv.slice(2).map((word) => {
  const at = word.indexOf("=");
  return [word.slice(0, at), word.slice(at + 1)];
}));

function fail(what) {
  console.error(String(what));
  process.exit(1);
}

function connect() {
  const options = {
    ...packets.connectOptions(words),
    host: "127.0.0.1",
    port: Number(words.port),
    protocol: (words.path ? "ws" : "mqtt") + (words.ca ? "s" : ""),
    path: words.path,
  };
  if (words.ca) options.ca = fs.readFileSync(words.ca);
  if (words.certificate) {
    options.cert = fs.readFileSync(words.certificate);
    options.key = fs.readFileSync(words.key);
  }
  return mqtt.connect(options).on("error", fail);
}

function subscribe() {
  const client = connect();
  packets.subscribe(client, words, console.log, fail);
  process.stdin.resume().on("end", () => client.end(false, {}, () => process.exit(0)));
}

async function publish() {
  const client = connect();
  const acknowledged = [];
  for await (const line of readline.createInterface({ input: process.stdin })) {
    acknowledged.push(packets.publishLine(client, words, line, Buffer.from));
  }
  await Promise.all(acknowledged);
  await client.endAsync();
  process.exit(0);
}

({ subscribe, publish: () => publish().catch(fail) })[words.role]();
