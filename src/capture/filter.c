/*
 * Filter expressions, by libpcap.
 *
 * libpcap compiles an expression for one link type and one depth of VLAN tags:
 * `port 443` then misses tagged traffic. So a tagged frame is matched by a copy of
 * its first bytes with the tags taken out, unless the expression itself speaks of
 * them.
 */
#include "capture/filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

/* LINKTYPE_ values of tcpdump.org's registry that matter here by themselves. */
enum {
	LINKTYPE_ETHERNET = 1,
	LINKTYPE_RAW = 101,
	LINKTYPE_IEEE802_11 = 105,
	LINKTYPE_LINUX_SLL = 113,
	LINKTYPE_RADIOTAP = 127,
	LINKTYPE_LINUX_SLL2 = 276,
};

/* Link types compiled for at once; a file with more makes them take turns. */
#define MAX_PROGRAMS 16

/* Bytes of a tagged frame that the expression sees: all of a full-sized packet. */
#define MAX_UNTAGGED 2048

/* Of the expression in a sentence; the rest is told by "...". */
#define MAX_SHOWN 200

struct program {
	struct bpf_program code;
	uint16_t linktype;
	int result;   /* 0: code is valid; else why not, a negative errno */
	bool nothing; /* why: the expression can match no frame of the link type */
	struct error error;
};

struct filter {
	char *expression;
	bool sees_tags; /* the expression itself speaks of VLAN tags */
	struct program programs[MAX_PROGRAMS];
	size_t count;
	size_t replaced; /* the next to give way */
	size_t latest;   /* the one used last */
};

/* The registry's value as libpcap's own; the two differ where systems once did. */
static int dlt_of(uint16_t linktype)
{
	static const struct {
		uint16_t linktype;
		int dlt;
	} differing[] = {
		{12, DLT_RAW}, /* written raw by old libpcaps */
		{14, DLT_RAW}, /* the same, of OpenBSD */
		{100, DLT_ATM_RFC1483}, {LINKTYPE_RAW, DLT_RAW}, {102, DLT_SLIP_BSDOS},
		{103, DLT_PPP_BSDOS},   {104, DLT_C_HDLC},       {106, DLT_ATM_CLIP},
		{246, DLT_PFSYNC},
	};

	for (size_t i = 0; i < sizeof(differing) / sizeof(differing[0]); i++)
		if (differing[i].linktype == linktype)
			return differing[i].dlt;
	return linktype;
}

static int refusal(const char *expression, const char *words, struct error *error)
{
	const bool cut = strlen(expression) > MAX_SHOWN;

	return error_set(error, EINVAL,
			 "filter \"%.*s%s\": %.160s; see pcap-filter(7) for the syntax", MAX_SHOWN,
			 expression, cut ? "..." : "", words);
}

/* Compiles for one link type. */
static void compile(struct program *program, const char *expression, uint16_t linktype)
{
	*program = (struct program){.linktype = linktype};
	pcap_t *pcap = pcap_open_dead(dlt_of(linktype), 262144);
	if (!pcap) {
		program->result =
			error_set(&program->error, ENOMEM, "not enough memory for the filter");
		return;
	}
	if (pcap_compile(pcap, &program->code, expression, 1, PCAP_NETMASK_UNKNOWN) < 0) {
		program->nothing = strstr(pcap_geterr(pcap), "rejects all packets") != NULL;
		program->result = refusal(expression, pcap_geterr(pcap), &program->error);
	}
	pcap_close(pcap);
}

static void program_done(struct program *program)
{
	if (program->result == 0)
		pcap_freecode(&program->code);
}

/* The program for a link type, compiled now if it is its first frame. */
static struct program *program_for(struct filter *filter, uint16_t linktype)
{
	if (filter->programs[filter->latest].linktype == linktype && filter->count > 0)
		return &filter->programs[filter->latest];
	for (size_t i = 0; i < filter->count; i++) {
		if (filter->programs[i].linktype == linktype) {
			filter->latest = i;
			return &filter->programs[i];
		}
	}
	size_t place = filter->count;
	if (place < MAX_PROGRAMS) {
		filter->count++;
	} else {
		place = filter->replaced++ % MAX_PROGRAMS;
		program_done(&filter->programs[place]);
	}
	compile(&filter->programs[place], filter->expression, linktype);
	filter->latest = place;
	return &filter->programs[place];
}

