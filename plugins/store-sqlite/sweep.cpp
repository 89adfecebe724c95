#include "sweep.hpp"

namespace mortise::store_sqlite {

Sweep::Sweep(Connection& on)
    : rows_{on, "SELECT number, session FROM delivery WHERE number > ?1 ORDER BY number LIMIT ?2"} {
  Statement marks{on, "SELECT session FROM ended"};
  while (marks.step()) marked_[marks.number(0)] = 0;
}

void Sweep::add(const std::vector<std::uint64_t>& sessions, std::uint64_t sequence) {
  for (const std::uint64_t session : sessions) marked_[session] = sequence;
}

Sweep::Step Sweep::next(std::uint64_t synced) {
  Step out;
  if (round_.empty()) {
    from_ = 0;
    for (const auto& [session, sequence] : marked_)
      if (sequence <= synced) round_.insert(session);
    if (round_.empty()) return out;
  }
  std::size_t seen = 0;
  next_from_ = from_;
  for (rows_.bind(from_, rows_a_step); rows_.step(); ++seen) {
    next_from_ = static_cast<std::int64_t>(rows_.number(0));
    if (round_.contains(rows_.number(1))) out.deliveries.push_back(rows_.number(0));
  }
  rows_.reset();
  if (seen == rows_a_step) {
    if (out.deliveries.empty()) from_ = next_from_;
    return out;
  }
  for (auto session = round_.begin(); session != round_.end() && out.sessions.size() < sessions_a_step;
       ++session)
    out.sessions.push_back(*session);
  out.last = marked_.size() == out.sessions.size();
  return out;
}

void Sweep::done(const Step& step) {
  from_ = next_from_;
  for (const std::uint64_t session : step.sessions) {
    marked_.erase(session);
    round_.erase(session);
  }
}

}  // namespace mortise::store_sqlite
