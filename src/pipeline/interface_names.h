/*
 * The names of the interfaces that frames came from, over all sources of a run.
 *
 * Each source numbers its interfaces from 0; in the report, the same name in two
 * captures is the same interface. Number 0 of the run stands for all without a name.
 */
#ifndef PIPELINE_INTERFACE_NAMES_H
#define PIPELINE_INTERFACE_NAMES_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/source.h"
#include "tcpmetro.h"

/* More names than this, or numbers, and the rest count as nameless. */
#define INTERFACE_NAMES_MAX   4096u
#define INTERFACE_NUMBERS_MAX 65536u

/* The names; several threads may share them. */
struct interface_names {
	pthread_mutex_t lock;
	uint32_t count; /* names[0] is NULL and counts */
	char *names[INTERFACE_NAMES_MAX];
};

/* The numbers of one source's interfaces in the run; 0: not looked up yet. All zero but
 * the names is an empty one. */
struct interface_numbers {
	struct interface_names *names;
	uint32_t *numbers;
	uint32_t count;
};

void interface_names_init(struct interface_names *interfaces);
void interface_names_done(struct interface_names *interfaces);

/* NULL: it has no name. Valid until interface_names_done. */
const char *interface_names_get(struct interface_names *interfaces, uint32_t number);

/* Forgets the numbers, as when a new source begins: its numbers mean other interfaces. */
void interface_numbers_clear(struct interface_numbers *numbers);

/* Rewrites the interface of each frame from the source's number to the run's. */
void interface_numbers_translate(struct interface_numbers *numbers, const struct source *source,
				 struct tcpm_frame *frames, size_t count);

#endif
