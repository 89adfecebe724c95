// MQTT.js for Node: the program (interop.py has its rules).
"use strict";
const fs = require("node:fs");
const readline = require("node:readline");
const mqtt = require("mqtt");

const words = Object.fromEntries(process.argv.slice(2).map((word) => {
  const at = word.indexOf("=");
  return [word.slice(0, at), word.slice(at + 1)];
}));
const five = words.version === "5";

const hex = (value) => Buffer.from(value).toString("hex");
const bytes = (value) => Buffer.from(value, "hex");
const text = (value) => bytes(value).toString("utf8");
const number = (value) => Number(value);

// a field's name, MQTT.js's name of the property, how it is written and read
const properties = [
  ["type", "contentType", hex, text],
  ["response", "responseTopic", hex, text],
  ["correlation", "correlationData", hex, bytes],
  ["expiry", "messageExpiryInterval", String, number],
  ["format", "payloadFormatIndicator", (value) => String(Number(value)), (value) => value === "1"],
];

function fail(what) {
  console.error(String(what));
  process.exit(1);
}

function connect() {
  const options = {
    host: "127.0.0.1",
    port: Number(words.port),
    protocol: (words.path ? "ws" : "mqtt") + (words.ca ? "s" : ""),
    path: words.path,
    protocolVersion: Number(words.version),
    protocolId: words.version === "3" ? "MQIsdp" : "MQTT",
    clientId: words.id,
    clean: words.clean === "1",
    reconnectPeriod: 0, // a lost connection is a failed test
    connectTimeout: 30000,
  };
  if (words.ca) options.ca = fs.readFileSync(words.ca);
  if (words.certificate) {
    options.cert = fs.readFileSync(words.certificate);
    options.key = fs.readFileSync(words.key);
  }
  if (words.will_topic) {
    options.will = { topic: words.will_topic, payload: words.will_payload, qos: Number(words.will_qos) };
  }
  if (five && words.expiry) options.properties = { sessionExpiryInterval: Number(words.expiry) };
  return mqtt.connect(options).on("error", fail);
}

function lineOf(topic, payload, packet) {
  const fields = ["message", `topic=${hex(topic)}`, `payload=${payload.toString("hex")}`, `qos=${packet.qos}`,
    `retain=${Number(packet.retain)}`];
  const given = packet.properties ?? {};
  for (const [name, theirs, write] of properties) {
    if (given[theirs] !== undefined) fields.push(`${name}=${write(given[theirs])}`);
  }
  for (const [key, values] of Object.entries(given.userProperties ?? {})) {
    for (const value of [values].flat()) fields.push(`user=${hex(key)}:${hex(value)}`);
  }
  for (const identifier of [given.subscriptionIdentifier ?? []].flat()) fields.push(`identifier=${identifier}`);
  return fields.join(" ");
}

function subscribe() {
  const client = connect();
  client.on("message", (topic, payload, packet) => console.log(lineOf(topic, payload, packet)));
  client.on("connect", (connack) => {
    const options = { qos: Number(words.qos) };
    if (five && words.identifier) options.properties = { subscriptionIdentifier: Number(words.identifier) };
    client.subscribe(words.topic, options, (error, granted) => {
      if (error) fail(error);
      const present = words.version === "3" ? "" : ` present=${Number(connack.sessionPresent)}`;
      console.log(`subscribed granted=${granted[0].qos}${present}`);
    });
  });
  process.stdin.resume().on("end", () => client.end(false, {}, () => process.exit(0)));
}

function publishLine(client, line) {
  const message = { qos: 0, retain: false };
  const given = {};
  for (const word of line.split(" ").slice(1)) {
    const [name, value] = word.split("=");
    const property = properties.find(([known]) => known === name);
    if (name === "topic") message.topic = text(value);
    else if (name === "payload") message.payload = bytes(value);
    else if (name === "qos") message.qos = Number(value);
    else if (name === "retain") message.retain = value === "1";
    else if (name === "user") {
      const [key, its] = value.split(":").map(text);
      given.userProperties ??= {};
      given.userProperties[key] = [...(given.userProperties[key] ?? []), its];
    } else if (property) given[property[1]] = property[3](value);
    else fail(`an unknown field: ${name}`);
  }
  const options = { qos: message.qos, retain: message.retain };
  if (five && Object.keys(given).length > 0) options.properties = given;
  return client.publishAsync(message.topic, message.payload, options);
}

async function publish() {
  const client = connect();
  const acknowledged = [];
  for await (const line of readline.createInterface({ input: process.stdin })) {
    acknowledged.push(publishLine(client, line));
  }
  await Promise.all(acknowledged);
  await client.endAsync();
  process.exit(0);
}

({ subscribe, publish: () => publish().catch(fail) })[words.role]();
