/*
 * By madvise(2): see pages.h. What a kernel does not know it refuses, and nothing is lost.
 */
#include "base/page_prefault.h"

#include <stdlib.h>
#include <sys/mman.h>

#define PAGE      ((size_t)4096)
#define HUGE_PAGE ((size_t)2 << 20)

/* More is not touched ahead. */
#define MOST_AHEAD ((size_t)128 << 10)

/* Since Linux 5.14; C libraries learned of it later. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

void pages_huge(void *block, size_t size)
{
	const size_t before = -(uintptr_t)block % HUGE_PAGE;

	if (size >= PAGES_HUGE_WORTH)
		(void)madvise((char *)block + before, (size - before) / HUGE_PAGE * HUGE_PAGE,
			      MADV_HUGEPAGE);
}

void *pages_alloc(size_t size)
{
	const size_t whole = (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	void *memory = aligned_alloc(HUGE_PAGE, whole);

	if (memory)
		(void)madvise(memory, whole, MADV_HUGEPAGE);
	return memory;
}

void pages_fill(void *memory, size_t size)
{
	const size_t before = -(uintptr_t)memory % PAGE;
	const size_t whole = size > before ? (size - before) / PAGE * PAGE : 0;

	/* A single page faults by itself when it is written to. */
	if (whole > PAGE)
		(void)madvise((char *)memory + before, whole, MADV_POPULATE_WRITE);
}

void pages_touch(struct pages_front *front, size_t reach)
{
	size_t end = reach < MOST_AHEAD ? reach * 2 : reach + MOST_AHEAD;
	size_t from = front->touched / PAGE * PAGE;

	end = (end + PAGE - 1) / PAGE * PAGE;
	if (end > front->size)
		end = front->size;
	front->touched = end > reach ? end : reach;
	pages_fill(front->begin + from, end - from);
}
