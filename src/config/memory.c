/*
 * Memory of one owner: see memory.h.
 */
#include "config/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct memory_block {
	struct memory_block *next;
	max_align_t bytes[];
};

void *memory_get(struct memory *memory, size_t count, size_t size)
{
	struct memory_block *block;

	if (size && count > (SIZE_MAX - sizeof(*block)) / size)
		return NULL;
	block = calloc(1, sizeof(*block) + count * size);
	if (!block)
		return NULL;
	block->next = memory->blocks;
	memory->blocks = block;
	return block->bytes;
}

char *memory_text(struct memory *memory, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = memory_get(memory, 1, size);

	return copy ? memcpy(copy, text, size) : NULL;
}

void memory_free(struct memory *memory)
{
	while (memory->blocks) {
		struct memory_block *next = memory->blocks->next;

		free(memory->blocks);
		memory->blocks = next;
	}
}
