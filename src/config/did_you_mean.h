/*
 * What somebody may have meant.
 */
#ifndef CONFIG_DID_YOU_MEAN_H
#define CONFIG_DID_YOU_MEAN_H

#include <stddef.h>

/* How many letters must be put in, left out, changed or swapped with their neighbour to
 * make one word of the other; `most` + 1 if it is more than most. Long words (64 bytes and
 * more) are beyond any. */
size_t edit_distance(const char *a, const char *b, size_t most);

/* The word of the list (ended by NULL) nearest to this one; NULL: none is near, which is two
 * letters, in a short word one. */
const char *did_you_mean(const char *word, const char *const *list);

#endif
