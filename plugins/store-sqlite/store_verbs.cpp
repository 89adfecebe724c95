// What an operator may ask of the store. README.md, "Asking".
#include <array>
#include <chrono>
#include <memory>
#include <utility>

#include "backup.hpp"
#include "check.hpp"
#include "schema.hpp"
#include "store.hpp"

namespace mortise::store_sqlite {
namespace {

std::uint64_t ms_since(std::chrono::steady_clock::time_point begin) {
  const auto took = std::chrono::steady_clock::now() - begin;
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
}

std::string check_text(const std::string& path, std::chrono::nanoseconds within, const Ended& ended) {
  try {
    return check_store(path, within, ended);
  } catch (const std::exception& failed) {
    return failed.what();
  }
}

}  // namespace

mortise::document Store::describe() {
  static constexpr std::array names{"good", "slow", "full", "broken"};
  const mortise_health_t now = health();
  mortise::document out;
  out.add("state", names[now.state]).add("reason", std::string_view{now.text}).add("file", paths_.main);
  try {
    if (writer_)
      out.add("pages", writer_->pages())
          .add("free_pages", writer_->free_pages())
          .add("page_bytes", page_size)
          .add("commits", writer_->commits());
  } catch (const Failure& failure) {
    out.add("unreadable", failure.what());
  }
  out.add("file_bytes", size_of(paths_.main))
      .add("wal_bytes", size_of(paths_.wal()))
      .add("wal_used_bytes", writer_ ? writer_->wal_bytes() : 0)
      .add("reserve_bytes", size_of(paths_.reserve()))
      .add("free_on_device_bytes", free_bytes(paths_.folder()))
      .add("written_bytes", now.bytes_written)
      .add("unsynced_ms", now.unsynced_ms);
  if (last_problem_)
    out.add("last_problem", last_problem_->text)
        .add("last_problem_s_ago", (host_.monotonic_ns() - last_problem_->monotonic_ns) / 1'000'000'000);
  return out;
}

mortise::answer Store::answer_later(mortise::call now, std::function<Answer(const Ended&)> work) {
  if (aside_.is_busy())
    return now.refuse("a backup or a check is under way", "ask again when it is over; the log says when");
  auto answer = now.defer();
  if (!answer) return now.refuse("the broker is too busy to wait for an answer", "ask again later");
  aside_.begin([owed = std::make_shared<mortise::token>(std::move(*answer)), work = std::move(work)](
                   const Ended& ended) { return [owed, tell = work(ended)] { tell(*owed); }; });
  return mortise::pending;
}

mortise::answer Store::tell_health(mortise::call now, const mortise::request& asked) {
  const std::chrono::nanoseconds within = asked.arguments.duration("/within", std::chrono::seconds{10});
  if (within < std::chrono::seconds{1} || within > std::chrono::hours{1})
    throw mortise::finding{"/within", "is not between 1s and 1h", "write such as within=10s"};
  const mortise::document found = describe();
  if (!asked.arguments.boolean("/check", false)) return now.result(found.text());
  if (!writer_ || adrift_) return now.result(mortise::document{found}.add("check", nullptr).text());
  return answer_later(now, [path = paths_.main, within, found](const Ended& ended) {
    const std::string all = mortise::document{found}.add("check", check_text(path, within, ended)).text();
    return [all](mortise::token& answer) { answer.result(all); };
  });
}

mortise::answer Store::back_up(mortise::call now, const mortise::request& asked) {
  const std::string target{asked.arguments.text("/file")};
  if (!writer_ || adrift_)
    return now.refuse("the store cannot be read: " + std::string{std::string_view{health().text}},
                      "ask again when mortise ctl " + std::string{host_.instance()} + " health says good");
  try {
    check_target(paths_, target);
  } catch (const BackupRefused& refused) {
    return now.refuse(refused.what(), refused.remedy());
  }
  // Twice what the reserve has, so that it need not be touched.
  const std::uint64_t keep_free = 2 * reserve_->size();
  const std::string by{asked.caller};
  return answer_later(
      now, [host = host_, paths = paths_, target, keep_free, by](const Ended& ended) -> Answer {
        const auto refuse = [&](const std::string& why, const std::string& remedy) {
          host.log(MORTISE_ERROR, "store.not_backed_up", why, {{"path", target}, {"by", by}});
          return [why, remedy](mortise::token& answer) { answer.refuse(why, remedy); };
        };
        const auto begin = std::chrono::steady_clock::now();
        try {
          const BackupMade made = make_backup(paths, target, keep_free, ended);
          const std::uint64_t took_ms = ms_since(begin);
          host.log(MORTISE_NOTICE, "store.backed_up", "a backup was made",
                   {{"path", target}, {"bytes", made.bytes}, {"took_ms", took_ms}, {"by", by}});
          const std::string told = mortise::document{}
                                       .add("file", target)
                                       .add("bytes", made.bytes)
                                       .add("commits", made.commits)
                                       .add("took_ms", took_ms)
                                       .text();
          return [told](mortise::token& answer) { answer.result(told); };
        } catch (const BackupRefused& refused) {
          return refuse(refused.what(), refused.remedy());
        } catch (const std::exception& fault) {
          return refuse(fault.what(), {});
        }
      });
}

}  // namespace mortise::store_sqlite
