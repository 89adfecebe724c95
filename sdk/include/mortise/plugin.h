// The plugin ABI of Mortise: everything a plugin and the host say to each other. C99, valid as C++.
//
// Read abi/types.h first: its head has the rules that hold everywhere. Then abi/plugin.h (the life of an
// instance), abi/answer.h (decisions) and the hook you want to provide. What is on trial lies in draft/ and
// is not included here; its ids stay when it graduates.
#ifndef MORTISE_PLUGIN_H
#define MORTISE_PLUGIN_H

#include "mortise/abi/answer.h"
#include "mortise/abi/config.h"
#include "mortise/abi/entry.h"
#include "mortise/abi/host.h"
#include "mortise/abi/plugin.h"
#include "mortise/abi/report.h"
#include "mortise/abi/types.h"
#include "mortise/abi/version.h"
#include "mortise/abi/view.h"
#include "mortise/hooks/authenticate.h"
#include "mortise/hooks/authorise.h"
#include "mortise/hooks/control.h"
#include "mortise/hooks/intercept.h"
#include "mortise/hooks/log_sink.h"
#include "mortise/hooks/observe.h"
#include "mortise/hooks/reload.h"
#include "mortise/services/clients.h"
#include "mortise/services/config.h"
#include "mortise/services/hooks.h"
#include "mortise/services/inline.h"
#include "mortise/services/ledger.h"
#include "mortise/services/log.h"
#include "mortise/services/messages.h"
#include "mortise/services/metrics.h"
#include "mortise/services/publish.h"
#include "mortise/services/time.h"
#include "mortise/services/work.h"

#endif
