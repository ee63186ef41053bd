/*
 * Records of which most are another's: see pcap_sift.h.
 *
 * So records are chosen first, with as little work for each as tells owner it is; only those that
 * are to be kept are then made frames of.
 */
#include "capture/pcap_partition.h"

/* Where a record begins is known only when the one before it has come from memory, and others may
 * have read it: so what lies so far ahead is asked for, whatever it is. */
#define AHEAD 2048

/* A record that is kept. */
struct chosen {
	uint32_t at;       /* offset of its packet */
	uint16_t number;   /* from 0 */
	uint16_t owner;    /* enum partition_owner */
	int64_t time_ns;   /* its own, and that */
	int64_t before_ns; /* of the record before it */
};

/* What was gone through. */
struct passed {
	const uint8_t *end;
	size_t count;
	uint64_t wire_bytes;
	bool odd; /* a time went back */
};

/* Goes through the records from `at` on, and returns how many are kept. Whose a frame is cannot be
 * foreseen, so nothing depends on it by a jump. */
static size_t choose(const struct file_source *file, const struct partition *given, size_t max,
		     struct chosen chosen[static PARTITION_FRAMES], struct passed *passed)
{
	const struct partition partition = *given;
	const uint8_t *const start = file->stream.at;
	const uint8_t *const end = file->stream.end;
	const uint32_t max_packet = file->pcap.max_packet;
	const uint32_t fraction_ns = file->pcap.fraction_ns;
	struct chosen *next = chosen;
	const uint8_t *at = start;
	uint64_t wire_bytes = 0;
	int64_t before_ns = 0;
	bool odd = false;
	bool others = false;
	size_t number;

	for (number = 0; number < max; number++) {
		const size_t left = (size_t)(end - at);
		__builtin_prefetch((const void *)((uintptr_t)at + AHEAD));
		if (left < PCAP_RECORD_SIZE)
			break;
		const uint32_t captured = file_get32(at + 8, false);
		const uint32_t wire_length = file_get32(at + 12, false);
		if (captured > max_packet || captured > left - PCAP_RECORD_SIZE)
			break;
		const enum partition_owner owner =
			partition_of_ethernet(&partition, at + PCAP_RECORD_SIZE, captured);
		const int64_t time_ns = (int64_t)file_get32(at, false) * 1000000000 +
					(int64_t)file_get32(at + 4, false) * fraction_ns;
		*next = (struct chosen){
			.at = (uint32_t)(at + PCAP_RECORD_SIZE - start),
			.number = (uint16_t)number,
			.owner = (uint16_t)owner,
			.time_ns = time_ns,
			.before_ns = before_ns,
		};
		others = (owner == PARTITION_OTHER) & (number > 0);
		next += !others;
		wire_bytes += wire_length > captured ? wire_length : captured;
		odd |= time_ns < before_ns;
		before_ns = time_ns;
		at += PCAP_RECORD_SIZE + captured;
	}
	*passed = (struct passed){.end = at, .count = number, .wire_bytes = wire_bytes, .odd = odd};
	/* The last one, if it was not kept, stands behind those that were. */
	return (size_t)(next - chosen) + others;
}

size_t pcap_walk_partition(struct file_source *file, const struct partition *partition,
			   struct tcpm_frame *frames, struct partition_gap *gaps, size_t max,
			   struct source_partition *owned)
{
	struct chosen chosen[PARTITION_FRAMES];
	const uint8_t *const start = file->stream.at;
	struct passed passed;
	const size_t kept = choose(file, partition, max, chosen, &passed);
	size_t next = 0;

	for (size_t i = 0; i < kept; i++) {
		const uint8_t *const bytes = start + chosen[i].at;
		const uint32_t captured = file_get32(bytes - 8, false);
		const uint32_t wire_length = file_get32(bytes - 4, false);

		frames[i] = (struct tcpm_frame){
			.bytes = bytes,
			.captured = captured,
			.wire_length = wire_length > captured ? wire_length : captured,
			.time_ns = chosen[i].time_ns,
			.number = file->records + chosen[i].number + 1,
			.linktype = PACKET_LINKTYPE_ETHERNET,
		};
		gaps[i] = (struct partition_gap){
			.before_ns = chosen[i].before_ns,
			.skipped = (uint8_t)(chosen[i].number - next),
			.owner = (uint8_t)chosen[i].owner,
		};
		next = chosen[i].number + 1u;
	}
	file->stream.at = passed.end;
	owned->kept = passed.odd ? 0 : kept;
	owned->wire_bytes = passed.wire_bytes;
	return passed.count;
}
