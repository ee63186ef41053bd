/*
 * A pcap file's bytes without the data that nobody looks at: records of frames whose first bytes
 * are enough (packet/header_span.h) become what a shorter snap length would have made of them. So
 * what one processor has read is little for another to fetch. For src/capture/ only.
 *
 * All else stays as it is, byte for byte: the file's header, other records, what is damaged and
 * all behind it, and the last record if the file ends within it.
 */
#ifndef CAPTURE_SNAP_RECORDS_H
#define CAPTURE_SNAP_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longer records stay as they are: to trim one, all of it must be there. */
#define SNAP_RECORDS_LONGEST ((size_t)64 << 10)

/* So much room must be before the bytes, for what is left of those before them; whole pages. */
#define SNAP_RECORDS_BEFORE (SNAP_RECORDS_LONGEST + 4096)

/* What comes of some bytes may be so much more: what was left, and the end of a copy. */
#define SNAP_RECORDS_MORE (SNAP_RECORDS_BEFORE + 4096)

/* Private. */
struct snap_records {
	uint32_t max_packet;
	uint64_t as_it_is; /* so many bytes more are not looked at */
	size_t left;       /* bytes of a record whose end has not come yet */
	uint8_t record[SNAP_RECORDS_BEFORE];
};

/* For a usual pcap file (see pcap_file.c) of Ethernet frames, from its first byte on; a record
 * longer than max_packet is damage. */
void snap_records_init(struct snap_records *snap, uint32_t max_packet);

/*
 * Trims the file's next bytes. Before them is room for SNAP_RECORDS_BEFORE, which is written to;
 * `to` has room for count and SNAP_RECORDS_MORE. Of a record that goes on behind them nothing is
 * handed out yet, unless they are the last ones. Returns how many bytes are handed out.
 */
size_t snap_records_bytes(struct snap_records *snap, uint8_t *bytes, size_t count, bool last,
			  uint8_t *to);

/* How many bytes came that are not handed out yet. */
static inline size_t snap_records_left(const struct snap_records *snap)
{
	return snap->left;
}

#endif
