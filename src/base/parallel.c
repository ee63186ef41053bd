/*
 * Threads that come and go: see parallel.h.
 */
#include "base/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct crew {
	parallel_job *job;
	void *user;
	unsigned parts;
	atomic_uint next; /* the lowest part that none has taken */
};

struct worker {
	struct crew *crew;
	unsigned number;
	pthread_t thread;
	bool threaded;
};

unsigned parallel_parts(unsigned max, size_t things, size_t worth)
{
	size_t parts = things / worth;

	if (parts > max)
		parts = max;
	return parts > 1 ? (unsigned)parts : 1;
}

size_t parallel_begin(size_t things, unsigned parts, unsigned part)
{
	size_t more = things % parts; /* parts that have one thing more than the others */

	return things / parts * part + (part < more ? part : more);
}

static void work(struct crew *crew, unsigned number)
{
	unsigned part;

	while ((part = atomic_fetch_add(&crew->next, 1)) < crew->parts)
		crew->job(crew->user, part, number);
}

static void *run(void *argument)
{
	struct worker *worker = argument;

	work(worker->crew, worker->number);
	return NULL;
}

void parallel_run(unsigned threads, unsigned parts, parallel_job *job, void *user)
{
	struct crew crew = {.job = job, .user = user, .parts = parts};
	struct worker all[PARALLEL_MAX];

	if (threads > parts)
		threads = parts;
	for (unsigned i = 1; i < threads; i++) {
		all[i] = (struct worker){.crew = &crew, .number = i};
		all[i].threaded = pthread_create(&all[i].thread, NULL, run, &all[i]) == 0;
	}
	work(&crew, 0);
	for (unsigned i = 1; i < threads; i++)
		if (all[i].threaded)
			pthread_join(all[i].thread, NULL);
}
