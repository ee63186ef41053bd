/*
 * Memory of one owner, which is freed at once.
 */
#ifndef CONFIG_MEMORY_H
#define CONFIG_MEMORY_H

#include <stddef.h>

struct memory_block;

/* All zero is one that owns nothing. */
struct memory {
	struct memory_block *blocks;
};

/* Zeroed bytes, for any type; NULL: there is no memory. */
void *memory_get(struct memory *memory, size_t count, size_t size);

/* A copy of a text; NULL: there is no memory. */
char *memory_text(struct memory *memory, const char *text);

void memory_free(struct memory *memory);

#endif
