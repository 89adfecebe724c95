#include "host/hops.hpp"
#include "host/host_table.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"

namespace mortise::host {

namespace {

// Counts what the instance still owes, from before it is posted until it has run.
template <class Post>
mortise_status_t send(const mortise_host_t* host, mortise_work_fn fn, void* context, Post post) {
  Instance& instance = Instance::of(host);
  if (!instance.is_open()) return MORTISE_E_STATE;
  if (!fn) return MORTISE_E_INVALID;
  return as_status([&]() -> mortise_status_t {
    instance.work_owed.fetch_add(1);
    const bool posted = post(instance, [&instance, fn, context, hops = Hops::of_next()] {
      const Hops as_there{hops};  // a hook cannot get round their bound by publishing in a piece of work
      instance.guarded("work", [&] { fn(context); });
      instance.work_owed.fetch_sub(1);
    });
    if (posted) return MORTISE_OK;
    instance.work_owed.fetch_sub(1);
    return MORTISE_E_LIMIT;
  });
}

mortise_status_t submit(const mortise_host_t* host, mortise_work_fn fn, void* context) {
  return send(host, fn, context,
              [](Instance& instance, auto task) { return instance.in.workers.submit(std::move(task)); });
}

mortise_status_t post(const mortise_host_t* host, mortise_work_fn fn, void* context) {
  return send(host, fn, context,
              [](Instance& instance, auto task) { return instance.strand.post(std::move(task)); });
}

constexpr mortise_work_t table{sizeof table, 0, &submit, &post};

}  // namespace

const mortise_work_t& work_service() { return table; }

}  // namespace mortise::host
