/*
 * A wire with a known delay: carries Ethernet frames between two interfaces.
 *
 *	forwarder [options] A B
 *	  --delay-us AB[:BA]  one-way delay of each direction (default 0)
 *	  --rate-kbit AB[:BA] a bottleneck in front of the delay (default: none)
 *	  --queue PACKETS     room in front of the bottleneck (default 1000)
 *	  --loss AB[:BA]      TCP packets lost of 1000, before the delay (default 0)
 *	  --duplicate AB[:BA] TCP packets carried twice of 1000 (default 0)
 *	  --reorder AB[:BA]   TCP packets delayed further of 1000, which later ones overtake
 *	                      (default 0)
 *	  --reorder-us MIN:MAX by how much (default 200:8000)
 *	  --seed N            of losses, duplicates and reordering (default 1)
 *	  --vlan ID           frames from A to B get this 802.1Q tag, frames from B to A
 *	                      lose theirs (default: no tags)
 *	  --duration SECONDS  ends by itself (default: at SIGTERM or SIGINT)
 *
 * Not every kernel has netem; this needs only packet sockets. Both interfaces
 * stand in a namespace of their own, without addresses. The delay counts from
 * the kernel's time stamp of the frame's arrival, so the time that it waited to
 * be read is part of it. Frames keep their virtio-net header (PACKET_VNET_HDR):
 * super-segments and checksums that a sender left to its card go through
 * unharmed. Order is kept in each direction, except for --reorder.
 *
 * Writes "ready" to standard error once it forwards, and at its end one line of
 * JSON to standard output: what it carried, and the delays it really gave.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000LL

/* A super-segment, its link header and the virtio-net header. */
#define FRAME_MAX (65536 + 256)

/* A frame's deadline is waited for asleep up to here, then awake: timers of a
 * virtual machine are late by some tens of microseconds. */
#define SPIN_NS 100000

#define DWELLS_MAX (4u << 20)

#define VLAN_TAG 4

struct queued {
	struct queued *next;
	int64_t arrived_ns;
	int64_t due_ns;
	size_t length;
	uint8_t bytes[];
};

struct direction {
	int in;
	int out;
	int64_t delay_ns;
	int64_t rate_kbit; /* 0: none */
	uint32_t loss;     /* of 1000 */
	uint32_t duplicate;
	uint32_t reorder;
	int64_t reorder_ns[2]; /* shortest and longest */
	uint16_t vlan;         /* tag to put on; 0: none */
	uint64_t random;

	struct queued *head;
	struct queued **tail;
	struct queued *late; /* those delayed further, in the order of their time */
	int64_t free_ns;     /* when the bottleneck is free again */

	uint64_t carried;
	uint64_t lost;
	uint64_t duplicated;
	uint64_t reordered;
	uint64_t overflowed; /* the bottleneck's queue was full */
	uint64_t refused;    /* by the kernel, at sending */
	uint64_t bytes;
	uint32_t *dwell_ns;
	size_t dwells;
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static void fail(const char *what)
{
	fprintf(stderr, "forwarder: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void usage(const char *what, const char *value)
{
	fprintf(stderr, "forwarder: %s: %s\n", what, value);
	exit(2);
}

static int64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return time.tv_sec * SECOND_NS + time.tv_nsec;
}

/* splitmix64: any seed will do. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t x = (*state += 0x9e3779b97f4a7c15u);

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static void set_option(int fd, int level, int name, int value, const char *what)
{
	if (setsockopt(fd, level, name, &value, sizeof value) < 0)
		fail(what);
}

static int open_interface(const char *name)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(name),
	};
	/* Protocol 0: no frame comes in before the socket is bound to its interface. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail("packet socket");
	if (address.sll_ifindex == 0)
		fail(name);
	set_option(fd, SOL_PACKET, PACKET_VNET_HDR, 1, "PACKET_VNET_HDR");
	set_option(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1, "PACKET_IGNORE_OUTGOING");
	set_option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS");
	set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20, "receive buffer");
	set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, 64 << 20, "send buffer");
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		fail(name);
	return fd;
}

/* Only TCP is lost: a lost neighbour solicitation would stop everything for a second. */
static bool is_tcp(const uint8_t *frame, size_t length)
{
	if (length < 54)
		return false;
	unsigned type = (unsigned)frame[12] << 8 | frame[13];

	if (type == ETH_P_IP)
		return frame[23] == IPPROTO_TCP;
	return type == ETH_P_IPV6 && frame[20] == IPPROTO_TCP;
}

/* Arrival by the kernel's stamp; now, if it gave none or the clock was set. */
static int64_t arrival(struct msghdr *message, int64_t now)
{
	struct timespec time;
	int64_t stamp;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&time, CMSG_DATA(c), sizeof time);
		stamp = time.tv_sec * SECOND_NS + time.tv_nsec;
		if (stamp <= now && stamp > now - SECOND_NS)
			return stamp;
	}
	return now;
}

