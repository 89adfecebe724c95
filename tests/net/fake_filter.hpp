// A filter for tests, with everything a filter can do, and the client's end of it.
//
// A client says "hi\n" and is answered "welcome\n". Then both sides send pairs: 'd' and a byte xor 0x5a, or a
// letter and a dot: 'p' asks for an 'o', 'q' is the goodbye, 'i' introduces, 'f' is the last of this filter,
// anything else is a fault, which is answered 'x'.
#pragma once

#include "net/filter.hpp"
#include "net/socket_client.hpp"

namespace mortise::net {

inline constexpr std::uint8_t fake_mask = 0x5a;

inline void fake_seal(mqtt::Bytes plain, mqtt::Buffer& raw) {
  for (const std::uint8_t byte : plain) {
    raw.push_back('d');
    raw.push_back(byte ^ fake_mask);
  }
}
inline void fake_say(char letter, mqtt::Buffer& raw) {
  raw.push_back(static_cast<std::uint8_t>(letter));
  raw.push_back('.');
}

class FakeFilter : public Filter {
 public:
  explicit FakeFilter(std::string name = "fake") : name_{std::move(name)} {}

  base::Result<Progress, std::string> take(mqtt::Bytes bytes, mqtt::Buffer& up, mqtt::Buffer& down) override {
    Progress progress = Progress::goes_on;
    for (; !bytes.empty(); bytes = bytes.subspan(1)) {
      const char c = static_cast<char>(bytes.front());
      if (progress == Progress::is_over) {
        up.push_back(bytes.front());
      } else if (greeted_ < greeting.size()) {
        if (c != greeting[greeted_++]) return fault("the greeting is wrong", down);
        if (greeted_ == greeting.size()) down.insert(down.end(), welcome.begin(), welcome.end());
      } else if (letter_ == 0) {
        letter_ = c;
      } else {
        switch (std::exchange(letter_, '\0')) {
          case 'd': up.push_back(static_cast<std::uint8_t>(c) ^ fake_mask); break;
          case 'p': fake_say('o', down); break;
          case 'q': return fake_say('q', down), over_ = true, Progress::ended;
          case 'f': progress = Progress::is_over; break;
          case 'i': introduction_ = {"192.0.2.7:7", name_, "xor"}, progress = Progress::learnt; break;
          default: return fault("the seal is broken", down);
        }
      }
    }
    return progress;
  }
  void give(std::span<const mqtt::Bytes> parts, mqtt::Buffer& down) override {
    for (const mqtt::Bytes part : parts) fake_seal(part, down);
  }
  void finish(mqtt::Buffer& down) override {
    if (!over_ && greeted_ == greeting.size()) fake_say('q', down);
  }
  const Introduction& introduction() const override { return introduction_; }
  std::size_t memory() const override { return sizeof *this; }

  static constexpr std::string_view greeting = "hi\n", welcome = "welcome\n";

 private:
  base::Failure<std::string> fault(const char* what, mqtt::Buffer& down) {
    fake_say('x', down);
    return base::Failure{name_ + ": " + what};
  }
  std::string name_;
  std::size_t greeted_ = 0;
  char letter_ = 0;
  bool over_ = false;
  Introduction introduction_;
};

class FakeSkin : public testing::Skin {
 public:
  mqtt::Buffer seal(mqtt::Bytes plain) override {
    mqtt::Buffer raw;
    if (!std::exchange(greeted_, true)) raw.assign(FakeFilter::greeting.begin(), FakeFilter::greeting.end());
    fake_seal(plain, raw);
    return raw;
  }
  void open(mqtt::Bytes raw, mqtt::Buffer& plain) override {
    for (const std::uint8_t byte : raw) {
      if (welcomed_ < FakeFilter::welcome.size()) {
        ++welcomed_;
      } else if (letter_ == 0) {
        letter_ = static_cast<char>(byte);
      } else if (const char letter = std::exchange(letter_, '\0'); letter == 'd') {
        plain.push_back(byte ^ fake_mask);
      } else {
        said += letter;
      }
    }
  }
  std::string said;  // letters other than d

 private:
  bool greeted_ = false;
  std::size_t welcomed_ = 0;
  char letter_ = 0;
};

}  // namespace mortise::net
