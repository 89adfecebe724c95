// A mortise_node_t is a config::Tree under another name.
#include <charconv>

#include "config/tree.hpp"
#include "config/units.hpp"
#include "host/abi_text.hpp"
#include "host/host_table.hpp"

namespace mortise::host {

namespace {

using config::Tree;

const Tree* tree_of(const mortise_node_t* node) { return reinterpret_cast<const Tree*>(node); }
const mortise_node_t* node_of(const Tree* tree) { return reinterpret_cast<const mortise_node_t*>(tree); }

const mortise_node_t* at(const mortise_node_t* node, const char* pointer) {
  return node && pointer ? node_of(tree_of(node)->find(pointer)) : nullptr;
}

std::uint32_t type(const mortise_node_t* node) {
  if (!node) return MORTISE_NODE_NULL;
  switch (tree_of(node)->kind()) {
    case Tree::Kind::null: return MORTISE_NODE_NULL;
    case Tree::Kind::boolean: return MORTISE_NODE_BOOLEAN;
    case Tree::Kind::integer: return MORTISE_NODE_INTEGER;
    case Tree::Kind::real: return MORTISE_NODE_FLOAT;
    case Tree::Kind::string: return MORTISE_NODE_STRING;
    case Tree::Kind::list: return MORTISE_NODE_LIST;
    case Tree::Kind::map: return MORTISE_NODE_MAP;
  }
  return MORTISE_NODE_NULL;
}

std::size_t count(const mortise_node_t* node) {
  return node ? tree_of(node)->items().size() + tree_of(node)->entries().size() : 0;
}

const mortise_node_t* item(const mortise_node_t* node, std::size_t index, mortise_str_t* key) {
  if (!node) return nullptr;
  const Tree& tree = *tree_of(node);
  if (index < tree.items().size()) return node_of(&tree.items()[index]);
  if (index >= tree.entries().size()) return nullptr;
  const Tree::Entry& entry = tree.entries()[index];
  if (key) *key = abi_str(entry.key);
  return node_of(&entry.value);
}

mortise_status_t boolean(const mortise_node_t* node, std::uint8_t* out) {
  if (!node) return MORTISE_E_UNKNOWN;
  if (!out || tree_of(node)->kind() != Tree::Kind::boolean) return MORTISE_E_INVALID;
  *out = tree_of(node)->text() == "true";
  return MORTISE_OK;
}

template <class Number>
mortise_status_t parsed(const std::string& text, Number* out) {
  Number value{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size()) return MORTISE_E_INVALID;
  *out = value;
  return MORTISE_OK;
}

mortise_status_t integer(const mortise_node_t* node, std::int64_t* out) {
  if (!node) return MORTISE_E_UNKNOWN;
  if (!out || tree_of(node)->kind() != Tree::Kind::integer) return MORTISE_E_INVALID;
  return parsed(tree_of(node)->text(), out);
}

mortise_status_t number(const mortise_node_t* node, double* out) {
  if (!node) return MORTISE_E_UNKNOWN;
  const Tree::Kind kind = tree_of(node)->kind();
  if (!out || (kind != Tree::Kind::integer && kind != Tree::Kind::real)) return MORTISE_E_INVALID;
  return parsed(tree_of(node)->text(), out);
}

mortise_status_t string(const mortise_node_t* node, mortise_str_t* out) {
  if (!node) return MORTISE_E_UNKNOWN;
  if (!out || tree_of(node)->kind() != Tree::Kind::string) return MORTISE_E_INVALID;
  *out = abi_str(tree_of(node)->text());
  return MORTISE_OK;
}

mortise_status_t duration(const mortise_node_t* node, std::uint64_t* out_ns) {
  if (!node) return MORTISE_E_UNKNOWN;
  if (!out_ns || tree_of(node)->kind() != Tree::Kind::string) return MORTISE_E_INVALID;
  return as_status([&]() -> mortise_status_t {
    const auto span = config::parse_duration(tree_of(node)->text());
    if (!span) return MORTISE_E_INVALID;
    *out_ns = static_cast<std::uint64_t>(span->count());
    return MORTISE_OK;
  });
}

mortise_status_t bytes(const mortise_node_t* node, std::uint64_t* out) {
  if (!node) return MORTISE_E_UNKNOWN;
  const Tree::Kind kind = tree_of(node)->kind();
  if (!out || (kind != Tree::Kind::string && kind != Tree::Kind::integer)) return MORTISE_E_INVALID;
  return as_status([&]() -> mortise_status_t {
    const auto size = config::parse_size(tree_of(node)->text());
    if (!size) return MORTISE_E_INVALID;
    *out = *size;
    return MORTISE_OK;
  });
}

constexpr mortise_config_t table{sizeof table, 0,        &at,     &type,   &count,    &item,
                                 &boolean,     &integer, &number, &string, &duration, &bytes};

}  // namespace

const mortise_config_t& config_service() { return table; }

}  // namespace mortise::host
