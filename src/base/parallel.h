/*
 * A job in parts, done by several threads, for as long as the job lasts.
 */
#ifndef BASE_PARALLEL_H
#define BASE_PARALLEL_H

#include <stddef.h>

/* The maximum number of threads. */
#define PARALLEL_MAX 64u

/* Into how many parts to divide `things` things, if there may be at most `max` parts (0 and 1 mean
 * one) and a part should have at least `worth` things (at least 1). From 1 to max. */
unsigned parallel_parts(unsigned max, size_t things, size_t worth);

/* Where a part's things begin; part == parts: where they end. The parts are equally large, but
 * for one thing. */
size_t parallel_begin(size_t things, unsigned parts, unsigned part);

/* What is done for one part, by one of the threads; these have numbers from 0. */
typedef void parallel_job(void *user, unsigned part, unsigned thread);

/* Does the job once for each part, in at most `threads` threads (1 to PARALLEL_MAX), this one among
 * them, and returns when all are done. Each thread takes the lowest part that none has taken, when
 * it is done with one. What finds no thread is done in this one. */
void parallel_run(unsigned threads, unsigned parts, parallel_job *job, void *user);

#endif
