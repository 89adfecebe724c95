// Whatever bytes come, decode says yes or no; and what it says yes to is a packet.
#include <algorithm>
#include <random>

#include "valid_packets.hpp"

namespace mortise::mqtt {
namespace {

constexpr int inputs = 200'000;
constexpr std::uint64_t seed = 20'240'229;

// One to three of: a byte changed, a bit turned, bytes cut out, bytes doubled, the tail of another packet.
class Mutation {
 public:
  explicit Mutation(std::uint64_t start) : random_{start} {}

  std::size_t below(std::size_t limit) { return random_() % limit; }

  Wire of(Wire bytes, const std::vector<ValidPacket>& others) {
    for (std::size_t times = 1 + below(3); times != 0 && !bytes.empty(); --times) {
      const auto at = static_cast<std::ptrdiff_t>(below(bytes.size()));
      const auto span = static_cast<std::ptrdiff_t>(1 + below(std::min<std::size_t>(8, bytes.size() - at)));
      switch (below(5)) {
        case 0: bytes[at] = static_cast<std::uint8_t>(random_()); break;
        case 1: bytes[at] ^= static_cast<std::uint8_t>(1u << below(8)); break;
        case 2: bytes.erase(bytes.begin() + at, bytes.begin() + at + span); break;
        case 3: put_at(bytes, at, Wire(bytes.begin() + at, bytes.begin() + at + span)); break;
        default: {
          const Wire& other = others[below(others.size())].bytes;
          bytes.resize(at);
          put(bytes, Wire(other.begin() + static_cast<std::ptrdiff_t>(below(other.size())), other.end()));
        }
      }
    }
    return bytes;
  }

 private:
  static void put_at(Wire& bytes, std::ptrdiff_t at, const Wire& more) {
    bytes.insert(bytes.begin() + at, more.begin(), more.end());
  }

  std::mt19937_64 random_;
};

// The vector's end is the packet's end, so that a sanitizer sees every step too far.
void check(const Wire& bytes, Version version, int& accepted) {
  const auto frame = read_frame(bytes, unlimited);
  if (!frame || frame->size == 0) return;
  const auto decoded = decode(*frame, version);
  if (!decoded) {
    ASSERT_STRNE(decoded.error().what, "");
    ASSERT_TRUE(is_error(decoded.error().reason));
    return;
  }
  ++accepted;
  const Wire written = encode_wire(*decoded, version);
  const auto again = decode_wire(written, version);
  ASSERT_TRUE(again) << again.error().what << "\n read    " << hex(bytes) << "\n written " << hex(written);
  ASSERT_EQ(again->index(), decoded->index());
  ASSERT_EQ(hex(encode_wire(*again, version)), hex(written)) << hex(bytes);
}

TEST(AnyBytes, mutated_packets_are_refused_or_survive_a_round_trip) {
  std::vector<ValidPacket> starts = valid_packets();
  std::erase_if(starts, [](const ValidPacket& start) { return start.bytes.size() > 1000; });
  Mutation mutation{seed};
  int accepted = 0;
  for (int i = 0; i < inputs; ++i) {
    const ValidPacket& start = starts[mutation.below(starts.size())];
    Wire bytes = mutation.of(start.bytes, starts);
    if (bytes.size() >= 2 && bytes.size() < 130 && mutation.below(4) != 0)
      bytes[1] = static_cast<std::uint8_t>(bytes.size() - 2);  // mend the length, or most would end there
    check(bytes, mutation.below(8) == 0 ? (start.version == v3 ? v5 : v3) : start.version, accepted);
    if (HasFatalFailure()) FAIL() << "input " << i << " of seed " << seed;
  }
  EXPECT_GT(accepted, inputs / 20) << "too few inputs get far enough to say much";
}

TEST(AnyBytes, noise_is_refused_or_survives_a_round_trip) {
  std::mt19937_64 random{seed};
  int accepted = 0;
  for (int i = 0; i < inputs; ++i) {
    Wire body(random() % 24);
    for (std::uint8_t& byte : body)
      byte = static_cast<std::uint8_t>(random() % 4 == 0 ? random() : random() % 3);
    const Wire bytes = packet(static_cast<int>(random() % 256), body);
    check(bytes, random() % 2 == 0 ? v3 : v5, accepted);
    if (HasFatalFailure()) FAIL() << "input " << i << " of seed " << seed;
  }
  EXPECT_GT(accepted, inputs / 1000);
}

}  // namespace
}  // namespace mortise::mqtt
