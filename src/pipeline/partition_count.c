/*
 * How many threads are to share a run over captures: see shares.h.
 */
#include <sched.h>

#include "capture/filter.h"
#include "capture/source.h"
#include "pipeline/partitioned_run.h"

/* Unless told otherwise: so many, if there are processors for them, and if it is worth it: from
 * so many bytes of captures on, and while each has as much memory as is plenty. */
#define USUAL_SHARES 2
#define WORTH_BYTES  (UINT64_C(16) << 20)
#define PLENTY_BYTES (UINT64_C(64) << 20)

/* Captures are larger than when compressed by as much, or more. */
#define USUAL_RATIO 3

/* A share can do with as much. */
#define LEAST_BYTES (UINT64_C(4) << 20)

/* Processors that this process may use. */
static unsigned processors(void)
{
	cpu_set_t set;

	/* Where there are more than the set has room for, there are enough. */
	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set)
							    : USUAL_SHARES;
}

/* Whether all that goes into one row is of one share: what two hosts send each other. */
static bool rows_stay_whole(const struct options *options)
{
	enum groups_by by;

	return groups_by_parse(options->group_by, &by) == 0 &&
	       (by == GROUPS_BY_HOSTS || by == GROUPS_BY_FLOW);
}

/* Whether samples' lines can be made in any thread: looking up names cannot. */
static bool lines_are_free(const struct options *options)
{
	return !options->samples || !options->names || options->format != FORMAT_TABLE;
}

/* Whether all shares keep the same frames: each compiles the filter for itself. */
static bool filters_are_same(const struct options *options)
{
	return !options->filter || !filter_may_ask(options->filter);
}

/* What a file counts for, as a plain capture; 0: it is a pipe, and one thread reads it. */
static uint64_t weight(const char *path)
{
	struct file_look look;

	if (!file_source_look(path, &look))
		return 0;
	return look.compressed ? look.bytes * USUAL_RATIO : look.bytes;
}

unsigned partition_count(const struct options *options)
{
	uint64_t all = 0;

	if (options->partitions == 1 || !rows_stay_whole(options) || !lines_are_free(options) ||
	    !filters_are_same(options))
		return 1;
	for (size_t i = 0; i < options->file_count; i++) {
		uint64_t bytes = weight(options->files[i]);

		if (!bytes)
			return 1;
		all += bytes;
	}
	if (options->partitions)
		return (unsigned)(options->partitions < options->max_memory / LEAST_BYTES
					  ? options->partitions
					  : options->max_memory / LEAST_BYTES);
	return processors() >= USUAL_SHARES && all >= WORTH_BYTES &&
			       options->max_memory >= USUAL_SHARES * PLENTY_BYTES
		       ? USUAL_SHARES
		       : 1;
}
