/*
 * Threads that come and go: see parallel.h.
 */
#include "base/parallel.h"

#include <pthread.h>
#include <stdbool.h>

struct part {
	void (*job)(void *user, unsigned part);
	void *user;
	unsigned number;
	pthread_t thread;
	bool threaded;
};

unsigned parallel_parts(unsigned threads, size_t things, size_t worth)
{
	size_t parts = things / worth;

	if (parts > threads)
		parts = threads;
	if (parts > PARALLEL_MAX)
		parts = PARALLEL_MAX;
	return parts > 1 ? (unsigned)parts : 1;
}

size_t parallel_begin(size_t things, unsigned parts, unsigned part)
{
	size_t more = things % parts; /* parts that have one thing more than the others */

	return things / parts * part + (part < more ? part : more);
}

static void *run(void *argument)
{
	struct part *part = argument;

	part->job(part->user, part->number);
	return NULL;
}

void parallel_run(unsigned parts, void (*job)(void *user, unsigned part), void *user)
{
	struct part all[PARALLEL_MAX];

	for (unsigned i = 1; i < parts; i++) {
		all[i] = (struct part){.job = job, .user = user, .number = i};
		all[i].threaded = pthread_create(&all[i].thread, NULL, run, &all[i]) == 0;
	}
	job(user, 0);
	for (unsigned i = 1; i < parts; i++) {
		if (all[i].threaded)
			pthread_join(all[i].thread, NULL);
		else
			job(user, i);
	}
}
