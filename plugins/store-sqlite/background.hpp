// A thread of a plugin: one that takes no signal meant for the broker.
#pragma once

#include <signal.h>

#include <thread>
#include <utility>

namespace mortise::store_sqlite {

template <class Run>
std::thread start_thread(Run run) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // inherited by the new thread
  std::thread started{std::move(run)};
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

}  // namespace mortise::store_sqlite
