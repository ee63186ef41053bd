/*
 * The walk over the records of a usual pcap file, for one who wants his part of the frames: see
 * source_next_partition. For src/capture/ only.
 */
#ifndef CAPTURE_PCAP_PARTITION_H
#define CAPTURE_PCAP_PARTITION_H

#include <stddef.h>

#include "capture/file_source.h"

/* Takes the complete records in the buffer, PARTITION_FRAMES at most, and partitions them; returns
 * how many there were. The file is usual (see pcap_file.c) and its frames are Ethernet. owned->kept
 * is 0 if all must be kept, for a time goes back. */
size_t pcap_walk_partition(struct file_source *file, const struct partition *partition,
			   struct tcpm_frame *frames, struct partition_gap *gaps, size_t max,
			   struct source_partition *owned);

#endif
