// What MQTT.js is told and tells, as the words and lines of interop.py; for Node and for a page.
"use strict";

((exports) => {
  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const bytes = (word) => Uint8Array.from(word.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const hexOfText = (text) => hex(new TextEncoder().encode(text));
  const text = (word) => new TextDecoder().decode(bytes(word));

  // `bytesOf` makes MQTT.js's kind of bytes from an array of them.
  const propertiesWith = (bytesOf) => [
    // a field's name, MQTT.js's name of the property, how it is written and read
    ["type", "contentType", hexOfText, text],
    ["response", "responseTopic", hexOfText, text],
    ["correlation", "correlationData", hex, (word) => bytesOf(bytes(word))],
    ["expiry", "messageExpiryInterval", String, Number],
    ["format", "payloadFormatIndicator", (value) => String(Number(value)), (word) => word === "1"],
  ];

  exports.connectOptions = (words) => {
    const options = {
      protocolVersion: Number(words.version),
      protocolId: words.version === "3" ? "MQIsdp" : "MQTT",
      clientId: words.id,
      clean: words.clean === "1",
      reconnectPeriod: 0, // a lost connection is a failed test
      connectTimeout: 30000,
    };
    if (words.will_topic) {
      options.will = { topic: words.will_topic, payload: words.will_payload, qos: Number(words.will_qos) };
    }
    if (words.version === "5" && words.expiry) {
      options.properties = { sessionExpiryInterval: Number(words.expiry) };
    }
    return options;
  };

  exports.lineOf = (topic, payload, packet) => {
    const fields = ["message", `topic=${hexOfText(topic)}`, `payload=${hex(payload)}`, `qos=${packet.qos}`,
      `retain=${Number(packet.retain)}`];
    const given = packet.properties ?? {};
    for (const [name, theirs, write] of propertiesWith()) {
      if (given[theirs] !== undefined) fields.push(`${name}=${write(given[theirs])}`);
    }
    for (const [key, values] of Object.entries(given.userProperties ?? {})) {
      for (const value of [values].flat()) fields.push(`user=${hexOfText(key)}:${hexOfText(value)}`);
    }
    for (const identifier of [given.subscriptionIdentifier ?? []].flat()) fields.push(`identifier=${identifier}`);
    return fields.join(" ");
  };

  exports.publishLine = (client, words, line, bytesOf) => {
    const message = { qos: 0, retain: false };
    const given = {};
    for (const word of line.split(" ").slice(1)) {
      const [name, value] = word.split("=");
      const property = propertiesWith(bytesOf).find(([known]) => known === name);
      if (name === "topic") message.topic = text(value);
      else if (name === "payload") message.payload = bytesOf(bytes(value));
      else if (name === "qos") message.qos = Number(value);
      else if (name === "retain") message.retain = value === "1";
      else if (name === "user") {
        const [key, its] = value.split(":").map(text);
        given.userProperties ??= {};
        given.userProperties[key] = [...(given.userProperties[key] ?? []), its];
      } else if (property) given[property[1]] = property[3](value);
      else throw new Error(`an unknown field: ${name}`);
    }
    const options = { qos: message.qos, retain: message.retain };
    if (words.version === "5" && Object.keys(given).length > 0) options.properties = given;
    return client.publishAsync(message.topic, message.payload, options);
  };

  // `say` gets the lines.
  exports.subscribe = (client, words, say, fail) => {
    client.on("message", (topic, payload, packet) => say(exports.lineOf(topic, payload, packet)));
    client.on("connect", (connack) => {
      const options = { qos: Number(words.qos) };
      if (words.version === "5" && words.identifier) {
        options.properties = { subscriptionIdentifier: Number(words.identifier) };
      }
      client.subscribe(words.topic, options, (error, granted) => {
        if (error) return fail(error);
        const present = words.version === "3" ? "" : ` present=${Number(connack.sessionPresent)}`;
        return say(`subscribed granted=${granted[0].qos}${present}`);
      });
    });
  };
})(typeof module === "object" ? module.exports : (globalThis.packets = {}));
