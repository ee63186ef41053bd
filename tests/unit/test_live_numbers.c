/*
 * The numbers of the interfaces of "any": a live source over a capture in memory, whose
 * cooked headers (SLL2) bear the indexes.
 */
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include "capture/live_source.h"

#define HEADER_SIZE 20
#define MORE        8

/* The loopback interface's index is 1. Each index but it comes twice, the first ones after
 * those that have no room. */
static FILE *write_capture(void)
{
	const struct pcap_file_header header = {
		.magic = 0xa1b2c3d4,
		.version_major = 2,
		.version_minor = 4,
		.snaplen = 65535,
		.linktype = 276, /* LINKTYPE_LINUX_SLL2 */
	};
	const uint32_t record[] = {1, 0, HEADER_SIZE, HEADER_SIZE};
	FILE *file = tmpfile();

	assert_non_null(file);
	assert_int_equal(fwrite(&header, sizeof(header), 1, file), 1);
	for (unsigned i = 0; i < 2 * (LIVE_MAX_INDEXES + MORE); i++) {
		const unsigned index = 1 + i % (LIVE_MAX_INDEXES + MORE);
		const uint8_t cooked[HEADER_SIZE] = {
			[6] = (uint8_t)(index >> 8), [7] = (uint8_t)index};

		assert_int_equal(fwrite(record, sizeof(record), 1, file), 1);
		assert_int_equal(fwrite(cooked, sizeof(cooked), 1, file), 1);
	}
	rewind(file);
	return file;
}

static void beyond_the_room(void **state)
{
	struct live_source *live = calloc(1, sizeof(*live));
	struct source *source = (struct source *)live;
	struct tcpm_frame frames[LIVE_BATCH];
	char words[PCAP_ERRBUF_SIZE];
	unsigned seen = 0;
	int count;

	(void)state;
	assert_non_null(live);
	live->source.ops = &live_source_ops;
	live->pcap = pcap_fopen_offline(write_capture(), words);
	assert_non_null(live->pcap);
	live->any = true;
	live->linktype = DLT_LINUX_SLL2;
	live->snaplen = 64;
	live->stride = 64;
	live->fraction_ns = 1000;
	live->bytes = calloc(LIVE_BATCH, live->stride);
	assert_non_null(live->bytes);
	while ((count = source_next(source, frames, LIVE_BATCH, NULL)) > 0) {
		for (int i = 0; i < count; i++, seen++) {
			const unsigned order = seen % (LIVE_MAX_INDEXES + MORE);

			assert_int_equal(frames[i].interface,
					 order < LIVE_MAX_INDEXES ? order : LIVE_MAX_INDEXES);
		}
	}
	assert_int_equal(seen, 2 * (LIVE_MAX_INDEXES + MORE));
	assert_int_equal(live->index_count, LIVE_MAX_INDEXES);
	assert_int_equal(live->indexes[LIVE_MAX_INDEXES - 1], LIVE_MAX_INDEXES);
	/* Those beyond have no name, whatever the last one's is. */
	if (if_nametoindex("lo") == 1)
		assert_string_equal(source_interface_name(source, 0), "lo");
	live->indexes[LIVE_MAX_INDEXES - 1] = live->indexes[0];
	assert_null(source_interface_name(source, LIVE_MAX_INDEXES));
	source_close(source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(beyond_the_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
