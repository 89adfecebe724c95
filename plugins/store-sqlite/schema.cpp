#include "schema.hpp"

namespace mortise::store_sqlite {
namespace {

// What every message has, wherever it lies. A delivery's are NULL when its message has a row of its own.
#define MORTISE_BODY                                                                                  \
  "  topic TEXT, payload BLOB, properties BLOB, message_qos INTEGER, retain INTEGER, publisher TEXT," \
  "  username TEXT, received_ms INTEGER, expires_ms INTEGER, data BLOB,"

constexpr const char* statements =
    "CREATE TABLE state(id INTEGER PRIMARY KEY, commits INTEGER, sum INTEGER);\n"
    "CREATE TABLE numbers(id INTEGER PRIMARY KEY, reserved INTEGER, unix_ms INTEGER, sum INTEGER);\n"
    "CREATE TABLE session(number INTEGER PRIMARY KEY, client_id TEXT, username TEXT, expires_ms INTEGER,"
    "  expiry_s INTEGER, sent_to INTEGER, data BLOB, sum INTEGER);\n"
    "CREATE TABLE ended(session INTEGER PRIMARY KEY, sum INTEGER);\n"
    "CREATE TABLE gone(message INTEGER PRIMARY KEY, sum INTEGER);\n"
    "CREATE TABLE subscription(session INTEGER, share TEXT, filter TEXT, qos INTEGER, no_local INTEGER,"
    "  retain_as_published INTEGER, retain_handling INTEGER, identifier INTEGER, data BLOB, sum INTEGER,"
    "  PRIMARY KEY(session, share, filter)) WITHOUT ROWID;\n"
    "CREATE TABLE message(number INTEGER PRIMARY KEY," MORTISE_BODY
    "  sum INTEGER);\n"
    "CREATE TABLE identifiers(number INTEGER PRIMARY KEY, data BLOB, sum INTEGER);\n"
    "CREATE TABLE delivery(number INTEGER PRIMARY KEY, message INTEGER, session INTEGER, position INTEGER,"
    "  share_group INTEGER, identifier INTEGER, qos INTEGER, state INTEGER, flags INTEGER," MORTISE_BODY
    "  sum INTEGER);\n"
    "CREATE TABLE inbound(session INTEGER, identifier INTEGER, sum INTEGER,"
    "  PRIMARY KEY(session, identifier)) WITHOUT ROWID;\n"
    "CREATE TABLE retained_value(topic TEXT PRIMARY KEY, version INTEGER, erased INTEGER, number INTEGER,"
    "  payload BLOB, properties BLOB, message_qos INTEGER, retain INTEGER, publisher TEXT, username TEXT,"
    "  received_ms INTEGER, expires_ms INTEGER, data BLOB, sum INTEGER) WITHOUT ROWID;\n"
    "CREATE TABLE will(session INTEGER PRIMARY KEY, client_id TEXT, topic TEXT, payload BLOB, properties "
    "BLOB,"
    "  message_qos INTEGER, retain INTEGER, publisher TEXT, username TEXT, received_ms INTEGER,"
    "  delay_s INTEGER, due_ms INTEGER, expiry_s INTEGER, data BLOB, sum INTEGER);\n"
    // Rows whose sum was wrong when the store was opened: written as SQL literals, in the order of the
    // columns.
    "CREATE TABLE set_aside(id INTEGER PRIMARY KEY, found TEXT, origin TEXT, content TEXT);\n"
    "CREATE VIEW sessions AS SELECT number, client_id, username,"
    "    CASE expires_ms WHEN 0 THEN NULL ELSE datetime(expires_ms / 1000, 'unixepoch') END AS expires,"
    "    CASE expiry_s WHEN 4294967295 THEN 'never' ELSE expiry_s END AS expiry_s, sent_to FROM session;\n"
    "CREATE VIEW subscriptions AS SELECT session.client_id, subscription.share, subscription.filter,"
    "    subscription.qos, subscription.no_local, subscription.retain_as_published,"
    "    subscription.retain_handling, subscription.identifier"
    "  FROM subscription JOIN session ON session.number = subscription.session;\n"
    "CREATE VIEW queue AS SELECT session.client_id, delivery.position,"
    "    coalesce(delivery.topic, message.topic, kept.topic) AS topic,"
    "    CAST(coalesce(delivery.payload, message.payload, kept.payload) AS TEXT) AS payload, delivery.qos,"
    "    CASE delivery.state WHEN 2 THEN 'received' ELSE 'queued' END AS state,"
    "    coalesce(delivery.publisher, message.publisher, kept.publisher) AS publisher,"
    "    datetime(coalesce(delivery.received_ms, message.received_ms, kept.received_ms) / 1000, 'unixepoch')"
    "      AS received"
    "  FROM delivery JOIN session ON session.number = delivery.session"
    "  LEFT JOIN message ON message.number = delivery.message AND delivery.topic IS NULL"
    "  LEFT JOIN retained_value AS kept ON kept.number = delivery.message AND delivery.topic IS NULL"
    "    AND message.number IS NULL AND NOT kept.erased"
    "  ORDER BY delivery.session, delivery.position;\n"
    "CREATE VIEW retained AS SELECT topic, CAST(payload AS TEXT) AS payload, message_qos AS qos, version,"
    "    publisher, username, datetime(received_ms / 1000, 'unixepoch') AS received,"
    "    CASE expires_ms WHEN 0 THEN NULL ELSE datetime(expires_ms / 1000, 'unixepoch') END AS expires"
    "  FROM retained_value WHERE NOT erased;\n"
    "CREATE VIEW wills AS SELECT client_id, topic, CAST(payload AS TEXT) AS payload, message_qos AS qos, "
    "retain,"
    "    delay_s, CASE due_ms WHEN 0 THEN 'connected' ELSE datetime(due_ms / 1000, 'unixepoch') END AS due"
    "  FROM will;\n"
    "CREATE VIEW unreleased AS SELECT session.client_id, inbound.identifier AS packet_identifier"
    "  FROM inbound JOIN session ON session.number = inbound.session;\n"
    "INSERT INTO state VALUES(1, 0, row_sum(1, 0));\n";
#undef MORTISE_BODY

}  // namespace

std::vector<std::string> columns_of(Connection& of, std::string_view table) {
  Statement asked{of, "SELECT name FROM pragma_table_info(?1) WHERE name <> 'sum' ORDER BY cid"};
  std::vector<std::string> out;
  for (asked.bind(table); asked.step();) out.emplace_back(view(asked.text(0)));
  return out;
}

std::string listed(const std::vector<std::string>& columns, std::string_view before) {
  std::string out;
  for (const std::string& column : columns) out.append(out.empty() ? "" : ", ").append(before).append(column);
  return out;
}

std::string put_sql(Connection& of, std::string_view table, std::string_view conflict) {
  const auto columns = columns_of(of, table);
  std::vector<std::string> parameters;
  for (std::size_t i = 1; i <= columns.size(); ++i) parameters.push_back("?" + std::to_string(i));
  const std::string values = listed(parameters);
  return (conflict.empty() ? "INSERT OR REPLACE INTO " : "INSERT INTO ") + std::string{table} + "(" +
         listed(columns) + ", sum) VALUES(" + values + ", row_sum(" + values + ")) " + std::string{conflict};
}

void create_schema(Connection& in) {
  in.run("PRAGMA page_size = " + std::to_string(page_size));
  in.run("PRAGMA journal_mode = OFF");
  in.run("PRAGMA synchronous = OFF");
  in.run("BEGIN");
  in.run(statements);
  in.run("PRAGMA user_version = " + std::to_string(schema_version));
  in.run("PRAGMA application_id = " + std::to_string(application_id));
  in.run("COMMIT");
}

void finish_new(Connection& in) {
  in.run("PRAGMA synchronous = FULL");
  // To its end: the answer comes before the commit, and with it the sync, may fail.
  in.run("PRAGMA journal_mode = WAL");
}

}  // namespace mortise::store_sqlite
