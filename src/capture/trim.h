/*
 * A pcap file's bytes without the data that nobody looks at: records of frames whose first bytes
 * are enough (packet/enough.h) become what a shorter snap length would have made of them. So what
 * one processor has read is little for another to fetch. For src/capture/ only.
 *
 * All else stays as it is, byte for byte: the file's header, other records, what is damaged and
 * all behind it, and the last record if the file ends within it.
 */
#ifndef CAPTURE_TRIM_H
#define CAPTURE_TRIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longer records stay as they are: to trim one, all of it must be there. */
#define TRIM_LONGEST ((size_t)64 << 10)

/* So much room must be before the bytes, for what is left of those before them; whole pages. */
#define TRIM_BEFORE (TRIM_LONGEST + 4096)

/* What comes of some bytes may be so much more: what was left, and the end of a copy. */
#define TRIM_MORE (TRIM_BEFORE + 4096)

/* Private. */
struct trim {
	uint32_t max_packet;
	uint64_t as_it_is; /* so many bytes more are not looked at */
	size_t left;       /* bytes of a record whose end has not come yet */
	uint8_t record[TRIM_BEFORE];
};

/* For a usual pcap file (see pcap_file.c) of Ethernet frames, from its first byte on; a record
 * longer than max_packet is damage. */
void trim_init(struct trim *trim, uint32_t max_packet);

/*
 * Trims the file's next bytes. Before them is room for TRIM_BEFORE, which is written to; `to` has
 * room for count and TRIM_MORE. Of a record that goes on behind them nothing is handed out yet,
 * unless they are the last ones. Returns how many bytes are handed out.
 */
size_t trim_bytes(struct trim *trim, uint8_t *bytes, size_t count, bool last, uint8_t *to);

/* How many bytes came that are not handed out yet. */
static inline size_t trim_left(const struct trim *trim)
{
	return trim->left;
}

#endif
