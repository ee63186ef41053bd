/*
 * Memory that is about to be filled: what it costs to touch it for the first time.
 */
#ifndef BASE_PAGE_PREFAULT_H
#define BASE_PAGE_PREFAULT_H

#include <stddef.h>
#include <stdint.h>

/* A block of this size on is worth huge pages. */
#define PAGES_HUGE_WORTH ((size_t)4 << 20)

/* Asks the system for huge pages in a block of memory, if it is worth it. Where there are none,
 * nothing is lost. */
void pages_huge(void *block, size_t size);

/* Memory for buffers that are written again and again, of huge pages if the system has them: one
 * costs as much as a dozen others to touch first, and copying into it is quicker. At least as large
 * as asked for, rounded up to huge pages; to be freed by free. NULL: there is none. */
void *pages_alloc(size_t size);

/* Has the system make the pages of memory that will be filled, all at once: a page fault each costs
 * several times as much. Its content stays. Where that cannot be, nothing is lost. */
void pages_fill(void *memory, size_t size);

/* Memory that is filled from its beginning on. */
struct pages_front {
	uint8_t *begin;
	size_t size;
	size_t touched; /* bytes that need no page fault any more */
};

/* Touches what comes next; for pages_reach alone. */
void pages_touch(struct pages_front *front, size_t reach);

/* As pages_fill, of memory that will be filled as far as `reach`, and probably somewhat farther:
 * never more than as much again as is filled, and 128 KiB. */
static inline void pages_reach(struct pages_front *front, size_t reach)
{
	if (reach > front->touched)
		pages_touch(front, reach);
}

#endif
