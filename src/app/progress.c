/*
 * The progress line: see progress.h.
 */
#include "app/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FIRST_NS    INT64_C(500000000)
#define INTERVAL_NS INT64_C(200000000)
#define SECOND_NS   INT64_C(1000000000)

static int64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

void progress_begin(struct progress *progress, bool quiet)
{
	*progress = (struct progress){.shown = !quiet && isatty(STDERR_FILENO)};
	progress->start_ns = monotonic_ns();
	progress->next_ns = progress->start_ns + FIRST_NS;
}

/* The file's name without its folders. */
static const char *short_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (strcmp(path, "-") == 0)
		return "standard input";
	return slash ? slash + 1 : path;
}

static void draw(const struct source_progress *done, const char *path, int64_t elapsed_ns)
{
	double seconds = (double)elapsed_ns / 1e9;
	double rate = (double)done->records / seconds / 1e6;

	fprintf(stderr, "\r\033[K%.40s: ", short_name(path));
	if (done->bytes_all && done->bytes_done <= done->bytes_all) {
		double fraction = (double)done->bytes_done / (double)done->bytes_all;

		fprintf(stderr, "%.0f %%, ", fraction * 100);
		if (fraction > 0.01)
			fprintf(stderr, "%.0f s left, ", seconds * (1 - fraction) / fraction);
	}
	fprintf(stderr, "%.1f M packets, %.1f M/s", (double)done->records / 1e6, rate);
	fflush(stderr);
}

void progress_step(struct progress *progress, const struct source *source, const char *path)
{
	struct source_progress done;
	int64_t now_ns;

	if (!progress->shown)
		return;
	now_ns = monotonic_ns();
	if (now_ns < progress->next_ns)
		return;
	progress->next_ns = now_ns + INTERVAL_NS;
	progress->drawn = true;
	source_progress(source, &done);
	draw(&done, path, now_ns - progress->start_ns);
}

void progress_end(struct progress *progress)
{
	if (!progress->drawn)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	progress->drawn = false;
}
