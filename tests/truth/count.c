/*
 * count: feeds a capture to the library and holds its counters against each other,
 * and against the samples that the program wrote of the same capture.
 *
 *   count PCAP SAMPLES.csv
 *
 * Reads the simulator's captures (nanoseconds, written on this kind of machine) by
 * itself, so that nothing of the program's reading is trusted. Status 0: everything
 * adds up; 1: something does not; 2: usage, or a file that cannot be read.
 */
#include "tcpmetro.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCAP_MAGIC 0xA1B23C4Du /* with nanoseconds */

enum { BATCH = 64, MOST_BYTES = 1 << 18 };

struct pcap_file {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, snaplen, linktype;
};

struct pcap_record {
	uint32_t seconds, nanoseconds, captured, wire_length;
};

struct run {
	const char *samples_path;
	FILE *samples;
	uint64_t by_method[TCPM_METHODS], in_all, flows_closed;
	bool bad;
};

static void cannot_read(const char *path, const char *why)
{
	fprintf(stderr, "count: cannot read %s: %s\n", path, why);
	exit(2);
}

static FILE *open_file(const char *path)
{
	FILE *file = fopen(path, "rb");

	if (file == NULL)
		cannot_read(path, strerror(errno));
	return file;
}

/* The next line of the program must be this sample. */
static void on_sample(void *user, const struct tcpm_sample *sample)
{
	struct run *run = user;
	unsigned long long frame = 0;
	long long rtt_ns = 0;
	char line[512];

	run->in_all++;
	if (sample->method < TCPM_METHODS)
		run->by_method[sample->method]++;
	if (run->bad)
		return;
	if (fgets(line, sizeof line, run->samples) == NULL ||
	    sscanf(line, "%llu,%*[^,],%lld,", &frame, &rtt_ns) != 2 || frame != sample->frame ||
	    rtt_ns != sample->rtt_ns) {
		printf("sample %llu: the library says frame %llu, %lld ns, the program frame "
		       "%llu, %lld ns\n",
		       (unsigned long long)run->in_all, (unsigned long long)sample->frame,
		       (long long)sample->rtt_ns, frame, rtt_ns);
		run->bad = true;
	}
}

static void on_closed(void *user, const struct tcpm_closed *closed)
{
	struct run *run = user;

	(void)closed;
	run->flows_closed++;
}

static void expect(struct run *run, const char *what, uint64_t found, uint64_t expected)
{
	if (found == expected)
		return;
	printf("%s: %llu, expected %llu\n", what, (unsigned long long)found,
	       (unsigned long long)expected);
	run->bad = true;
}

static uint64_t sum(const uint64_t *counts, size_t count)
{
	uint64_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += counts[i];
	return total;
}

/* The sums that tcpmetro.h promises. */
static void add_up(struct run *run, const struct tcpm_counters *counters, uint64_t frames)
{
	uint64_t samples[TCPM_METHODS], cumulative = 0;

	for (unsigned method = 0; method < TCPM_METHODS; method++) {
		samples[method] = sum(counters->samples[method], TCPM_CLASSES);
		expect(run, tcpm_method_name(method), samples[method], run->by_method[method]);
		if (method != TCPM_METHOD_SACK)
			cumulative += samples[method];
	}
	expect(run, "frames", counters->frames, frames);
	expect(run, "sum of decoded", sum(counters->decoded, TCPM_DECODES), frames);
	expect(run, "samples and reasons of acknowledgements of new data",
	       cumulative + sum(counters->ack_reasons, TCPM_REASONS), counters->acks);
	expect(run, "samples and reasons of SACKs of new data",
	       samples[TCPM_METHOD_SACK] + sum(counters->sack_reasons, TCPM_REASONS),
	       counters->sacks);
	expect(run, "flows closed", run->flows_closed, counters->flows_opened);
	expect(run, "flows after the end", counters->flows_now, 0);
	if (fgetc(run->samples) != EOF) {
		printf("the program wrote more samples than the library gives\n");
		run->bad = true;
	}
}

/* Feeds the whole file; returns the number of its frames. */
static uint64_t feed(struct tcpm_engine *engine, const char *path)
{
	FILE *file = open_file(path);
	struct pcap_file header;
	struct pcap_record record;
	static uint8_t bytes[BATCH][MOST_BYTES];
	struct tcpm_frame frames[BATCH];
	size_t batched = 0;
	uint64_t number = 0;

	if (fread(&header, sizeof header, 1, file) != 1 || header.magic != PCAP_MAGIC)
		cannot_read(path, "not a pcap file of this machine's byte order, in nanoseconds");
	while (fread(&record, sizeof record, 1, file) == 1) {
		if (record.captured > MOST_BYTES ||
		    fread(bytes[batched], 1, record.captured, file) != record.captured)
			cannot_read(path, "cut short");
		frames[batched] = (struct tcpm_frame){
			.bytes = bytes[batched],
			.captured = record.captured,
			.wire_length = record.wire_length,
			.time_ns = record.seconds * INT64_C(1000000000) + record.nanoseconds,
			.number = ++number,
			.linktype = (uint16_t)header.linktype,
		};
		if (++batched == BATCH) {
			tcpm_engine_feed(engine, frames, batched);
			batched = 0;
		}
	}
	tcpm_engine_feed(engine, frames, batched);
	tcpm_engine_flush(engine);
	fclose(file);
	return number;
}

int main(int argc, char **argv)
{
	struct run run = {0};
	const struct tcpm_handler handler = {&run, on_sample, on_closed};
	struct tcpm_engine *engine;
	char line[512];

	if (argc != 3) {
		fputs("usage: count PCAP SAMPLES.csv\n", stderr);
		return 2;
	}
	run.samples_path = argv[2];
	run.samples = open_file(run.samples_path);
	if (fgets(line, sizeof line, run.samples) == NULL ||
	    strncmp(line, "frame,time,rtt_ns,", strlen("frame,time,rtt_ns,")) != 0)
		cannot_read(run.samples_path, "no header line with frame, time and rtt_ns");
	engine = tcpm_engine_new(NULL, &handler);
	if (engine == NULL)
		cannot_read(argv[1], strerror(errno));
	add_up(&run, tcpm_engine_counters(engine), feed(engine, argv[1]));
	tcpm_engine_free(engine);
	fclose(run.samples);
	return run.bad ? 1 : 0;
}
