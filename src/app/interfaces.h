/*
 * The names of the interfaces that frames came from, over all captures of a run.
 *
 * Each capture numbers its interfaces from 0; in the report, the same name in two
 * files is the same interface. Number 0 of the run stands for all without a name.
 */
#ifndef APP_INTERFACES_H
#define APP_INTERFACES_H

#include <stddef.h>
#include <stdint.h>

#include "capture/source.h"
#include "tcpmetro.h"

/* More names than this, or numbers, and the rest count as nameless. */
#define INTERFACES_MAX_NAMES   4096u
#define INTERFACES_MAX_NUMBERS 65536u

struct interfaces {
	char **names; /* names[0] is NULL */
	uint32_t name_count;
	uint32_t *numbers; /* of the present source's interfaces; 0: not looked up yet */
	uint32_t number_count;
};

/* All zero is an empty one. Frees everything. */
void interfaces_done(struct interfaces *interfaces);

/* A new source begins: its numbers mean other interfaces. */
void interfaces_next_source(struct interfaces *interfaces);

/* Rewrites the interface of each frame from the source's number to the run's. */
void interfaces_translate(struct interfaces *interfaces, const struct source *source,
			  struct tcpm_frame *frames, size_t count);

/* NULL: it has no name. */
const char *interfaces_name(const struct interfaces *interfaces, uint32_t number);

#endif
