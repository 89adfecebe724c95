#include "plugin.hpp"

MORTISE_PLUGIN(mortise::prometheus::Exporter, "org.mortise.metrics-prometheus", "0.1.0",
               mortise::prometheus::schema);