/* When the last bit of a frame that arrived then has left the bottleneck. -1: no room. */
static int64_t through_bottleneck(struct direction *d, int64_t arrived, size_t length,
				  int64_t queue_max)
{
	int64_t start = d->free_ns > arrived ? d->free_ns : arrived;
	int64_t packet_ns, bits = (int64_t)length * 8;

	if (d->rate_kbit == 0)
		return arrived;
	/* The room is counted in packets of full size. */
	packet_ns = 1514 * 8 * 1000000LL / d->rate_kbit;
	if (start - arrived > queue_max * packet_ns)
		return -1;
	d->free_ns = start + bits * 1000000 / d->rate_kbit;
	return d->free_ns;
}

/* Copies a frame behind its virtio-net header, with the direction's tag, and returns
 * its new length. A tag that it came with is not among its bytes: the kernel takes it
 * off at arrival, and only tells of it. */
static size_t copy_frame(const struct direction *d, uint8_t *to, const uint8_t *from, size_t length)
{
	const size_t before = sizeof(struct virtio_net_hdr) + 12; /* and two addresses */
	const uint8_t tag[VLAN_TAG] = {ETH_P_8021Q >> 8, ETH_P_8021Q & 0xff,
				       (uint8_t)(d->vlan >> 8), (uint8_t)d->vlan};
	struct virtio_net_hdr header;

	if (d->vlan == 0 || length < before) {
		memcpy(to, from, length);
		return length;
	}
	memcpy(&header, from, sizeof header);
	if ((header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0)
		header.csum_start = (uint16_t)(header.csum_start + VLAN_TAG);
	if (header.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		header.hdr_len = (uint16_t)(header.hdr_len + VLAN_TAG);
	memcpy(to, &header, sizeof header);
	memcpy(to + sizeof header, from + sizeof header, before - sizeof header);
	memcpy(to + before, tag, sizeof tag);
	memcpy(to + before + sizeof tag, from + before, length - before);
	return length + sizeof tag;
}

/* Puts a frame into the queue; a late one among the late ones. */
static void enqueue(struct direction *d, struct queued *queued, bool late)
{
	struct queued **at = &d->late;

	if (!late) {
		*d->tail = queued;
		d->tail = &queued->next;
		return;
	}
	while (*at && (*at)->due_ns <= queued->due_ns)
		at = &(*at)->next;
	queued->next = *at;
	*at = queued;
}

static struct queued *queued_new(const struct direction *d, const uint8_t *frame, size_t length)
{
	struct queued *queued = malloc(sizeof *queued + length + VLAN_TAG);

	if (!queued)
		fail("queue");
	queued->next = NULL;
	queued->length = copy_frame(d, queued->bytes, frame, length);
	return queued;
}

static bool happens(struct direction *d, uint32_t of_1000)
{
	return of_1000 > 0 && next_random(&d->random) % 1000 < of_1000;
}

/* Takes in what has arrived. True: there may be more. */
static bool take(struct direction *d, int64_t queue_max)
{
	static uint8_t buffer[FRAME_MAX];
	const size_t header = sizeof(struct virtio_net_hdr);
	char control[256];
	struct iovec part = {.iov_base = buffer, .iov_len = sizeof buffer};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof control,
	};
	ssize_t got = recvmsg(d->in, &message, MSG_DONTWAIT);
	struct queued *queued;
	int64_t arrived, left;
	size_t length;
	bool tcp, late;

	if (got < 0) {
		if (errno == EAGAIN || errno == EINTR || errno == ENETDOWN)
			return false;
		fail("receive");
	}
	length = (size_t)got;
	if (length <= header || (message.msg_flags & MSG_TRUNC) != 0)
		return true;
	arrived = arrival(&message, now_ns());
	tcp = is_tcp(buffer + header, length - header);
	if (tcp && happens(d, d->loss)) {
		d->lost++;
		return true;
	}
	left = through_bottleneck(d, arrived, length - header, queue_max);
	if (left < 0) {
		d->overflowed++;
		return true;
	}
	late = tcp && happens(d, d->reorder);
	for (int copies = tcp && happens(d, d->duplicate) ? 2 : 1; copies > 0; copies--) {
		queued = queued_new(d, buffer, length);
		queued->arrived_ns = arrived;
		queued->due_ns = left + d->delay_ns;
		if (late)
			queued->due_ns +=
				d->reorder_ns[0] +
				(int64_t)(next_random(&d->random) %
					  (uint64_t)(d->reorder_ns[1] - d->reorder_ns[0] + 1));
		d->duplicated += copies == 2;
		d->reordered += late;
		enqueue(d, queued, late);
	}
	return true;
}

/* The frame that is due next; NULL: none waits. */
static struct queued *first_due(const struct direction *d)
{
	if (d->late && (!d->head || d->late->due_ns < d->head->due_ns))
		return d->late;
	return d->head;
}

static void dequeue(struct direction *d, const struct queued *queued)
{
	if (queued == d->late) {
		d->late = queued->next;
		return;
	}
	d->head = queued->next;
	if (!d->head)
		d->tail = &d->head;
}

/* Sends what is due. */
static void give(struct direction *d)
{
	struct queued *queued;

	while ((queued = first_due(d))) {
		int64_t now = now_ns();

		if (queued->due_ns > now)
			return;
		dequeue(d, queued);
		if (send(d->out, queued->bytes, queued->length, 0) < 0) {
			d->refused++;
		} else {
			int64_t dwell = now - queued->arrived_ns;

			d->carried++;
			d->bytes += queued->length - sizeof(struct virtio_net_hdr);
			if (d->dwells < DWELLS_MAX)
				d->dwell_ns[d->dwells++] =
					dwell > UINT32_MAX ? UINT32_MAX : (uint32_t)dwell;
		}
		free(queued);
	}
}

/* Sleeps until a frame comes in, or shortly before the first one is due. */
static void wait_for_work(const struct direction *directions, int64_t end_ns)
{
	struct pollfd polled[2];
	int64_t until = end_ns, now = now_ns();
	struct timespec time;

	for (int i = 0; i < 2; i++) {
		const struct queued *next = first_due(&directions[i]);

		polled[i] = (struct pollfd){.fd = directions[i].in, .events = POLLIN};
		if (next && next->due_ns - SPIN_NS < until)
			until = next->due_ns - SPIN_NS;
	}
	if (until <= now)
		return;
	if (until - now > SECOND_NS)
		until = now + SECOND_NS;
	time.tv_sec = (until - now) / SECOND_NS;
	time.tv_nsec = (until - now) % SECOND_NS;
	if (ppoll(polled, 2, &time, NULL) < 0 && errno != EINTR)
		fail("poll");
}

static int compare_dwell(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void report(const char *name, struct direction *d)
{
	size_t n = d->dwells;

	qsort(d->dwell_ns, n, sizeof *d->dwell_ns, compare_dwell);
	printf("\"%s\":{\"carried\":%llu,\"bytes\":%llu,\"lost\":%llu,\"duplicated\":%llu,"
	       "\"reordered\":%llu,\"overflowed\":%llu,"
	       "\"refused\":%llu,\"delay_ns\":%lld",
	       name, (unsigned long long)d->carried, (unsigned long long)d->bytes,
	       (unsigned long long)d->lost, (unsigned long long)d->duplicated,
	       (unsigned long long)d->reordered, (unsigned long long)d->overflowed,
	       (unsigned long long)d->refused, (long long)d->delay_ns);
	if (n > 0)
		printf(",\"dwell_min_ns\":%u,\"dwell_p50_ns\":%u,\"dwell_p99_ns\":%u,"
		       "\"dwell_max_ns\":%u",
		       d->dwell_ns[0], d->dwell_ns[n / 2], d->dwell_ns[n * 99 / 100],
		       d->dwell_ns[n - 1]);
	putchar('}');
}

/* One number from 0 to max up to the character `stop_at`; *rest points behind it. */
static int64_t number(const char *text, int64_t max, char **rest)
{
	long long value;

	errno = 0;
	value = strtoll(text, rest, 10);
	if (*rest == text || errno != 0 || value < 0 || value > max)
		usage("not a number in range", text);
	return value;
}

static int64_t one(const char *text, int64_t max)
{
	char *rest;
	int64_t value = number(text, max, &rest);

	if (*rest != '\0')
		usage("not a number", text);
	return value;
}

/* "AB" for both directions, or "AB:BA". */
static void pair(const char *text, int64_t max, int64_t values[static 2])
{
	char *rest;

	values[0] = values[1] = number(text, max, &rest);
	if (*rest == ':')
		values[1] = one(rest + 1, max);
	else if (*rest != '\0')
		usage("not a number", text);
}

struct settings {
	int64_t delay_us[2];
	int64_t rate_kbit[2];
	int64_t loss[2];
	int64_t duplicate[2];
	int64_t reorder[2];
	int64_t reorder_us[2]; /* shortest and longest */
	int64_t queue_max;
	int64_t seed;
	int64_t vlan;
	int64_t duration; /* seconds; 0: none */
};

static void read_options(int argc, char **argv, struct settings *settings)
{
	static const struct option options[] = {
		{"delay-us", required_argument, NULL, 'd'},
		{"rate-kbit", required_argument, NULL, 'r'},
		{"queue", required_argument, NULL, 'q'},
		{"loss", required_argument, NULL, 'l'},
		{"duplicate", required_argument, NULL, 'D'},
		{"reorder", required_argument, NULL, 'o'},
		{"reorder-us", required_argument, NULL, 'O'},
		{"seed", required_argument, NULL, 's'},
		{"vlan", required_argument, NULL, 'v'},
		{"duration", required_argument, NULL, 't'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd':
			pair(optarg, 10000000, settings->delay_us);
			break;
		case 'r':
			pair(optarg, 100000000, settings->rate_kbit);
			break;
		case 'q':
			settings->queue_max = one(optarg, 1000000);
			break;
		case 'l':
			pair(optarg, 1000, settings->loss);
			break;
		case 'D':
			pair(optarg, 1000, settings->duplicate);
			break;
		case 'o':
			pair(optarg, 1000, settings->reorder);
			break;
		case 'O':
			pair(optarg, 1000000, settings->reorder_us);
			if (settings->reorder_us[1] < settings->reorder_us[0])
				usage("the longer time comes last", optarg);
			break;
		case 's':
			settings->seed = one(optarg, INT64_MAX);
			break;
		case 'v':
			settings->vlan = one(optarg, 4094);
			break;
		case 't':
			settings->duration = one(optarg, 86400);
			break;
		default:
			exit(2);
		}
	}
	if (argc - optind != 2)
		usage("wanted: two interfaces", "forwarder [options] A B");
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

int main(int argc, char **argv)
{
	struct settings settings = {.queue_max = 1000, .reorder_us = {200, 8000}, .seed = 1};
	struct direction directions[2] = {0};
	int64_t end_ns = INT64_MAX;
	int fds[2];

	read_options(argc, argv, &settings);
	catch_signals();
	for (int i = 0; i < 2; i++)
		fds[i] = open_interface(argv[optind + i]);
	for (int i = 0; i < 2; i++) {
		struct direction *d = &directions[i];

		d->in = fds[i];
		d->out = fds[1 - i];
		d->delay_ns = settings.delay_us[i] * 1000;
		d->rate_kbit = settings.rate_kbit[i];
		d->loss = (uint32_t)settings.loss[i];
		d->duplicate = (uint32_t)settings.duplicate[i];
		d->reorder = (uint32_t)settings.reorder[i];
		for (int end = 0; end < 2; end++)
			d->reorder_ns[end] = settings.reorder_us[end] * 1000;
		d->random = (uint64_t)settings.seed * 2 + (uint64_t)i;
		d->tail = &d->head;
		d->dwell_ns = calloc(DWELLS_MAX, sizeof *d->dwell_ns);
		if (!d->dwell_ns)
			fail("memory");
	}
	directions[0].vlan = (uint16_t)settings.vlan;
	if (settings.duration > 0)
		end_ns = now_ns() + settings.duration * SECOND_NS;

	/* Both only make it more punctual. */
	prctl(PR_SET_TIMERSLACK, 1UL);
	(void)!sched_setscheduler(0, SCHED_RR, &(struct sched_param){.sched_priority = 1});

	fprintf(stderr, "ready\n");
	while (!stop && now_ns() < end_ns) {
		for (int i = 0; i < 2; i++) {
			for (int n = 0; n < 64 && take(&directions[i], settings.queue_max); n++)
				give(&directions[i]);
			give(&directions[i]);
		}
		wait_for_work(directions, end_ns);
	}

	putchar('{');
	report("a_to_b", &directions[0]);
	putchar(',');
	report("b_to_a", &directions[1]);
	puts("}");
	for (int i = 0; i < 2; i++) {
		struct queued *queued;

		while ((queued = first_due(&directions[i]))) {
			dequeue(&directions[i], queued);
			free(queued);
		}
		free(directions[i].dwell_ns);
		close(fds[i]);
	}
	return 0;
}
