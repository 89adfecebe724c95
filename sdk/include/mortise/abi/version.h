// Version of the plugin ABI and the two macros every plugin meets: export and field test.
//
// A host of minor n runs every plugin that needs a minor of n or less; the major never changes within 1.x.
#ifndef MORTISE_ABI_VERSION_H
#define MORTISE_ABI_VERSION_H

#define MORTISE_ABI_MAJOR 1
#define MORTISE_ABI_MINOR 0

// The lowest host minor a plugin accepts. The author's choice, not the header's: building against a newer SDK
// does not shut out older hosts. Define it before including this header to ask for more.
#ifndef MORTISE_NEEDS_MINOR
#define MORTISE_NEEDS_MINOR 0
#endif

// First word of mortise_plugin_entry; the bytes spell "MRTS" on a little-endian machine.
#define MORTISE_MAGIC 0x5354524Du

// Makes the entry visible in a library built with hidden visibility.
#define MORTISE_EXPORT __attribute__((visibility("default")))

// Whether the struct `p` points to, as its owner wrote it, reaches to the end of `field`.
// Ask before reading any field or calling any function that a later minor appended.
#define MORTISE_HAS(p, field) ((size_t)((const char*)(&(p)->field + 1) - (const char*)(p)) <= (p)->size)

#endif
