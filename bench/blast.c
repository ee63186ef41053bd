/*
 * Sends made-up TCP traffic into an interface, as fast as asked or as fast as it goes.
 *
 *	blast [options] INTERFACE
 *	  --rate PPS       packets a second (default: as many as possible)
 *	  --seconds S      for how long, at most 60 (default 10)
 *	  --count N        ends earlier, after N packets
 *	  --flows N        connections at a time (default 2000)
 *	  --bulk PERCENT   of the flows that are bulk transfers (default 50)
 *	  --ipv6 PERCENT   of the flows over IPv6 (default 20)
 *	  --payload BYTES  of a full segment (default 1448)
 *	  --life PACKETS   of a connection, on average (default 2000)
 *
 * INTERFACE must be one end of a veth pair (anything else is refused: it may lead to other
 * people's machines), best in a namespace of its own. What is captured at the other end
 * looks like a mirror port's view. The flows take turns in an order that is
 * the same at each run, so programs can be compared on the same packets. Packets go out
 * by sendmmsg on a packet socket past the queueing discipline; nearly all of the time is
 * the kernel's.
 *
 * At its end one line on standard output:
 *	sent N packets B bytes in T ns, refused N, cpu N ns
 * Refused are attempts that the kernel turned down; they were made again. SIGINT and
 * SIGTERM end it early.
 */
#include <errno.h>
#include <getopt.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "flow.h"

#define SECOND_NS    1000000000LL
#define SECONDS_MAX  60
#define BATCH_MAX    64
#define PAYLOAD_MIN  16
#define BATCHES_MIN  10000 /* of a second, when paced: bursts of a tenth of a millisecond */
#define CATCH_UP_NS  1000000
#define SLEEP_MIN_NS 60000 /* a shorter wait is spent awake */

struct settings {
	struct flow_settings flow;
	uint64_t rate; /* 0: as it goes */
	uint64_t count;
	uint64_t seconds;
	const char *interface;
};

struct sender {
	int socket;
	struct flow *flows;
	uint32_t *order; /* the flows' turns */
	uint32_t flow_count;
	uint32_t turn;
	size_t batch; /* packets sent at once, about */
	struct flow_packet packets[BATCH_MAX];
	struct iovec parts[BATCH_MAX][2];
	struct mmsghdr messages[BATCH_MAX];
	uint64_t sent;
	uint64_t bytes;
	uint64_t refused;
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static void fail(const char *what)
{
	fprintf(stderr, "blast: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * SECOND_NS + time.tv_nsec;
}

static uint64_t parse_number(const char *option, const char *text, uint64_t least, uint64_t most)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno != 0 || text[0] < '0' || text[0] > '9' || *end != '\0' || value < least ||
	    value > most) {
		fprintf(stderr, "blast: --%s %s: must be a number from %llu to %llu\n", option,
			text, (unsigned long long)least, (unsigned long long)most);
		exit(2);
	}
	return value;
}

