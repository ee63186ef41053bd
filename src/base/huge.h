/*
 * Huge pages for what will be filled.
 */
#ifndef BASE_HUGE_H
#define BASE_HUGE_H

#include <stddef.h>

/* A block of this size on is worth them. */
#define HUGE_WORTH ((size_t)4 << 20)

/* Asks the system for huge pages in a block of memory, if it is worth it: filling it costs fewer
 * page faults then. Where there are none, nothing is lost. */
void huge_ask(void *block, size_t size);

#endif