/* An expression may be one for other links than Ethernet only (`wlan type data`). */
static bool compiles_elsewhere(const char *expression)
{
	static const uint16_t others[] = {LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2, LINKTYPE_RAW,
					  LINKTYPE_IEEE802_11, LINKTYPE_RADIOTAP};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct program program;
		compile(&program, expression, others[i]);
		program_done(&program);
		if (program.result == 0)
			return true;
	}
	return false;
}

int filter_new(const char *expression, struct filter **filter, struct error *error)
{
	struct filter *made = calloc(1, sizeof(*made));

	if (!made)
		return error_set(error, ENOMEM, "not enough memory for the filter");
	made->expression = strdup(expression);
	if (!made->expression) {
		free(made);
		return error_set(error, ENOMEM, "not enough memory for the filter");
	}
	made->sees_tags = filter_tags(expression) != FILTER_TAGS_NONE;
	compile(&made->programs[0], expression, LINKTYPE_ETHERNET);
	made->count = 1;
	const int result = made->programs[0].result;
	if (result < 0 && (made->programs[0].nothing || !compiles_elsewhere(expression))) {
		error_set(error, -result, "%s", made->programs[0].error.text);
		filter_free(made);
		return result;
	}
	*filter = made;
	return 0;
}

void filter_free(struct filter *filter)
{
	if (!filter)
		return;
	for (size_t i = 0; i < filter->count; i++)
		program_done(&filter->programs[i]);
	free(filter->expression);
	free(filter);
}

static unsigned read16(const uint8_t *bytes)
{
	return (unsigned)bytes[0] << 8 | bytes[1];
}

static bool is_tag(unsigned type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100; /* 802.1Q, 802.1ad, old QinQ */
}

/* Where link headers that a tag can follow have the protocol, and where they end. */
static bool taggable(uint16_t linktype, uint32_t *type_at, uint32_t *header)
{
	switch (linktype) {
	case LINKTYPE_ETHERNET:
		*type_at = 12;
		*header = 14;
		return true;
	case LINKTYPE_LINUX_SLL:
		*type_at = 14;
		*header = 16;
		return true;
	case LINKTYPE_LINUX_SLL2:
		*type_at = 0;
		*header = 20;
		return true;
	default:
		return false;
	}
}

bool filter_is_tagged(const struct tcpm_frame *frame)
{
	uint32_t type_at;
	uint32_t header;

	return taggable(frame->linktype, &type_at, &header) && frame->captured >= header &&
	       is_tag(read16(frame->bytes + type_at));
}

/* Copies the first bytes of a tagged frame without its tags and sets the lengths to
 * match. False: it has none, or is cut off within them. */
static bool without_tags(const struct tcpm_frame *frame, uint8_t copy[static MAX_UNTAGGED],
			 struct pcap_pkthdr *lengths)
{
	uint32_t type_at;
	uint32_t header;

	if (!taggable(frame->linktype, &type_at, &header) || frame->captured < header ||
	    !is_tag(read16(frame->bytes + type_at)))
		return false;
	/* Each tag is its control information and the type of what follows it. */
	uint32_t rest = header;
	unsigned type;
	do {
		if (frame->captured - rest < 4)
			return false;
		type = read16(frame->bytes + rest + 2);
		rest += 4;
	} while (is_tag(type));

	const uint32_t tags = rest - header;
	uint32_t size = frame->captured - tags;
	if (size > MAX_UNTAGGED)
		size = MAX_UNTAGGED;
	memcpy(copy, frame->bytes, header);
	memcpy(copy + header, frame->bytes + rest, size - header);
	copy[type_at] = (uint8_t)(type >> 8);
	copy[type_at + 1] = (uint8_t)type;
	lengths->caplen = size;
	lengths->len = frame->wire_length > tags ? frame->wire_length - tags : 0;
	return true;
}

int filter_match(struct filter *filter, const struct tcpm_frame *frame, struct error *error)
{
	const struct program *program = program_for(filter, frame->linktype);
	struct pcap_pkthdr lengths = {.caplen = frame->captured, .len = frame->wire_length};
	uint8_t copy[MAX_UNTAGGED];

	if (program->nothing)
		return 0;
	if (program->result < 0)
		return error_set(error, -program->result, "%s", program->error.text);
	if (!filter->sees_tags && without_tags(frame, copy, &lengths))
		return pcap_offline_filter(&program->code, &lengths, copy) != 0;
	return pcap_offline_filter(&program->code, &lengths, frame->bytes) != 0;
}
