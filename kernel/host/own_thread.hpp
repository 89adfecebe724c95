// How the host starts a thread: named, with every signal blocked,
// so that signals reach the control thread only.
//
// Thread: any.   Owns: the thread is the caller's.
#pragma once

#include <pthread.h>

#include <csignal>
#include <functional>
#include <string>
#include <thread>

namespace mortise::host {

// `name` shows in `ps -L` and in debuggers; its first 15 bytes count.
inline std::thread start_thread(const std::string& name, std::function<void()> run) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // a new thread begins with its maker's mask
  std::thread started{std::move(run)};
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(started.native_handle(), name.substr(0, 15).c_str());
  return started;
}

}  // namespace mortise::host
