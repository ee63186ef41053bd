/*
 * Records, trimmed on their way from one buffer to another: see trim.h.
 */
#include "capture/snap_records.h"

#include <string.h>

#include "capture/file_source.h"
#include "packet/header_span.h"

/* A trimmed record is copied with what stands behind it, so that all copies are equally long. */
#define COPIED ((size_t)160)

_Static_assert(COPIED >= PCAP_RECORD_SIZE + HEADER_SPAN_ENOUGH, "all that is kept");
_Static_assert(SNAP_RECORDS_BEFORE >= PCAP_RECORD_SIZE + SNAP_RECORDS_LONGEST, "a record fits");
_Static_assert(SNAP_RECORDS_MORE >= SNAP_RECORDS_BEFORE + COPIED, "the last copy fits");

void snap_records_init(struct snap_records *snap, uint32_t max_packet)
{
	snap->max_packet = max_packet;
	snap->as_it_is = PCAP_HEADER_SIZE;
	snap->left = 0;
}

/* Where the trimming is. */
struct place {
	const uint8_t *at;
	const uint8_t *end;
	uint8_t *to;
};

/* Copies what is not looked at, as far as it is there. */
static void pass(struct snap_records *snap, struct place *place)
{
	size_t count = (size_t)(place->end - place->at);

	if (count > snap->as_it_is)
		count = (size_t)snap->as_it_is;
	memcpy(place->to, place->at, count);
	place->at += count;
	place->to += count;
	if (snap->as_it_is != UINT64_MAX)
		snap->as_it_is -= count;
}

static inline void put32(uint8_t *to, uint32_t value)
{
	memcpy(to, &value, sizeof(value));
}

/* Copies the records that are there, trimmed, until one is not, or is not to be looked at. */
static void copy_records(struct snap_records *snap, struct place *place)
{
	const uint8_t *const end = place->end;
	const uint8_t *at = place->at;
	uint8_t *to = place->to;

	while ((size_t)(end - at) >= PCAP_RECORD_SIZE) {
		const uint32_t captured = file_get32(at + 8, false);
		const uint32_t wire_length = file_get32(at + 12, false);
		const size_t whole = (size_t)captured + PCAP_RECORD_SIZE;

		if (captured > SNAP_RECORDS_LONGEST) {
			/* Behind damage all is damage. */
			snap->as_it_is = captured > snap->max_packet ? UINT64_MAX : whole;
			break;
		}
		if (whole > (size_t)(end - at))
			break;
		if (whole > COPIED && header_span_ethernet(at + PCAP_RECORD_SIZE, captured)) {
			memcpy(to, at, COPIED);
			put32(to + 8, HEADER_SPAN_ENOUGH);
			put32(to + 12, wire_length > captured ? wire_length : captured);
			to += PCAP_RECORD_SIZE + HEADER_SPAN_ENOUGH;
		} else {
			memcpy(to, at, whole);
			to += whole;
		}
		at += whole;
	}
	place->at = at;
	place->to = to;
}

size_t snap_records_bytes(struct snap_records *snap, uint8_t *bytes, size_t count, bool last,
			  uint8_t *to)
{
	struct place place = {.at = bytes - snap->left, .end = bytes + count, .to = to};

	memcpy(bytes - snap->left, snap->record, snap->left);
	do {
		pass(snap, &place);
		if (snap->as_it_is == 0)
			copy_records(snap, &place);
	} while (snap->as_it_is > 0 && place.at < place.end);
	if (last) {
		/* It is no whole record. */
		snap->as_it_is = UINT64_MAX;
		pass(snap, &place);
	}
	snap->left = (size_t)(place.end - place.at);
	memcpy(snap->record, place.at, snap->left);
	return (size_t)(place.to - to);
}
