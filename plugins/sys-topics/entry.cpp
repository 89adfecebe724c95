#include "plugin.hpp"

MORTISE_PLUGIN(mortise::sys_topics::SysTopics, "org.mortise.sys-topics", "0.1.0", mortise::sys_topics::schema,
               mortise::want{MORTISE_HOST_PUBLISH, "$SYS/broker/#",
                             "what the broker counts, under $SYS/broker"});
