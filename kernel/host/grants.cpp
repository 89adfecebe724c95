#include "host/grants.hpp"

#include <algorithm>

#include "host/abi_text.hpp"
#include "mqtt/topic.hpp"

namespace mortise::host {

namespace {

struct Wish {
  std::string id;
  std::string scope;
  bool required;
};

// Taking new settings and answering the operator need no grant; the rest of what a manifest names does.
std::vector<Wish> wishes_of(const Manifest& manifest) {
  std::vector<Wish> wishes;
  for (const auto& extension : manifest.extensions)
    if (view_of(extension.id) != MORTISE_RELOAD && view_of(extension.id) != MORTISE_CONTROL)
      wishes.push_back({extension.id, {}, true});
  for (const auto& want : manifest.wants)
    wishes.push_back({want.id, std::string{view_of(want.scope)}, want.required != 0});
  return wishes;
}

std::string lines_to_paste(const std::vector<Wish>& wishes) {
  std::string text;
  for (const Wish& wish : wishes) text += (text.empty() ? "" : ", ") + wish.id;
  return "grants: [" + text + "]";
}

}  // namespace

Grants::Grants(const Manifest& manifest, const config::Plugin& settings, config::GrantPolicy policy,
               const std::string& key, std::vector<config::Finding>& findings) {
  const std::vector<Wish> wishes = wishes_of(manifest);
  for (const Wish& wish : wishes)
    if (!wish.scope.empty() && !mqtt::is_topic_filter(wish.scope))
      findings.push_back({config::Severity::error, settings.name.where, key,
                          "plugin " + config::in_quotes(settings.name.value) + " wants " + wish.id + " for " +
                              config::in_quotes(wish.scope) + ", which is no topic filter",
                          "this is a fault of the plugin, report it to its author"});
  const auto refuse = [&](const std::string& what) {
    findings.push_back({config::Severity::error, settings.name.where, key + "/grants",
                        "plugin " + config::in_quotes(settings.name.value) + what,
                        "to allow all it asks for, write  " + lines_to_paste(wishes)});
  };
  if (!settings.grants) {
    if (policy == config::GrantPolicy::strict && !wishes.empty())
      refuse(" has no grants, and kernel/grants is strict");
    else
      for (const Wish& wish : wishes) granted_.push_back({wish.id, wish.scope});
    return;
  }
  std::string missing;
  for (const Wish& wish : wishes) {
    const bool listed =
        std::ranges::any_of(*settings.grants, [&](const auto& grant) { return grant.value == wish.id; });
    if (listed)
      granted_.push_back({wish.id, wish.scope});
    else if (wish.required)
      missing += (missing.empty() ? "" : ", ") + wish.id;
  }
  if (!missing.empty()) refuse(" needs " + missing + ", which its grants do not list");
  for (const auto& grant : *settings.grants) {
    const bool asked = std::ranges::any_of(wishes, [&](const Wish& wish) { return wish.id == grant.value; });
    if (!asked)
      findings.push_back({config::Severity::warning, grant.where, key + "/grants",
                          "plugin " + config::in_quotes(settings.name.value) + " does not ask for " +
                              config::in_quotes(grant.value),
                          "take it out of the list"});
  }
}

bool Grants::has(std::string_view id) const {
  return std::ranges::any_of(granted_, [&](const One& one) { return one.id == id; });
}

bool Grants::covers(std::string_view id, std::string_view topic) const {
  return std::ranges::any_of(granted_, [&](const One& one) {
    return one.id == id && (one.scope.empty() || mqtt::matches(one.scope, topic));
  });
}

bool Grants::covers_filter(std::string_view id, std::string_view filter) const {
  return std::ranges::any_of(granted_, [&](const One& one) {
    return one.id == id && (one.scope.empty() || mqtt::covers(one.scope, filter));
  });
}

std::string Grants::text() const {
  std::string text;
  for (const One& one : granted_)
    text += (text.empty() ? "" : ", ") + one.id + (one.scope.empty() ? "" : " (" + one.scope + ")");
  return text.empty() ? "nothing" : text;
}

}  // namespace mortise::host
