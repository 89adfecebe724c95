// Properties of any bytes in any packet: what the check lets through is walked without a check, to its end.
//
// An input is the packet's type, 0 for a will, and the properties as they stand behind their length.
#include "mqtt/property_check.hpp"
#include "mqtt/topic.hpp"
#include "target.hpp"

namespace mortise::fuzz {
namespace {

constexpr std::size_t types = 16;

void same(const mqtt::Property& checked, const mqtt::Property& walked) {
  promise(checked.id == walked.id && checked.type == walked.type && checked.number == walked.number &&
              checked.name == walked.name && text_of(checked.value) == text_of(walked.value),
          "a property is read the same with and without the check");
}

// What its row says of a property that got through.
void check(const mqtt::Property& property, mqtt::PacketType packet, std::vector<int>& times) {
  const mqtt::PropertyRow* row = mqtt::row_of(static_cast<std::uint8_t>(property.id));
  promise(row && row->id == property.id && row->type == property.type, "a property has its row");
  promise(mqtt::contains(row->packets, packet), "a property stands where it may");
  const int before = times[static_cast<std::size_t>(property.id)]++;
  promise(before == 0 || mqtt::contains(row->repeatable, packet), "a property is there as often as it may");
  switch (row->type) {
    case mqtt::PropertyType::binary: return;
    case mqtt::PropertyType::pair:
    case mqtt::PropertyType::string:
      promise(mqtt::is_utf8(property.name) && mqtt::is_utf8(text_of(property.value)), "a text is UTF-8");
      promise(!row->is_topic_name || mqtt::is_topic_name(text_of(property.value)), "a topic is one");
      return;
    default:
      promise(property.number >= row->minimum && property.number <= row->maximum, "a number is in its range");
  }
}

}  // namespace
}  // namespace mortise::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mortise;
  if (size == 0) return 0;
  const auto packet = static_cast<mqtt::PacketType>(data[0] % fuzz::types);
  const std::vector<std::uint8_t> raw = fuzz::exact({data + 1, size - 1});
  mqtt::PropertyCheck checking{raw, packet};
  std::vector<mqtt::Property> properties;
  while (const auto property = checking.next()) properties.push_back(*property);
  mqtt::PropertyReader walking{raw};
  std::vector<int> times(256);
  for (const mqtt::Property& property : properties) {
    fuzz::check(property, packet, times);
    const auto walked = walking.next();
    fuzz::promise(walked.has_value(), "what the check has passed is there for the reader");
    fuzz::same(property, *walked);
  }
  if (checking.failed()) {
    fuzz::promise(*checking.fault().what != '\0', "a fault has a sentence");
    while (walking.next()) {}
  } else {
    fuzz::promise(!walking.next() && walking.rest().empty(), "the reader ends where the check ends");
  }
  return 0;
}
