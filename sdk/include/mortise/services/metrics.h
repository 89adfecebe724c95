// Service "mortise.host.metrics/1": numbers that tell how the broker and its plugins do, of all of them in
// one place.
//
// A plugin defines counters, gauges and histograms and keeps them up to date; what shows them (an exporter,
// the $SYS topics) reads all there are, the kernel's and every plugin's. What they are called, in which unit
// they are and what they mean is settled by whoever defines them: names are those of the Prometheus
// conventions without a prefix of the application, base units at the end ("_seconds", "_bytes"), "_total" for
// counters.
//
// Grant: none needed.   Open: from start() to the end of drain(); read() as well.
// Cost:  add() on a loop writes a cell of that loop's own; elsewhere it is one atomic addition. No lock.
#ifndef MORTISE_SERVICES_METRICS_H
#define MORTISE_SERVICES_METRICS_H

#include "mortise/abi/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_HOST_METRICS "mortise.host.metrics/1"

// What a metric is.
enum {
  MORTISE_COUNTER = 1,   // only ever grows
  MORTISE_GAUGE = 2,     // goes up and down
  MORTISE_HISTOGRAM = 3  // how many observations there were, in buckets by their size
};

// The most an instance may define, and what one metric may have.
enum {
  MORTISE_METRICS_MAX = 1024,           // of all names
  MORTISE_METRICS_MAX_OF_A_NAME = 128,  // that differ by their labels
  MORTISE_METRIC_LABELS_MAX = 8,
  MORTISE_METRIC_BOUNDS_MAX = 32,
  MORTISE_METRIC_TEXT_MAX = 256  // bytes of a name, a help or a label's value
};

// One metric of one instance. 0 = none. Frozen.
typedef struct mortise_metric {
  uint64_t id;
} mortise_metric_t;

// What tells metrics of one name from each other. Frozen.
typedef struct mortise_label {
  mortise_str_t name;   // snake_case; not "plugin", which says whose a metric is, and not "le"
  mortise_str_t value;  // UTF-8; from a small set that is known beforehand, never a client or a topic
} mortise_label_t;

// What to define; and as read() shows it, with where it stands.
// Owns: whoever passes it, until that call returns.
typedef struct mortise_metric_view {
  uint32_t size;
  uint32_t kind;       // MORTISE_COUNTER to MORTISE_HISTOGRAM
  mortise_str_t name;  // snake_case
  mortise_str_t help;  // one line, for people
  const mortise_label_t* labels;
  size_t label_count;
  const double* bounds;  // of a histogram: the upper ends of its buckets, rising; one without an end follows
  size_t bound_count;
  // ---- written by read() only
  mortise_str_t instance;   // whose it is; absent: the kernel's
  double value;             // of a histogram: the sum of what was observed
  uint64_t count;           // of a histogram: how many observations
  const uint64_t* buckets;  // bound_count + 1 of them; each counts what is in it, not what is below
  const void* spare;
} mortise_metric_view_t;

// Shown one metric. What it is shown is gone when it returns. [call]
typedef void (*mortise_metric_fn)(void* context, const mortise_metric_view_t* metric);

// Owns: the host.
typedef struct mortise_metrics {
  uint32_t size;
  uint32_t reserved;

  // Makes a metric that lives as long as the instance; what it is made of is copied. The same name and
  // labels, in whatever order, give the same metric. E_INVALID: a name, label or bound that is not allowed; a
  // name that the kernel has, or that is of another kind. E_LIMIT: one of the limits above. [any]
  mortise_status_t (*define)(const mortise_host_t* host, const mortise_metric_view_t* what,
                             mortise_metric_t* metric);

  // Adds to a counter or a gauge. Nothing happens to a metric that is not there, to a counter by what is
  // negative, and by what is not a number. [any]
  void (*add)(const mortise_host_t* host, mortise_metric_t metric, double by);
  // Sets a gauge. [any]
  void (*set)(const mortise_host_t* host, mortise_metric_t metric, double value);
  // Counts an observation in a histogram. [any]
  void (*observe)(const mortise_host_t* host, mortise_metric_t metric, double value);

  // Shows every metric of the kernel and of all instances that run, those of one name one after the other.
  // Each is of the moment it was looked at: they are not all of the same. `fn` may call the host. E_THREAD:
  // on a loop. [any but loop]
  mortise_status_t (*read)(const mortise_host_t* host, mortise_metric_fn fn, void* context);
} mortise_metrics_t;

#ifdef __cplusplus
}
#endif

#endif
