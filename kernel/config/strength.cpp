#include "config/strength.hpp"

namespace mortise::config {

namespace {

void refuse_stronger(const Located<Durability>& asked, Durability strongest, std::string key,
                     std::vector<Finding>& findings) {
  if (asked.value <= strongest) return;
  const bool no_store = strongest == Durability::memory;
  const std::string why =
      no_store ? " needs a store plugin, and none is listed"
               : " is more than the store plugin offers, which is " + in_quotes(name_of(strongest));
  const std::string remedy = no_store ? "list one under plugins, such as store-sqlite, or write memory"
                                      : "write " + std::string{name_of(strongest)};
  findings.push_back(
      {Severity::error, asked.where, std::move(key), in_quotes(name_of(asked.value)) + why, remedy});
}

}  // namespace

std::vector<Finding> stronger_than(Durability strongest, const Settings& settings) {
  std::vector<Finding> findings;
  if (settings.kernel.session.store)
    refuse_stronger(*settings.kernel.session.store, strongest, "kernel/session/store", findings);
  if (settings.kernel.acknowledge) {
    const auto& classes = settings.kernel.acknowledge->value;
    for (std::size_t i = 0; i < classes.size(); ++i)
      refuse_stronger(classes[i].after, strongest, "kernel/acknowledge/" + std::to_string(i) + "/after",
                      findings);
  }
  sort_by_place(findings);
  return findings;
}

}  // namespace mortise::config