static void parse_options(int argc, char **argv, struct settings *settings)
{
	enum { RATE, SECONDS, COUNT, FLOWS, BULK, IPV6, PAYLOAD, LIFE, OPTIONS };
	static const struct option options[] = {
		[RATE] = {"rate", required_argument, NULL, RATE},
		[SECONDS] = {"seconds", required_argument, NULL, SECONDS},
		[COUNT] = {"count", required_argument, NULL, COUNT},
		[FLOWS] = {"flows", required_argument, NULL, FLOWS},
		[BULK] = {"bulk", required_argument, NULL, BULK},
		[IPV6] = {"ipv6", required_argument, NULL, IPV6},
		[PAYLOAD] = {"payload", required_argument, NULL, PAYLOAD},
		[LIFE] = {"life", required_argument, NULL, LIFE},
		[OPTIONS] = {NULL, 0, NULL, 0},
	};
	static const struct {
		uint64_t least, most, standard;
	} range[OPTIONS] = {
		[RATE] = {1000, 100000000, 0},
		[SECONDS] = {1, SECONDS_MAX, 10},
		[COUNT] = {1, UINT64_MAX, UINT64_MAX},
		[FLOWS] = {1, FLOW_MAX, 2000},
		[BULK] = {0, 100, 50},
		[IPV6] = {0, 100, 20},
		[PAYLOAD] = {PAYLOAD_MIN, FRAME_PAYLOAD_MAX, FRAME_PAYLOAD_MAX},
		[LIFE] = {20, 1000000000, 2000},
	};
	uint64_t value[OPTIONS];
	int option;

	for (int i = 0; i < OPTIONS; i++)
		value[i] = range[i].standard;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			exit(2);
		value[option] = parse_number(options[option].name, optarg, range[option].least,
					     range[option].most);
	}
	if (optind + 1 != argc) {
		fprintf(stderr, "usage: blast [options] INTERFACE\n");
		exit(2);
	}
	settings->interface = argv[optind];
	settings->rate = value[RATE];
	settings->seconds = value[SECONDS];
	settings->count = value[COUNT];
	settings->flow.flows = (uint32_t)value[FLOWS];
	settings->flow.bulk = (uint32_t)value[BULK];
	settings->flow.ipv6 = (uint32_t)value[IPV6];
	settings->flow.payload = (uint16_t)value[PAYLOAD];
	settings->flow.life = (uint32_t)value[LIFE];
}

static bool is_veth(int fd, const char *interface)
{
	struct ethtool_drvinfo driver = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq request = {.ifr_data = (void *)&driver};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	return ioctl(fd, SIOCETHTOOL, &request) == 0 && strcmp(driver.driver, "veth") == 0;
}

static int open_socket(const char *interface)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET};
	int one = 1;
	int size = 16 << 20;
	/* Protocol 0: it only sends. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail("packet socket (needs root)");
	address.sll_ifindex = (int)if_nametoindex(interface);
	if (address.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		fail(interface);
	if (!is_veth(fd, interface)) {
		fprintf(stderr, "blast: %s: is no veth; traffic is made up for those only\n",
			interface);
		exit(2);
	}
	if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) != 0)
		fail("socket option");
	return fd;
}

/* Each flow once, in an order without pattern: neighbours in memory, and connections of
 * one pair of hosts, do not follow each other on the wire. */
static uint32_t *make_order(uint32_t count)
{
	uint32_t *order = calloc(count, sizeof(*order));
	uint64_t random = 1;

	if (order == NULL)
		fail("flows");
	for (uint32_t i = 0; i < count; i++) {
		uint32_t other;

		random = random * 6364136223846793005u + 1442695040888963407u;
		other = (uint32_t)((random >> 33) % (i + 1));
		order[i] = order[other];
		order[other] = i;
	}
	return order;
}

static void sender_init(struct sender *sender, const struct settings *settings)
{
	memset(sender, 0, sizeof(*sender));
	sender->socket = open_socket(settings->interface);
	sender->flow_count = settings->flow.flows;
	sender->flows = calloc(sender->flow_count, sizeof(*sender->flows));
	if (sender->flows == NULL)
		fail("flows");
	sender->order = make_order(sender->flow_count);
	frame_init();
	for (uint32_t i = 0; i < sender->flow_count; i++)
		flow_init(&sender->flows[i], i, &settings->flow);
	sender->batch = BATCH_MAX;
	if (settings->rate != 0 && settings->rate / BATCHES_MIN < BATCH_MAX)
		sender->batch = settings->rate / BATCHES_MIN;
	if (sender->batch < FLOW_TURN_MAX)
		sender->batch = FLOW_TURN_MAX;
	for (size_t i = 0; i < BATCH_MAX; i++) {
		sender->parts[i][0].iov_base = sender->packets[i].head;
		sender->parts[i][1].iov_base = (void *)(uintptr_t)frame_payload();
		sender->messages[i].msg_hdr.msg_iov = sender->parts[i];
	}
}

