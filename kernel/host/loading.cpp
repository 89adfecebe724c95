#include "host/loading.hpp"

#include <array>

#include "host/abi_text.hpp"
#include "host/in_plugin.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"
#include "host/library.hpp"
#include "host/schema_check.hpp"

namespace mortise::host {

namespace {

using config::Finding;
using config::Severity;

Finding about(const config::Located<std::string>& what, const std::string& key, const std::string& name,
              config::Refusal refusal) {
  return {Severity::error, what.where, key, "plugin " + config::in_quotes(name) + ": " + refusal.text,
          refusal.remedy};
}

// Keeps what an exception says for the finding, and lets it go on.
template <class Call>
mortise_status_t noting(std::string& thrown, Call&& call) {
  try {
    return call();
  } catch (const std::exception& exception) {
    thrown = std::string{": "} + exception.what();
    throw;
  }
}

void configure(Instance& instance, std::vector<Finding>& findings) {
  const mortise_plugin_t& life = *instance.manifest.life;
  const std::uint64_t faults = instance.faults.load();
  void* self = nullptr;
  std::string thrown;
  const mortise_status_t created = instance.guarded("create", mortise_status_t{MORTISE_E_INTERNAL}, [&] {
    const InPlugin called{instance.name(), instance.file, "in create()"};
    return noting(thrown, [&] { return life.create(&instance.abi, &self); });
  });
  if (created != MORTISE_OK) {
    const bool threw = instance.faults.load() != faults;
    findings.push_back(about(instance.settings.name, instance.key(), instance.name(),
                             {threw ? "it threw in create()" + thrown : "it could not be created", {}}));
    return;
  }
  instance.self = self;
  instance.state = State::created;
  Report report{instance.settings, *instance.config, instance.key()};
  mortise_status_t configured = MORTISE_OK;
  if (life.configure) {
    const auto* const node = reinterpret_cast<const mortise_node_t*>(instance.config.get());
    configured = instance.guarded("configure", mortise_status_t{MORTISE_E_INTERNAL}, [&] {
      const InPlugin called{instance.name(), instance.file, "in configure()"};
      return noting(thrown, [&] { return life.configure(instance.self, node, report.abi()); });
    });
  }
  if (configured != MORTISE_OK)
    report.need_error(instance.faults.load() != faults ? "it threw in configure()" + thrown
                                                       : "it refuses its configuration");
  for (Finding& finding : report.take()) findings.push_back(std::move(finding));
  instance.state = State::configured;
}

}  // namespace

bool check_section(const Instance& instance, const config::Plugin& settings, const std::string& key,
                   config::Tree& config, std::vector<Finding>& findings) {
  const std::string_view schema = view_of(instance.manifest.descriptor->config_schema);
  const config::Location& section =
      settings.config.where().line != 0 ? settings.config.where() : settings.name.where;
  const std::string at = key + "/config";
  std::vector<Finding> own;
  if (!schema.empty())
    own = check_schema(config, schema, instance.name(), instance.file.string(), at, section);
  else if (!config.entries().empty())
    own.push_back({Severity::error, config.entries()[0].key_where, at,
                   "plugin " + config::in_quotes(instance.name()) + " takes no configuration",
                   "take it out"});
  const bool is_sound = !config::has_errors(own);
  for (Finding& finding : own) findings.push_back(std::move(finding));
  return is_sound;
}

std::unique_ptr<Instance> load_instance(Innards& in, const config::Plugin& settings, std::size_t index,
                                        std::vector<Finding>& findings) {
  const std::string key = "plugins/" + std::to_string(index);
  const auto refuse = [&](config::Refusal refusal) {
    if (!settings.required) refusal.text += ", and the broker goes on without it (required: false)";
    findings.push_back(about(settings.library, key + "/library", settings.name.value, std::move(refusal)));
    if (!settings.required) findings.back().severity = Severity::warning;
    return nullptr;
  };
  const auto file = find_library(settings.library.value, in.plugin_path);
  if (!file) return refuse(file.error());
  if (in.loops.load() && in.options.try_library)  // while clients are served nothing may end the process
    if (const std::string fault = in.options.try_library(*file); !fault.empty())
      return refuse({file->string() + ": " + fault, "it stays out; report it to its author"});
  const auto identity = FileIdentity::of(*file);
  const auto entry = [&] {
    const InPlugin called{settings.name.value, *file, "being opened"};
    return open_library(*file);
  }();
  if (!entry) return refuse(entry.error());
  const auto manifest = read_manifest(*entry, *file);
  if (!manifest) return refuse(manifest.error());

  auto instance = std::make_unique<Instance>(in, settings, index, *file);
  instance->manifest = *manifest;
  instance->identity = identity;
  for (const std::string_view unknown : manifest->unknown())
    findings.push_back({Severity::warning,
                        settings.library.where,
                        key,
                        "plugin " + config::in_quotes(settings.name.value) + " offers " +
                            config::in_quotes(unknown) + ", which this broker does not know",
                        {}});
  instance->grants = Grants{instance->manifest, settings, in.options.grants, key, findings};
  // What it was not granted does not keep it from looking at its settings; settings that its own schema
  // refuses do, for it may rely on them.
  if (check_section(*instance, settings, key, *instance->config, findings)) configure(*instance, findings);
  return instance;
}

void check_together(const std::vector<config::Plugin>& plugins, const std::vector<Instance*>& instances,
                    std::vector<Finding>& findings) {
  for (std::size_t i = 0; i < plugins.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (plugins[i].sound && plugins[j].sound && plugins[i].name.value == plugins[j].name.value)
        findings.push_back({Severity::error, plugins[i].name.where, "plugins/" + std::to_string(i) + "/name",
                            "there are two plugins named " + config::in_quotes(plugins[i].name.value) +
                                ", the other at " + plugins[j].name.where.to_text(),
                            "give each a name of its own"});
  const Instance* store = nullptr;
  for (const Instance* const instance : instances) {
    if (!instance->manifest.store) continue;
    if (store)
      findings.push_back({Severity::error, instance->settings.name.where, instance->key(),
                          "plugin " + config::in_quotes(instance->name()) +
                              " provides a store, and so does " + config::in_quotes(store->name()),
                          "keep one of them"});
    else
      store = instance;
  }
}

}  // namespace mortise::host
