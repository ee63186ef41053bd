/*
 * mmap without a reservation: see region.h.
 */
#include "base/region.h"

#include <errno.h>
#include <sys/mman.h>

#define PAGE ((size_t)4096)
#define HUGE ((size_t)2 << 20)

static size_t up(size_t value, size_t step)
{
	return (value + step - 1) / step * step;
}

int region_init(struct region *region, size_t size)
{
	size_t whole = up(size, PAGE);
	uint8_t *mapped;
	uint8_t *base;

	*region = (struct region){0};
	if (size == 0 || size > SIZE_MAX / 2)
		return -ENOMEM;
	mapped = mmap(NULL, whole + HUGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mapped == MAP_FAILED)
		return -ENOMEM;
	base = (uint8_t *)up((uintptr_t)mapped, HUGE);
	if (base > mapped)
		munmap(mapped, (size_t)(base - mapped));
	munmap(base + whole, HUGE - (size_t)(base - mapped));
	/* A kernel without huge pages says so, and nothing is lost. */
	if (whole > HUGE)
		(void)madvise(base + HUGE, whole - HUGE, MADV_HUGEPAGE);
	*region = (struct region){.base = base, .size = whole};
	return 0;
}

void region_done(struct region *region)
{
	if (region->base)
		munmap(region->base, region->size);
	*region = (struct region){0};
}

void region_give_back(struct region *region, size_t from, size_t to)
{
	from = up(from, PAGE);
	to = to / PAGE * PAGE;
	if (from < to)
		(void)madvise(region->base + from, to - from, MADV_DONTNEED);
}
