/*
 * A job in several parts at once, each in a thread of its own, for as long as the job lasts.
 */
#ifndef BASE_PARALLEL_H
#define BASE_PARALLEL_H

#include <stddef.h>

#define PARALLEL_MAX 64u

/* Where so many things are to be done: in how many parts, if there may be `threads` threads (0
 * and 1 are one) and a thread is worth it for `worth` of them (at least 1). From 1 to threads
 * and PARALLEL_MAX. */
unsigned parallel_parts(unsigned threads, size_t things, size_t worth);

/* Where a part's things begin; part == parts: where they end. The parts are equally large, but
 * for one thing. */
size_t parallel_begin(size_t things, unsigned parts, unsigned part);

/* Calls the job once for each part (1 to PARALLEL_MAX of them), the first one in this thread,
 * and returns when all are done. What finds no thread is done in this one. */
void parallel_run(unsigned parts, void (*job)(void *user, unsigned part), void *user);

#endif
