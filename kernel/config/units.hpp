// Sizes and durations as people write them: 2MiB, 64KiB, 30s, 7d.
//
// Thread: any.   Cost: one pass.   Fails: with what is wrong and what to write instead.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "config/finding.hpp"

namespace mortise::config {

inline constexpr std::uint64_t kibibyte = 1024;
inline constexpr std::uint64_t mebibyte = 1024 * kibibyte;
inline constexpr std::uint64_t gibibyte = 1024 * mebibyte;

// Whole numbers with KiB, MiB or GiB right behind, or plain bytes.
base::Result<std::uint64_t, Refusal> parse_size(std::string_view text);

// Whole numbers with ms, s, m, h or d right behind. A number alone is refused: nobody should have to guess.
base::Result<base::Duration, Refusal> parse_duration(std::string_view text);

// In the largest unit that leaves a whole number: 2097152 is "2MiB", 1500 is "1500".
std::string format_size(std::uint64_t bytes);

// In the largest unit that leaves a whole number: 90 s is "90s", 3600 s is "1h". Parts below 1 ms are cut.
std::string format_duration(base::Duration duration);

}  // namespace mortise::config
