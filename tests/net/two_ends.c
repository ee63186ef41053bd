/*
 * Holds samples against what the receiver's own capture proves.
 *
 *	two_ends POINT.pcap RECEIVER.pcap SENDER SAMPLES
 *
 * One host, SENDER (an IPv4 address), sent data through a capture point, where POINT.pcap was
 * recorded, to another host, on which RECEIVER.pcap was. Both captures are of one clock:
 * Ethernet, nanoseconds, all TCP headers whole. SAMPLES is what was measured at the capture
 * point, a line each: FRAME SOURCE RTT_NS METHOD CLASS; those of other sources are left out.
 *
 * A transmission is recognised at both places by its addresses, ports, numbers, flags, length,
 * IP identification and timestamps: Linux counts the identification up for each transmission.
 *
 * The truth of an acknowledgement: of the transmissions that entered the receiver's stack
 * before it left, and whose data it acknowledges newly (for the capture point: cumulatively,
 * or by SACK), the last one. Its round trip is between the two packets' times at the capture
 * point. What the path took of that is what the captures show between the two places.
 *
 * Prints one line:
 *
 *	samples N exact N false N provable N found N sack_provable N sack_found N
 *	network N p50_ns N p99_ns N p50_ppm N p99_ppm N
 *
 * exact: within 20 us of the truth. false: off by more than 1 ms and a tenth, or of an
 * acknowledgement of nothing new. provable: cumulative acknowledgements of new data whose
 * trigger was transmitted once before; found: those with an exact sample; the same for what
 * SACK alone reports. network: samples of that class, and by how much they are above what the
 * path took, median and 99th percentile, in ns and in millionths of it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC_NS 0xa1b23c4du
#define EXACT_NS 20000
#define FALSE_NS 1000000
#define NONE     UINT32_MAX
#define MAX_SACK 4

/* So many transmissions back, at most, one is looked for. */
#define LOOK_BACK 8192

struct packet {
	int64_t time_ns;
	uint64_t key;
	uint32_t flow; /* number of the connection, the same in both captures */
	uint32_t seq;
	uint32_t end; /* behind the last byte; SYN and FIN count */
	uint32_t ack;
	bool from_sender;
	bool has_ack;
	uint8_t sack_count;
	uint32_t sack[MAX_SACK][2];
};

struct capture {
	struct packet *all;
	uint32_t count;
	uint32_t *by_key; /* numbers, sorted by key, then by number */
};

/* Of one connection, while the acknowledgements of the capture point are gone through. */
struct flow {
	uint64_t ports;
	bool any_ack;
	uint32_t una; /* at the capture point */
	/* Numbers of the sender's packets with data, in order. */
	uint32_t *arrivals; /* in the receiver's capture */
	uint32_t arrival_count;
	uint32_t *sent; /* in the capture point's */
	uint32_t sent_count;
};

static struct flow *flows;
static uint32_t flow_count;
static uint32_t *flow_slots;
static uint32_t flow_mask;
static uint32_t sender;

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "two_ends: %s: %s\n", what, why);
	exit(1);
}

