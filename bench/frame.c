/*
 * Headers of segments. See frame.h.
 */
#include "frame.h"

#include <string.h>

#define ETHERNET 14
#define IPV4     20
#define IPV6     40
#define TCP      20

#define OPTIONS     12 /* two NOPs, timestamps */
#define OPTIONS_SYN 20

#define SCALE  7
#define WINDOW 2048 /* 256 KiB when scaled */

static uint8_t payload[FRAME_PAYLOAD_MAX];
static uint32_t payload_sum[FRAME_PAYLOAD_MAX + 1]; /* of each prefix, as 16-bit words */

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, (uint16_t)(value >> 16));
	put16(at + 2, (uint16_t)value);
}

/* The sum of 16-bit words (RFC 1071), not folded; an odd byte is followed by a zero. */
static uint32_t sum_words(const uint8_t *bytes, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	if (length % 2 != 0)
		sum += (uint32_t)bytes[length - 1] << 8;
	return sum;
}

static uint16_t checksum(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void frame_init(void)
{
	/* Something like the text of a file, the same at each run. */
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(' ' + i * 31 % 95);
	for (size_t i = 0; i < sizeof(payload_sum) / sizeof(payload_sum[0]); i++)
		payload_sum[i] = sum_words(payload, i);
}

const uint8_t *frame_payload(void)
{
	return payload;
}

/* Addresses set aside for documentation (RFC 7042): a client's router and a server's. */
static void put_mac(uint8_t *at, bool server)
{
	static const uint8_t mac[6] = {0x00, 0x00, 0x5e, 0x00, 0x53, 0x01};

	memcpy(at, mac, sizeof(mac));
	if (server)
		at[5] = 0x02;
}

static void put_ipv4(uint8_t *at, const struct frame_end *end)
{
	at[0] = 198;
	at[1] = end->server ? 19 : 18;
	put16(at + 2, end->host);
}

static void put_ipv6(uint8_t *at, const struct frame_end *end)
{
	memset(at, 0, 16);
	put32(at, 0x20010002);
	put16(at + 6, end->server ? 0x19 : 0x18);
	put16(at + 14, end->host);
}

void frame_prepare(struct frame_template *template, bool ipv6, const struct frame_end *from,
		   const struct frame_end *to)
{
	uint8_t *ip = template->head + ETHERNET;
	uint8_t *tcp = ip + (ipv6 ? IPV6 : IPV4);

	memset(template, 0, sizeof(*template));
	template->ipv6 = ipv6;
	put_mac(template->head, to->server);
	put_mac(template->head + 6, from->server);
	put16(template->head + 12, ipv6 ? 0x86dd : 0x0800);
	if (ipv6) {
		ip[0] = 0x60;
		ip[6] = 6;  /* next header: TCP */
		ip[7] = 61; /* hop limit */
		put_ipv6(ip + 8, from);
		put_ipv6(ip + 24, to);
		template->tcp_sum = sum_words(ip + 8, 32) + 6;
	} else {
		ip[0] = 0x45;
		put16(ip + 6, 0x4000); /* don't fragment */
		ip[8] = 61;
		ip[9] = 6;
		put_ipv4(ip + 12, from);
		put_ipv4(ip + 16, to);
		template->ip_sum = sum_words(ip, IPV4);
		template->tcp_sum = sum_words(ip + 12, 8) + 6;
	}
	put16(tcp, from->port);
	put16(tcp + 2, to->port);
	tcp[12] = (TCP + OPTIONS) / 4 << 4;
	put16(tcp + 14, WINDOW);
	tcp[TCP] = 1; /* NOP */
	tcp[TCP + 1] = 1;
	tcp[TCP + 2] = 8; /* timestamps */
	tcp[TCP + 3] = 10;
}

/* MSS, SACK permitted, timestamps, NOP, window scale. Returns where the timestamps are. */
static uint8_t *put_syn_options(uint8_t *tcp, bool ipv6)
{
	uint8_t *options = tcp + TCP;

	tcp[12] = (TCP + OPTIONS_SYN) / 4 << 4;
	put16(options, 0x0204);
	put16(options + 2, ipv6 ? FRAME_PAYLOAD_MAX_V6 + OPTIONS : FRAME_PAYLOAD_MAX + OPTIONS);
	put16(options + 4, 0x0402);
	put16(options + 6, 0x080a);
	put32(options + 16, 0x01030300 | SCALE);
	return options + 8;
}

size_t frame_write(uint8_t head[FRAME_HEAD_MAX], const struct frame_template *template,
		   const struct frame_segment *segment)
{
	bool syn = (segment->flags & FRAME_SYN) != 0;
	size_t ip_length = template->ipv6 ? IPV6 : IPV4;
	size_t tcp_length = TCP + (syn ? OPTIONS_SYN : OPTIONS);
	size_t segment_length = tcp_length + segment->payload;
	uint8_t *ip = head + ETHERNET;
	uint8_t *tcp = ip + ip_length;
	uint8_t *times = tcp + TCP + 4;

	memcpy(head, template->head, FRAME_HEAD_MAX);
	if (template->ipv6) {
		put16(ip + 4, (uint16_t)segment_length);
	} else {
		uint16_t total = (uint16_t)(IPV4 + segment_length);

		put16(ip + 2, total);
		put16(ip + 4, segment->id);
		put16(ip + 10, checksum(template->ip_sum + total + segment->id));
	}
	put32(tcp + 4, segment->seq);
	put32(tcp + 8, segment->ack);
	tcp[13] = segment->flags;
	if (syn)
		times = put_syn_options(tcp, template->ipv6);
	put32(times, segment->tsval);
	put32(times + 4, segment->tsecr);
	put16(tcp + 16, checksum(template->tcp_sum + (uint32_t)segment_length +
				 payload_sum[segment->payload] + sum_words(tcp, tcp_length)));
	return ETHERNET + ip_length + tcp_length;
}
