/*
 * Reading an interface, by libpcap: see live.h.
 *
 * A packet is copied out of the ring, no more of it than the snap length: libpcap gives a
 * block of the ring back to the kernel as soon as its last packet was handed out.
 *
 * Of a deleted interface the socket is left, bound to nothing. Opening another would take
 * rights that were given up; binding this one again takes none. A socket that shares an
 * interface with others cannot be bound again (packet(7), PACKET_FANOUT), so the first of
 * such sources keeps a spare one, which waits on the loopback interface.
 */
#include "capture/live.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include <pcap/pcap.h>

#include "capture/live_source.h"

#define SECOND_NS INT64_C(1000000000)

/* For so long after the start there can be packets from before it. */
#define STARTING_NS SECOND_NS

/* Batches in a row of which nothing is handed out, before the caller is heard again. */
#define EMPTY_BATCHES 16

/* Packets after which stamps of a card are taken for those of one clock, if only one
 * direction has been seen: a mirror port. */
#define UNDECIDED_PACKETS 5000

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

/* The number under which frames of an interface of "any" go; its index stands in the
 * cooked header (SLL2), in network byte order. Beyond the room, all go under one that has
 * no name. */
static uint32_t number_of(struct live_source *live, const uint8_t *bytes, uint32_t captured)
{
	unsigned index;

	if (live->linktype != DLT_LINUX_SLL2 || captured < 8)
		return 0;
	index = (unsigned)bytes[4] << 24 | (unsigned)bytes[5] << 16 | (unsigned)bytes[6] << 8 |
		bytes[7];
	for (uint32_t i = 0; i < live->index_count; i++)
		if (live->indexes[i] == index)
			return i;
	if (live->index_count == LIVE_MAX_INDEXES)
		return LIVE_MAX_INDEXES;
	live->indexes[live->index_count] = index;
	return live->index_count++;
}

/* Looks at the stamp of a packet that may have another clock's. */
static void check_clock(struct live_source *live, const uint8_t *bytes, uint32_t captured,
			int64_t time_ns)
{
	bool sent;

	if (captured < 12)
		return;
	sent = memcmp(bytes + 6, live->address, 6) == 0;
	switch (clock_check_add(&live->clocks, sent, live->now_ns - time_ns)) {
	case CLOCK_SAME:
		live->clock_trusted = true;
		break;
	case CLOCK_DIFFERENT:
		live->clock_differs = true;
		break;
	case CLOCK_UNDECIDED:
		if (live->packets > UNDECIDED_PACKETS)
			live->clock_trusted = true;
		break;
	}
}

static void on_packet(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct live_source *live = (struct live_source *)user;
	uint32_t captured = header->caplen < live->snaplen ? header->caplen : live->snaplen;
	int64_t time_ns = (int64_t)header->ts.tv_sec * SECOND_NS +
			  (int64_t)header->ts.tv_usec * live->fraction_ns;
	uint8_t *copy = live->bytes + (size_t)live->filled * live->stride;

	live->packets++;
	if (live->foreign_clock) {
		check_clock(live, bytes, captured, time_ns);
		if (!live->clock_trusted)
			return;
	}
	if (live->starting && time_ns < live->start_ns)
		return;
	live->starting = false;
	if (live->filled == live->room)
		return;
	memcpy(copy, bytes, captured);
	live->frames[live->filled++] = (struct tcpm_frame){
		.bytes = copy,
		.captured = captured,
		.wire_length = header->len > captured ? header->len : captured,
		.time_ns = time_ns < 0 ? 0 : time_ns,
		.number = live->packets,
		.interface = live->any ? number_of(live, bytes, captured) : 0,
		.linktype = live->linktype,
	};
}

/* libpcap asks after the interface that a handle was opened on. Of a socket that was bound
 * to another one since, only the socket itself knows. */
static bool unbound(const struct live_source *live)
{
	struct sockaddr_ll address;
	socklen_t size = sizeof(address);

	return live->renamed &&
	       getsockname(pcap_fileno(live->pcap), (struct sockaddr *)&address, &size) == 0 &&
	       address.sll_ifindex <= 0;
}

static int deleted(const struct live_source *live, struct error *error)
{
	return error_set(error, ENODEV, "%s: the interface was deleted", live->name);
}

/* Why libpcap gave no packet. */
static int failure(struct live_source *live, struct error *error)
{
	const char *words = pcap_geterr(live->pcap);

	if (strstr(words, "disappeared") || (!live->any && if_nametoindex(live->name) == 0))
		return deleted(live, error);
	return error_set(error, EIO, "%s: capture cannot continue: %.200s", live->name, words);
}

static int live_next(struct source *source, struct tcpm_frame *frames, size_t max,
		     struct error *error)
{
	struct live_source *live = (struct live_source *)source;
	int result = 0;

