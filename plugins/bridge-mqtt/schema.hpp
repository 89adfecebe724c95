// JSON Schema of the plugin's section of mortise.yaml: shapes and ranges; what goes beyond them, settings.cpp
// checks.
#pragma once

namespace mortise::bridge {

inline constexpr const char* schema = R"({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object",
  "additionalProperties": false,
  "required": ["links"],
  "properties": {
    "links": {
      "description": "connections to other MQTT brokers",
      "type": "array",
      "minItems": 1,
      "maxItems": 32,
      "items": {"$ref": "#/definitions/link"}
    }
  },
  "definitions": {
    "link": {
      "type": "object",
      "additionalProperties": false,
      "required": ["name", "addresses", "client_id"],
      "properties": {
        "name": {"description": "of the link: in topics of its state and in log lines", "type": "string", "minLength": 1},
        "addresses": {
          "description": "host:port of the remote; the first that can be reached is taken",
          "type": "array", "minItems": 1, "maxItems": 16, "items": {"type": "string", "minLength": 1}
        },
        "version": {"description": "of MQTT that is spoken", "enum": ["3.1.1", "5.0"]},
        "bridge_bit": {"description": "3.1.1: whether to say that this is a bridge, as Mosquitto understands", "type": "boolean"},
        "client_id": {"description": "client identifier at the remote", "type": "string", "minLength": 1, "maxLength": 200},
        "username": {"type": "string", "minLength": 1, "maxLength": 1000},
        "password": {"type": "string", "minLength": 1, "maxLength": 1000},
        "password_file": {"description": "a file whose first line is the password; read anew at each connection", "type": "string", "minLength": 1},
        "tls": {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "ca": {"description": "file of the authorities the remote's certificate may come from; absent: the system's", "type": "string", "minLength": 1},
            "certificate": {"description": "file of our certificate", "type": "string", "minLength": 1},
            "key": {"description": "file of its key", "type": "string", "minLength": 1},
            "server_name": {"description": "the remote has to prove that it is; absent: the address's host", "type": "string", "minLength": 1}
          }
        },
        "session": {"description": "at the remote", "enum": ["persistent", "clean"]},
        "session_expiry": {"description": "how long the remote keeps a persistent session", "type": ["string", "integer"]},
        "keep_alive": {"type": ["string", "integer"]},
        "connect_timeout": {"description": "from the first packet to CONNACK", "type": ["string", "integer"]},
        "reconnect": {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "first": {"description": "the wait after the first failure; it doubles with each", "type": ["string", "integer"]},
            "longest": {"type": ["string", "integer"]}
          }
        },
        "return_after": {"description": "from another address to the first; 0s: never", "type": ["string", "integer"]},
        "inflight": {"description": "QoS 1 and 2 messages without acknowledgement", "type": "integer", "minimum": 1, "maximum": 1000},
        "packet_size": {"description": "the largest packet that is taken from the remote", "type": ["string", "integer"]},
        "rate": {"description": "messages a second to the remote at most; 0: as fast as it takes them", "type": "integer", "minimum": 0, "maximum": 1000000},
        "hops": {"description": "brokers a message may have passed through; needs 5.0", "type": "integer", "minimum": 1, "maximum": 100},
        "queue": {
          "description": "what may wait for the remote",
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "messages": {"type": "integer"},
            "bytes": {"type": ["string", "integer"]},
            "age": {"description": "older messages are not sent any more; 0s: any", "type": ["string", "integer"]}
          }
        },
        "out": {"description": "topics that go to the remote", "$ref": "#/definitions/routes"},
        "in": {"description": "topics that come from the remote", "$ref": "#/definitions/routes"}
      }
    },
    "routes": {
      "type": "array",
      "minItems": 1,
      "items": {
        "type": "object",
        "additionalProperties": false,
        "required": ["topics"],
        "properties": {
          "topics": {"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "string", "minLength": 1}},
          "local_prefix": {"description": "in front of the topics here", "type": "string"},
          "remote_prefix": {"description": "in front of the topics there", "type": "string"},
          "qos": {"description": "the highest that is used", "type": "integer", "minimum": 0, "maximum": 2},
          "retain": {"description": "false: nothing is passed on as retained", "type": "boolean"}
        }
      }
    }
  }
})";

}  // namespace mortise::bridge
