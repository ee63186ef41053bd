/*
 * The smallest user of libtcpmetro: reads a pcap file of this machine's byte order, and prints
 * each round-trip time.
 *
 *	cc samples.c -o samples $(pkg-config --cflags --libs tcpmetro)
 *	./samples FILE
 */
#include <inttypes.h>
#include <stdio.h>
#include <tcpmetro.h>

/* A sample lives as long as the call; so does its flow. */
static void print_sample(void *user, const struct tcpm_sample *sample)
{
	uint64_t *count = user;

	++*count;
	++*sample->user_data; /* samples of this direction of this flow */
	printf("frame %" PRIu64 ": %s, port %u to %u, sample %" PRIu64 ": %.3f ms\n", sample->frame,
	       tcpm_class_name(sample->class_), sample->flow->port[sample->sender],
	       sample->flow->port[!sample->sender], *sample->user_data,
	       (double)sample->rtt_ns / 1e6);
}

int main(int argc, char **argv)
{
	static uint8_t bytes[262144];
	uint32_t file_header[6], record[4];
	uint64_t samples = 0;
	const struct tcpm_handler handler = {.user = &samples, .sample = print_sample};
	struct tcpm_engine *engine = tcpm_engine_new(NULL, &handler);
	FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;

	if (!engine || !file || fread(file_header, sizeof(file_header), 1, file) != 1 ||
	    (file_header[0] != 0xa1b2c3d4 && file_header[0] != 0xa1b23c4d)) {
		fprintf(stderr, "usage: samples FILE (pcap, in this machine's byte order)\n");
		return 1;
	}
	/* The magic number says microseconds or nanoseconds. */
	const int64_t unit_ns = file_header[0] == 0xa1b2c3d4 ? 1000 : 1;

	for (uint64_t number = 1; fread(record, sizeof(record), 1, file) == 1; number++) {
		struct tcpm_frame frame = {
			.bytes = bytes,
			.captured = record[2],
			.wire_length = record[3],
			.time_ns = record[0] * INT64_C(1000000000) + record[1] * unit_ns,
			.number = number,
			.linktype = (uint16_t)file_header[5],
		};

		if (record[2] > sizeof(bytes) || fread(bytes, 1, record[2], file) != record[2])
			break;
		tcpm_engine_feed(engine, &frame, 1);
	}
	tcpm_engine_flush(engine);
	printf("%" PRIu64 " packets, %" PRIu64 " samples, %" PRIu64 " acknowledgements\n",
	       tcpm_engine_counters(engine)->frames, samples, tcpm_engine_counters(engine)->acks);
	tcpm_engine_free(engine);
	fclose(file);
	return 0;
}