/* Turns of flows, until the batch has no room for another. Returns the packets. */
static size_t fill(struct sender *sender, uint32_t now_ms)
{
	size_t count = 0;

	while (count + FLOW_TURN_MAX <= sender->batch) {
		struct flow *flow = &sender->flows[sender->order[sender->turn]];

		count += flow_turn(flow, now_ms, sender->packets + count);
		if (++sender->turn == sender->flow_count)
			sender->turn = 0;
	}
	for (size_t i = 0; i < count; i++) {
		sender->parts[i][0].iov_len = sender->packets[i].head_length;
		sender->parts[i][1].iov_len = sender->packets[i].payload;
		sender->messages[i].msg_hdr.msg_iovlen = sender->packets[i].payload == 0 ? 1 : 2;
	}
	return count;
}

static void send_batch(struct sender *sender, size_t count)
{
	size_t done = 0;

	while (done < count && !stop) {
		int sent = sendmmsg(sender->socket, sender->messages + done,
				    (unsigned)(count - done), 0);

		if (sent < 0) {
			if (errno == EINTR)
				continue;
			if (errno != ENOBUFS && errno != EAGAIN)
				fail("sending");
			sender->refused++;
			continue;
		}
		for (int i = 0; i < sent; i++)
			sender->bytes += sender->messages[done + (size_t)i].msg_len;
		done += (size_t)sent;
	}
	sender->sent += done;
}

/* Returns the time, which is then at least `due_ns`. */
static int64_t wait_until(int64_t due_ns)
{
	int64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	while (now_ns < due_ns && !stop) {
		int64_t asleep_ns = due_ns - now_ns - SLEEP_MIN_NS;

		if (asleep_ns > 0) {
			struct timespec pause = {.tv_nsec = (long)asleep_ns};

			nanosleep(&pause, NULL);
		}
		now_ns = clock_ns(CLOCK_MONOTONIC);
	}
	return now_ns;
}

static void run(struct sender *sender, const struct settings *settings)
{
	int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	int64_t end_ns = now_ns + (int64_t)settings->seconds * SECOND_NS;
	int64_t due_ns = now_ns;

	while (!stop && now_ns < end_ns && sender->sent < settings->count) {
		size_t count = fill(sender, (uint32_t)(now_ns / 1000000));

		if (count > settings->count - sender->sent)
			count = (size_t)(settings->count - sender->sent);
		send_batch(sender, count);
		if (settings->rate == 0) {
			now_ns = clock_ns(CLOCK_MONOTONIC);
			continue;
		}
		due_ns += (int64_t)(count * SECOND_NS / settings->rate);
		now_ns = wait_until(due_ns);
		/* What was missed by more than this is not made up for: it would be a burst. */
		if (due_ns < now_ns - CATCH_UP_NS)
			due_ns = now_ns - CATCH_UP_NS;
	}
}

int main(int argc, char **argv)
{
	static struct sender sender;
	struct settings settings;
	struct sigaction action = {.sa_handler = on_signal};
	int64_t start_ns, end_ns;

	parse_options(argc, argv, &settings);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	prctl(PR_SET_TIMERSLACK, 1);
	sender_init(&sender, &settings);
	start_ns = clock_ns(CLOCK_MONOTONIC);
	run(&sender, &settings);
	end_ns = clock_ns(CLOCK_MONOTONIC);
	printf("sent %llu packets %llu bytes in %lld ns, refused %llu, cpu %lld ns\n",
	       (unsigned long long)sender.sent, (unsigned long long)sender.bytes,
	       (long long)(end_ns - start_ns), (unsigned long long)sender.refused,
	       (long long)clock_ns(CLOCK_PROCESS_CPUTIME_ID));
	close(sender.socket);
	free(sender.flows);
	free(sender.order);
	return 0;
}
