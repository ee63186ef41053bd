/*
 * Memory for segment rings: blocks of a power of two of units, from one region of fixed
 * size, used from its front. A unit holds a segment, or the head of a ring. For
 * segment_ring.c and the engine; see segment_ring.h.
 */
#ifndef RTT_SEGMENT_SLAB_H
#define RTT_SEGMENT_SLAB_H

#include <stddef.h>
#include <stdint.h>

#include "rtt/segment_ring.h"

/* A block of `units` (a power of two, 2 or more), content unspecified: the number of its
 * first unit. 0: there is none that large, or too little would be left for others. */
uint32_t segment_slab_take(struct segment_slab *slab, unsigned units);

/* Gives a block back; `units` as it was taken. */
void segment_slab_give(struct segment_slab *slab, uint32_t block, unsigned units);

/* Bytes of memory that it has taken: what it grew to, and has not given back. */
size_t segment_slab_memory(const struct segment_slab *slab);

/* Bytes that it may grow to from now on. What it has it keeps, but for segment_slab_trim. */
void segment_slab_bound(struct segment_slab *slab, size_t bytes);

/* Gives the system what is unused at its end. */
void segment_slab_trim(struct segment_slab *slab);

#endif