static void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory)
		fail("memory", strerror(errno));
	return memory;
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static uint32_t flow_of(uint64_t ports)
{
	uint32_t slot;

	if (flow_count * 2 >= flow_mask) {
		uint32_t size = flow_mask ? (flow_mask + 1) * 2 : 1024;

		free(flow_slots);
		flow_slots = allocate(size, sizeof(*flow_slots));
		flow_mask = size - 1;
		flows = realloc(flows, size * sizeof(*flows));
		if (!flows)
			fail("memory", strerror(errno));
		for (uint32_t i = 0; i < flow_count; i++) {
			slot = (uint32_t)mix(flows[i].ports) & flow_mask;
			while (flow_slots[slot])
				slot = (slot + 1) & flow_mask;
			flow_slots[slot] = i + 1;
		}
	}
	slot = (uint32_t)mix(ports) & flow_mask;
	while (flow_slots[slot]) {
		if (flows[flow_slots[slot] - 1].ports == ports)
			return flow_slots[slot] - 1;
		slot = (slot + 1) & flow_mask;
	}
	flows[flow_count] = (struct flow){.ports = ports};
	flow_slots[slot] = flow_count + 1;
	return flow_count++;
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

/* Timestamps go into the key, SACK blocks into the packet. */
static void read_options(struct packet *packet, const uint8_t *at, size_t length)
{
	while (length > 1) {
		size_t size = at[0] <= 1 ? 1 : at[1];

		if (at[0] == 0 || size < 1 || size > length || (at[0] > 1 && size < 2))
			return;
		if (at[0] == 8 && size == 10)
			packet->key = mix(packet->key ^ get32(at + 2)) ^ mix(get32(at + 6) + 77);
		for (size_t i = 2; at[0] == 5 && i + 8 <= size && packet->sack_count < MAX_SACK;
		     i += 8) {
			packet->sack[packet->sack_count][0] = get32(at + i);
			packet->sack[packet->sack_count++][1] = get32(at + i + 4);
		}
		at += size;
		length -= size;
	}
}

/* False: it is no TCP over IPv4. */
static bool decode(struct packet *packet, const uint8_t *frame, size_t length)
{
	const uint8_t *ip = frame + 14;
	const uint8_t *tcp;
	size_t ip_size, tcp_size, total;
	uint32_t source, target, ports;

	if (length < 54 || get16(frame + 12) != 0x0800 || ip[9] != 6)
		return false;
	ip_size = (size_t)(ip[0] & 15) * 4;
	tcp = ip + ip_size;
	if (length < 14 + ip_size + 20)
		return false;
	tcp_size = (size_t)(tcp[12] >> 4) * 4;
	total = get16(ip + 2);
	if (length < 14 + ip_size + tcp_size || total < ip_size + tcp_size)
		fail("a capture", "a TCP header is cut off");
	source = get32(ip + 12);
	target = get32(ip + 16);
	packet->from_sender = source == sender;
	ports = packet->from_sender ? get32(tcp) : get16(tcp + 2) << 16 | get16(tcp);
	packet->flow = flow_of((uint64_t)(packet->from_sender ? target : source) << 32 | ports);
	packet->seq = get32(tcp + 4);
	packet->ack = get32(tcp + 8);
	packet->has_ack = tcp[13] & 0x10;
	packet->end = packet->seq + (uint32_t)(total - ip_size - tcp_size) + (tcp[13] & 1) +
		      (tcp[13] >> 1 & 1);
	packet->key = mix((uint64_t)source << 32 | get32(tcp)) ^
		      mix((uint64_t)packet->seq << 32 | packet->ack);
	packet->key =
		mix(packet->key ^ (uint64_t)get16(ip + 4) << 40 ^ (uint64_t)total << 8 ^ tcp[13]);
	read_options(packet, tcp + 20, tcp_size - 20);
	return true;
}

static const struct packet *sorted;

static int compare_keys(const void *a, const void *b)
{
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;

	if (sorted[i].key != sorted[j].key)
		return sorted[i].key < sorted[j].key ? -1 : 1;
	return i < j ? -1 : i > j;
}

static void read_capture(const char *path, struct capture *capture)
{
	FILE *file = fopen(path, "rb");
	uint32_t header[6], record[4], room = 0;
	static uint8_t frame[1 << 18];

	if (!file || fread(header, sizeof(header), 1, file) != 1 || header[0] != MAGIC_NS ||
	    header[5] != 1)
		fail(path, "no capture of Ethernet in nanoseconds");
	while (fread(record, sizeof(record), 1, file) == 1) {
		if (record[2] > sizeof(frame) || fread(frame, record[2], 1, file) != 1)
			fail(path, "it is cut short");
		if (capture->count == room) {
			room = room ? room * 2 : 65536;
			capture->all = realloc(capture->all, room * sizeof(*capture->all));
			if (!capture->all)
				fail("memory", strerror(errno));
		}
		/* A packet that is none of ours keeps its number. */
		struct packet *packet = &capture->all[capture->count++];

		*packet = (struct packet){.flow = NONE,
					  .time_ns = record[0] * INT64_C(1000000000) + record[1]};
		if (!decode(packet, frame, record[2]))
			packet->flow = NONE;
	}
	fclose(file);
	capture->by_key = allocate(capture->count, sizeof(uint32_t));
	for (uint32_t i = 0; i < capture->count; i++)
		capture->by_key[i] = i;
	sorted = capture->all;
	qsort(capture->by_key, capture->count, sizeof(uint32_t), compare_keys);
}

/* The first packet with the key, NONE if there is none; how many there are before a time. */
static uint32_t find(const struct capture *capture, uint64_t key)
{
	uint32_t low = 0, high = capture->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (capture->all[capture->by_key[middle]].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == capture->count || capture->all[capture->by_key[low]].key != key)
		return NONE;
	return capture->by_key[low];
}

static void add_number(uint32_t **list, uint32_t *count, uint32_t number)
{
	if ((*count & (*count - 1)) == 0) {
		*list = realloc(*list, (*count ? *count * 2 : 1) * sizeof(uint32_t));
		if (!*list)
			fail("memory", strerror(errno));
	}
	(*list)[(*count)++] = number;
}

static bool has_data(const struct packet *packet)
{
	return packet->flow != NONE && packet->from_sender && packet->end != packet->seq;
}

static void collect(const struct capture *point, const struct capture *receiver)
{
	for (uint32_t i = 0; i < receiver->count; i++)
		if (has_data(&receiver->all[i]))
			add_number(&flows[receiver->all[i].flow].arrivals,
				   &flows[receiver->all[i].flow].arrival_count, i);
	for (uint32_t i = 0; i < point->count; i++)
		if (has_data(&point->all[i]))
			add_number(&flows[point->all[i].flow].sent,
				   &flows[point->all[i].flow].sent_count, i);
}

static bool before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static bool is_sacked(const struct packet *ack, const struct packet *packet)
{
	for (uint8_t i = 0; i < ack->sack_count; i++)
		if (!before(packet->seq, ack->sack[i][0]) && !before(ack->sack[i][1], packet->end))
			return true;
	return false;
}

/* Of packets by their numbers, in the order of time: the place of the first one after it. */
static uint32_t first_after(const struct capture *capture, const uint32_t *numbers, uint32_t count,
			    int64_t time_ns)
{
	uint32_t low = 0, high = count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (capture->all[numbers[middle]].time_ns <= time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The last that entered the receiver before the acknowledgement, of what that acknowledges
 * beyond una; NULL: there is none. */
static const struct packet *trigger_of(const struct capture *receiver, const struct flow *flow,
				       const struct packet *ack, uint32_t una)
{
	uint32_t low = first_after(receiver, flow->arrivals, flow->arrival_count, ack->time_ns);

	for (unsigned looks = 0; low-- > 0 && looks < LOOK_BACK; looks++) {
		const struct packet *packet = &receiver->all[flow->arrivals[low]];

		if (!before(una, packet->end))
			continue;
		if (before(packet->seq, ack->ack) || is_sacked(ack, packet))
			return packet;
	}
	return NULL;
}

/* How often data of a packet was sent at the capture point before a time, in any packet. */
static unsigned times_sent(const struct capture *point, const struct flow *flow,
			   const struct packet *wanted, int64_t before_ns)
{
	unsigned count = 0;
	uint32_t low = first_after(point, flow->sent, flow->sent_count, before_ns - 1);

	for (unsigned looks = 0; low-- > 0 && looks < LOOK_BACK; looks++) {
		const struct packet *packet = &point->all[flow->sent[low]];

		count += before(packet->seq, wanted->end) && before(wanted->seq, packet->end);
	}
	return count;
}

/* What is true of a packet of the capture point. */
struct truth {
	bool is_new;     /* it acknowledges something new, cumulatively or by SACK */
	bool cumulative; /* cumulatively */
	bool provable;
	int64_t rtt_ns;   /* -1: not known */
	int64_t path_ns;  /* of it, what the path took */
	int64_t found_ns; /* the sample; -1: none */
	bool network;
};

static void judge_ack(const struct capture *point, const struct capture *receiver,
		      const struct packet *ack, struct truth *truth)
{
	struct flow *flow = &flows[ack->flow];
	const struct packet *trigger, *left;
	uint32_t number = find(receiver, ack->key);
	uint32_t una;

	if (!flow->any_ack)
		flow->una = flow->sent_count ? point->all[flow->sent[0]].seq : ack->ack;
	flow->any_ack = true;
	una = flow->una;
	truth->cumulative = before(una, ack->ack);
	if (truth->cumulative)
		flow->una = ack->ack;
	truth->is_new = truth->cumulative || ack->sack_count > 0;
	if (!truth->is_new || number == NONE)
		return;
	left = &receiver->all[number];
	trigger = trigger_of(receiver, flow, left, una);
	if (!trigger || (number = find(point, trigger->key)) == NONE ||
	    point->all[number].time_ns > ack->time_ns)
		return;
	truth->rtt_ns = ack->time_ns - point->all[number].time_ns;
	truth->path_ns =
		trigger->time_ns - point->all[number].time_ns + ack->time_ns - left->time_ns;
	truth->provable =
		times_sent(point, flow, trigger, ack->time_ns) == 1 && !before(trigger->seq, una);
}

static void read_samples(const char *path, const struct capture *point, struct truth *truths)
{
	FILE *file = fopen(path, "r");
	char source[64], method[16], class[16];
	unsigned long frame;
	long long rtt_ns;
	struct in_addr address;

	if (!file)
		fail(path, strerror(errno));
	while (fscanf(file, "%lu %63s %lld %15s %15s", &frame, source, &rtt_ns, method, class) ==
	       5) {
		if (inet_pton(AF_INET, source, &address) != 1 || ntohl(address.s_addr) != sender)
			continue;
		if (frame == 0 || frame > point->count)
			fail(path, "a frame that the capture does not have");
		truths[frame - 1].found_ns = rtt_ns;
		truths[frame - 1].network = strcmp(class, "network") == 0;
	}
	fclose(file);
}

static int compare_times(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int64_t at_rank(const int64_t *sorted_times, size_t count, unsigned percent)
{
	return count ? sorted_times[(count - 1) * percent / 100] : 0;
}

static void show_false(const struct capture *point, uint32_t number, const struct truth *truth)
{
	const struct packet *ack = &point->all[number];

	fprintf(stderr, "false: frame %u: sample %lld, truth %lld, ack %u of port pair %08x, %s\n",
		number + 1, (long long)truth->found_ns, (long long)truth->rtt_ns, ack->ack,
		(unsigned)flows[ack->flow].ports, truth->is_new ? "new" : "nothing new");
}

static void report(const struct capture *point, const struct truth *truths)
{
	uint64_t samples = 0, exact = 0, wrong = 0, unknown = 0;
	uint64_t provable[2] = {0}, found[2] = {0};
	int64_t *above = allocate(point->count, sizeof(*above));
	int64_t *ppm = allocate(point->count, sizeof(*ppm));
	size_t network = 0;

	for (uint32_t i = 0; i < point->count; i++) {
		const struct truth *truth = &truths[i];
		int64_t off = truth->found_ns - truth->rtt_ns;
		bool is_exact =
			truth->found_ns >= 0 && truth->rtt_ns >= 0 && llabs(off) <= EXACT_NS;

		if (truth->provable) {
			provable[!truth->cumulative]++;
			found[!truth->cumulative] += is_exact;
		}
		if (truth->found_ns < 0)
			continue;
		samples++;
		exact += is_exact;
		if (truth->is_new && truth->rtt_ns < 0) {
			unknown++;
		} else if (!truth->is_new ||
			   (llabs(off) > FALSE_NS && llabs(off) * 10 > truth->rtt_ns)) {
			wrong++;
			show_false(point, i, truth);
		}
		if (truth->network && truth->rtt_ns >= 0 && truth->path_ns > 0) {
			above[network] = truth->found_ns - truth->path_ns;
			ppm[network] = above[network] * 1000000 / truth->path_ns;
			network++;
		}
	}
	qsort(above, network, sizeof(*above), compare_times);
	qsort(ppm, network, sizeof(*ppm), compare_times);
	printf("samples %llu exact %llu false %llu unknown %llu provable %llu found %llu "
	       "sack_provable %llu sack_found %llu network %zu p50_ns %lld p99_ns %lld p50_ppm "
	       "%lld "
	       "p99_ppm %lld\n",
	       (unsigned long long)samples, (unsigned long long)exact, (unsigned long long)wrong,
	       (unsigned long long)unknown, (unsigned long long)provable[0],
	       (unsigned long long)found[0], (unsigned long long)provable[1],
	       (unsigned long long)found[1], network, (long long)at_rank(above, network, 50),
	       (long long)at_rank(above, network, 99), (long long)at_rank(ppm, network, 50),
	       (long long)at_rank(ppm, network, 99));
	free(above);
	free(ppm);
}

int main(int argc, char **argv)
{
	struct capture point = {0}, receiver = {0};
	struct in_addr address;
	struct truth *truths;

	if (argc != 5 || inet_pton(AF_INET, argv[3], &address) != 1)
		fail("usage", "two_ends POINT.pcap RECEIVER.pcap SENDER SAMPLES");
	sender = ntohl(address.s_addr);
	read_capture(argv[1], &point);
	read_capture(argv[2], &receiver);
	collect(&point, &receiver);
	truths = allocate(point.count, sizeof(*truths));
	for (uint32_t i = 0; i < point.count; i++) {
		truths[i].rtt_ns = truths[i].found_ns = -1;
		if (point.all[i].flow != NONE && !point.all[i].from_sender && point.all[i].has_ack)
			judge_ack(&point, &receiver, &point.all[i], &truths[i]);
	}
	read_samples(argv[4], &point, truths);
	report(&point, truths);
	return 0;
}