	live->frames = frames;
	live->filled = 0;
	live->room = max < LIVE_BATCH ? (int)max : LIVE_BATCH;
	/* Should the clock be set back right now, that must not silence the source. */
	if (live->starting && clock_ns(CLOCK_MONOTONIC) > live->started_ns + STARTING_NS)
		live->starting = false;
	for (int i = 0; i < EMPTY_BATCHES; i++) {
		if (live->foreign_clock)
			live->now_ns = clock_ns(CLOCK_REALTIME);
		result = pcap_dispatch(live->pcap, live->room, on_packet, (u_char *)live);
		if (result <= 0 || live->filled || live->clock_differs)
			break;
	}
	if (live->clock_differs)
		return error_set(error, EIO,
				 "%s: sent and received packets have time stamps of different "
				 "clocks, so no round-trip time can be measured; use -j host",
				 live->name);
	if (live->filled)
		return live->filled;
	if (result < 0)
		return failure(live, error);
	return unbound(live) ? deleted(live, error) : -EAGAIN;
}

static const char *live_interface_name(const struct source *source, uint32_t interface)
{
	const struct live_source *live = (const struct live_source *)source;

	if (!live->any)
		return live->name;
	if (interface >= live->index_count)
		return NULL;
	return if_indextoname(live->indexes[interface], ((struct live_source *)source)->index_name);
}

static void live_progress(const struct source *source, struct source_progress *progress)
{
	const struct live_source *live = (const struct live_source *)source;

	*progress = (struct source_progress){.records = live->packets};
}

static void live_close(struct source *source)
{
	struct live_source *live = (struct live_source *)source;

	if (live->pcap)
		pcap_close(live->pcap);
	if (live->spare)
		pcap_close(live->spare);
	free(live->filter);
	free(live->bytes);
	free(live);
}

const struct source_ops live_source_ops = {
	.next = live_next,
	.interface_name = live_interface_name,
	.progress = live_progress,
	.close = live_close,
};

/* Nothing that was captured so far is handed out. */
static void begin(struct live_source *live)
{
	live->starting = true;
	live->start_ns = clock_ns(CLOCK_REALTIME);
	live->started_ns = clock_ns(CLOCK_MONOTONIC);
}

void live_source_start(struct source *source)
{
	struct live_source *live = (struct live_source *)source;

	if (!live->foreign_clock)
		begin(live);
}

int live_source_fd(const struct source *source)
{
	return pcap_get_selectable_fd(((const struct live_source *)source)->pcap);
}

enum live_exact live_source_exact(const struct source *source)
{
	return ((const struct live_source *)source)->exact;
}

/* The index of an interface that is there and up, or 0. */
static int index_if_up(int fd, const char *name)
{
	struct ifreq request = {0};
	unsigned index = if_nametoindex(name);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%.15s", name);
	if (!index || ioctl(fd, SIOCGIFFLAGS, &request) < 0 || !(request.ifr_flags & IFF_UP))
		return 0;
	return (int)index;
}

/* Binds a handle's socket to an interface, as libpcap had bound it. */
static int bind_again(const struct live_source *live, pcap_t *pcap, int index)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = index,
	};
	struct packet_mreq membership = {.mr_ifindex = index, .mr_type = PACKET_MR_PROMISC};
	int fd = pcap_fileno(pcap);
	int pending;
	socklen_t size = sizeof(pending);

	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	if (live->promiscuous)
		setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof(membership));
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &pending, &size); /* of the old interface */
	return 0;
}

/* The spare handle takes over. */
static int use_spare(struct live_source *live, int index)
{
	int result = live_install(live->spare, live->filter);

	if (result < 0 || bind_again(live, live->spare, index) < 0)
		return -EAGAIN;
	pcap_close(live->pcap);
	live->pcap = live->spare;
	live->spare = NULL;
	live->shared = false;
	live->renamed = true;
	memset(live->latest, 0, sizeof(live->latest));
	begin(live); /* it has seen the loopback interface */
	return 1;
}

int live_source_resume(struct source *source)
{
	struct live_source *live = (struct live_source *)source;
	int index;

	if (live->shared && !live->spare)
		return -ENOTSUP;
	index = index_if_up(pcap_fileno(live->pcap), live->name);
	if (!index)
		return -EAGAIN;
	if (live->shared)
		return use_spare(live, index);
	return bind_again(live, live->pcap, index) < 0 ? -EAGAIN : 0;
}

void live_source_counts(struct source *source, struct live_counts *counts)
{
	struct live_source *live = (struct live_source *)source;
	struct pcap_stat now;

	if (pcap_stats(live->pcap, &now) == 0) {
		/* What wraps at 2^32 is added up modulo 2^32. */
		live->counts.dropped += (uint32_t)(now.ps_drop - live->latest[0]);
		/* Of all the interface's, so only one source adds them up. Where the interface
		 * is gone, they seem to run backwards. */
		int32_t more = (int32_t)(now.ps_ifdrop - live->latest[1]);

		if (more > 0 && live->first && !live->renamed)
			live->counts.interface_dropped += (uint32_t)more;
		live->latest[0] = now.ps_drop;
		live->latest[1] = now.ps_ifdrop;
	}
	live->counts.interface_known = live->promiscuous && live->first && !live->renamed;
	*counts = live->counts;
}
