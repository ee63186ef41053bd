/*
 * Asking by madvise(2): see huge.h.
 */
#include "base/huge.h"

#include <stdint.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

void huge_ask(void *block, size_t size)
{
	const size_t before = -(uintptr_t)block % HUGE_PAGE;

	if (size >= HUGE_WORTH)
		(void)madvise((char *)block + before, (size - before) / HUGE_PAGE * HUGE_PAGE,
			      MADV_HUGEPAGE);
}
