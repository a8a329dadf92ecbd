/* Races between threads, of which a run in one order shows nothing: see shim_races.cpp. Nothing without GT_SHIM_RACES.
 */
#ifndef GT_SHIM_RACES_H
#define GT_SHIM_RACES_H

#include <stddef.h>

namespace gt_shim {

#ifdef GT_SHIM_RACES

void races_begin_launch();
void races_begin_block();
void races_sync_block();
void races_sync_warp(unsigned warp);
/* The current thread reads or writes what may be shared or global memory; a fault if that is a race. */
void races_access(const void *memory, size_t bytes, bool writes);

#else

inline void races_begin_launch() {}
inline void races_begin_block() {}
inline void races_sync_block() {}
inline void races_sync_warp(unsigned) {}
inline void races_access(const void *, size_t, bool) {}

#endif

}  // namespace gt_shim

#endif
