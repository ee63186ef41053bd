/*
 * A stretch of address space that takes memory only where it is touched.
 *
 * What grows without being moved (tables of flows, rings) is in one: places in it are
 * numbers, which are half as long as pointers, and its end can be given back. The system is
 * asked for huge pages behind the first 2 MiB, so that a small use stays small and a large
 * one spends less on page faults and address translation.
 */
#ifndef BASE_REGION_H
#define BASE_REGION_H

#include <stddef.h>
#include <stdint.h>

struct region {
	uint8_t *base; /* on a boundary of 2 MiB, NULL: none */
	size_t size;
};

/* size: 1 or more. All zero at first. 0, or -ENOMEM: *region is empty. */
int region_init(struct region *region, size_t size);

/* An empty one is fine, and stays behind. */
void region_done(struct region *region);

/* Gives back the memory of the whole pages in [from, to); they read as zero then. */
void region_give_back(struct region *region, size_t from, size_t to);

#endif
