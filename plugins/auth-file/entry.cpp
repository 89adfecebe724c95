// The entry of the auth-file plugin.
#include "plugin.hpp"

MORTISE_PLUGIN(mortise::auth_file::Plugin, "org.mortise.auth-file", "0.1.0", mortise::auth_file::schema);
