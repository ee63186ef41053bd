/*
 * Memory for segment rings: blocks of a power of two of segments from one region
 * of fixed size. For segment_ring.c alone; see segment_ring.h.
 */
#ifndef RTT_SEGMENT_SLAB_H
#define RTT_SEGMENT_SLAB_H

#include "rtt/segment_ring.h"

/* A block of `segments` segments (a power of two), content unspecified; NULL if there is
 * none that large, or too little would be left for others. */
struct segment *segment_slab_take(struct segment_slab *slab, unsigned segments);

/* Gives a block back; `segments` as it was taken. */
void segment_slab_give(struct segment_slab *slab, struct segment *block, unsigned segments);

#endif
