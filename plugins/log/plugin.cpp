// The entry of the log plugin.
#include "plugin.hpp"

MORTISE_PLUGIN(mortise::log::Plugin, "org.mortise.log", "0.1.0", mortise::log::schema);
