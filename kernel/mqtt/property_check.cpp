#include "mqtt/property_check.hpp"

#include "mqtt/topic.hpp"

namespace mortise::mqtt {

Property read_value(Reader& reader, const PropertyRow& row) {
  Property property{.id = row.id, .type = row.type};
  const FieldTexts& texts = row.texts.field;
  switch (row.type) {
    case PropertyType::byte: property.number = reader.byte(texts); break;
    case PropertyType::two_bytes: property.number = reader.two_bytes(texts); break;
    case PropertyType::four_bytes: property.number = reader.four_bytes(texts); break;
    case PropertyType::variable: property.number = reader.variable(texts); break;
    case PropertyType::binary:
    case PropertyType::string: property.value = reader.binary(texts); break;
    case PropertyType::pair:
      property.name = as_text(reader.binary(texts));
      property.value = reader.binary(texts);
      break;
  }
  return property;
}

std::optional<Property> PropertyCheck::next() {
  if (reader_.empty()) return std::nullopt;
  const PropertyRow* row = row_of(reader_.byte(field<"property identifier">));
  if (row == nullptr) {
    reader_.fail({ReasonCode::malformed_packet, unknown_property});
    return std::nullopt;
  }
  reader_.require(contains(row->packets, packet_), ReasonCode::malformed_packet, row->texts.misplaced);
  const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(row->id);
  const bool again = (seen_ & bit) != 0 && !contains(row->repeatable, packet_);
  reader_.require(!again, ReasonCode::protocol_error, row->texts.repeated);
  seen_ |= bit;

  const Property property = read_value(reader_, *row);
  check_value(property, *row);
  return reader_.failed() ? std::nullopt : std::optional{property};
}

void PropertyCheck::check_value(const Property& property, const PropertyRow& row) {
  switch (row.type) {
    case PropertyType::binary: return;
    case PropertyType::pair:
      reader_.require(is_utf8(property.name), ReasonCode::malformed_packet, row.texts.field.not_utf8);
      [[fallthrough]];
    case PropertyType::string:
      reader_.require(is_utf8(as_text(property.value)), ReasonCode::malformed_packet,
                      row.texts.field.not_utf8);
      if (row.is_topic_name)  // [MQTT-3.3.2-14] [MQTT-4.7.3-1]
        reader_.require(is_topic_name(as_text(property.value)), ReasonCode::protocol_error,
                        row.texts.not_a_topic_name);
      return;
    default:
      reader_.require(property.number >= row.minimum && property.number <= row.maximum,
                      property.id == PropertyId::topic_alias ? ReasonCode::topic_alias_invalid  // §3.3.4
                                                             : ReasonCode::protocol_error,
                      row.texts.out_of_range);
  }
}

}  // namespace mortise::mqtt
