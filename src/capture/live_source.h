/*
 * What reading an interface and opening it share: for live.c and live_open.c alone.
 */
#ifndef CAPTURE_LIVE_SOURCE_H
#define CAPTURE_LIVE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/clock_check.h"
#include "capture/live.h"

/* The most frames of one batch. */
#define LIVE_BATCH 256

/* Of the pseudo-interface "any": most interfaces that are told apart. */
#define LIVE_MAX_INDEXES 1024u

/* Of an interface's name; the system's are of 16 at most. */
#define LIVE_NAME_SIZE 64

struct pcap;

struct live_source {
	struct source source; /* first: see struct source */
	struct pcap *pcap;
	struct pcap *spare; /* NULL: there is none */
	char name[LIVE_NAME_SIZE];
	struct packet_ports ports;
	char *filter; /* the whole expression for the kernel */
	bool paused;  /* but nothing is let through */
	enum live_exact exact;
	bool any;
	bool promiscuous;
	bool shared;
	bool first;   /* of those that share, or alone: speaks for the interface */
	bool renamed; /* libpcap thinks that the socket is still another interface's */
	uint16_t linktype;
	uint32_t snaplen;
	uint32_t fraction_ns; /* of a unit of the stamps */
	uint64_t packets;
	/* What is stamped before start_ns is not handed out, for a moment from
	 * started_ns (of a clock that nobody sets) on. */
	bool starting;
	int64_t start_ns;
	int64_t started_ns;

	bool foreign_clock; /* the stamps need not be the host's */
	bool clock_trusted; /* as far as can be told */
	bool clock_differs;
	uint8_t address[6];
	struct clock_check clocks;
	int64_t now_ns;

	uint32_t latest[2]; /* libpcap's counters, of 32 bits: kernel's, interface's drops */
	struct live_counts counts;

	struct tcpm_frame *frames; /* the batch in the making */
	int room;
	int filled;
	unsigned indexes[LIVE_MAX_INDEXES]; /* of interfaces; "any" numbers them as they come */
	uint32_t index_count;
	char index_name[LIVE_NAME_SIZE];
	uint8_t *bytes; /* LIVE_BATCH packets, each snaplen rounded up */
	size_t stride;
};

extern const struct source_ops live_source_ops;

/* Installs a filter expression; one that cannot match anything is one, too. 0; 1: the kernel
 * does not take a program of its size, and lets everything through; -EINVAL: it cannot be
 * compiled; -EIO: the kernel refuses it; libpcap's words are in the handle. */
int live_install(struct pcap *pcap, const char *expression);

/* Installs the user's expression (NULL: everything), and what goes with it, on a source in
 * the making. 0, or a negative errno with *error filled. */
int live_set_filter(struct live_source *live, const char *filter, struct error *error);

#endif
