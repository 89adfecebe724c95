#include "simulation/will_oracle.hpp"

namespace mortise::simulation {

namespace {
constexpr Milliseconds lag = 5000;  // how late a loop's turn may come after a timer
}

void WillOracle::finish(Will& will, Sure fate) {
  will.state = Will::State::over;
  will.fate = will.confirmed ? fate : Sure::maybe;
  will.settled = false;
}

void WillOracle::connected(ClientIndex client, std::uint64_t connection, bool session_present,
                           Milliseconds asked, Milliseconds now) {
  for (Will& will : wills_) {
    if (will.client != client) continue;
    if (will.connection == connection) {
      will.confirmed = true;
    } else if (will.state == Will::State::waiting) {
      if (!session_present)
        finish(will, Sure::yes);  // its session has ended
      else if (now < will.due_from)
        finish(will, Sure::no), will.settled = true;  // taken back in time
      else
        finish(will, asked > will.due_to + lag ? Sure::yes : Sure::maybe);
    } else if (will.state == Will::State::over && will.fate == Sure::no) {
      will.settled = true;  // what this CONNACK waited for came later
    }
  }
}

void WillOracle::ended(ClientIndex client, std::uint64_t connection, bool orderly, Milliseconds now) {
  for (Will& will : wills_) {
    if (will.client != client || will.connection != connection || will.state != Will::State::armed) continue;
    if (orderly) {
      finish(will, Sure::no);
    } else if (will.delay_s == 0) {
      finish(will, Sure::yes);
    } else {
      will.state = Will::State::waiting;
      will.due_from = will.due_to = now + Milliseconds{will.delay_s} * 1000;
    }
  }
}

void WillOracle::doubt(ClientIndex client) {
  for (Will& will : wills_)
    if (will.client == client && will.state == Will::State::waiting) finish(will, Sure::maybe);
}

void WillOracle::crashed() {
  for (Will& will : wills_) {
    if (will.state == Will::State::over) {
      if (!will.settled) will.fate = Sure::maybe;
    } else if (!will.stored || !will.survives_surely) {
      finish(will, Sure::maybe);
    } else if (will.state == Will::State::armed) {
      will.state = Will::State::waiting;
      will.due_from = will.due_to = -1;  // counts from the start
    }
  }
}

void WillOracle::restarted(Milliseconds now) {
  for (Will& will : wills_) {
    if (will.state != Will::State::waiting) continue;
    if (will.due_from < 0) will.due_from = now + Milliseconds{will.delay_s} * 1000;
    will.due_from = std::min(will.due_from, now);  // the clock may have jumped over it
    will.due_to = now + Milliseconds{will.delay_s} * 1000;
  }
}

void WillOracle::settled() {
  for (Will& will : wills_)
    if (will.state == Will::State::over) will.settled = true;
}

void WillOracle::closed(Milliseconds now) {
  for (Will& will : wills_)
    if (will.state == Will::State::waiting && now > will.due_to + lag) finish(will, Sure::yes);
}

}  // namespace mortise::simulation
