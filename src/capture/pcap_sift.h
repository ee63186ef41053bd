/*
 * The walk over the records of a usual pcap file, for one who wants his part of the frames: see
 * source_next_sifted. For src/capture/ only.
 */
#ifndef CAPTURE_PCAP_SIFT_H
#define CAPTURE_PCAP_SIFT_H

#include <stddef.h>

#include "capture/file_source.h"

/* Takes the complete records in the buffer, SIFT_FRAMES at most, and sifts them; returns how many
 * there were. The file is usual (see pcap_file.c) and its frames are Ethernet. sifted->kept is 0 if
 * all must be kept, for a time goes back. */
size_t pcap_walk_sifted(struct file_source *file, const struct sift *sift,
			struct tcpm_frame *frames, size_t max, struct source_sifted *sifted);

#endif
