/*
 * The interpreter of the test language: see scenario.h.
 *
 * Each line becomes the bytes of a frame, and goes in by the library's public
 * face; what comes out is written as words and compared with the line's own.
 */
#include "scenario.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ETHERNET 1

struct line {
	int64_t time_ns;
	char side;
	unsigned flags;
	uint32_t seq, length, ack, tsval, tsecr, mss, checksum, cut, window;
	uint32_t vlan[2]; /* outermost first; 0: none */
	uint32_t sack[8];
	unsigned sack_count;
	int ip_id; /* -1: counted */
	bool has_ack, has_timestamps, more, sack_permitted;
};

struct run {
	const struct scenario_settings *settings;
	struct tcpm_engine *engine;
	char outcome[200];
	uint32_t next_id[2];
	uint64_t number;
};

static void say(struct run *run, const char *format, ...)
{
	size_t used = strlen(run->outcome);
	va_list arguments;

	if (used && used + 1 < sizeof(run->outcome))
		strcpy(run->outcome + used++, " ");
	va_start(arguments, format);
	vsnprintf(run->outcome + used, sizeof(run->outcome) - used, format, arguments);
	va_end(arguments);
}

static int64_t parse_time(const char *word)
{
	if (!strcmp(word, "?"))
		return TCPM_NO_TIME;
	char *unit;
	double value = strtod(word, &unit);
	double scale = !strcmp(unit, "us") ? 1e3 : !strcmp(unit, "ms") ? 1e6 : 1e9;

	if (*unit && strcmp(unit, "us") != 0 && strcmp(unit, "ms") != 0 && strcmp(unit, "s") != 0)
		fail_msg("bad time: %s", word);
	return (int64_t)(value * scale + (value < 0 ? -0.5 : 0.5));
}

/* ns as a scenario would write it. */
static const char *time_text(int64_t ns, char *text, size_t size)
{
	if (ns % 1000 != 0)
		snprintf(text, size, "%gus", (double)ns / 1e3);
	else if (ns < 1000000)
		snprintf(text, size, "%gus", (double)ns / 1e3);
	else if (ns < 1000000000)
		snprintf(text, size, "%gms", (double)ns / 1e6);
	else
		snprintf(text, size, "%.9gs", (double)ns / 1e9);
	return text;
}

static uint32_t parse_seq(const char **at)
{
	char *end;
	uint32_t value;

	if (**at == '~')
		value = 0u - (uint32_t)strtoul(*at + 1, &end, 10);
	else
		value = (uint32_t)strtoul(*at, &end, 10);
	*at = end;
	return value;
}

static void parse_sack(struct line *line, const char *at)
{
	while (*at) {
		line->sack[line->sack_count++] = parse_seq(&at);
		assert_int_equal(*at++, '-');
		line->sack[line->sack_count++] = parse_seq(&at);
		if (*at == ',')
			at++;
	}
}

static void parse_flags(struct line *line, const char *word)
{
	for (; *word; word++)
		line->flags |= *word == 'F'   ? 0x01u
			       : *word == 'S' ? 0x02u
			       : *word == 'R' ? 0x04u
			       : *word == 'P' ? 0x08u
					      : 0u;
}

static void parse_word(struct line *line, const char *word)
{
	const char *at = word + 1;

	switch (*word) {
	case 'a':
		line->has_ack = true;
		line->flags |= 0x10u;
		line->ack = parse_seq(&at);
		break;
	case 't':
		line->has_timestamps = true;
		line->tsval = parse_seq(&at);
		at++;
		line->tsecr = parse_seq(&at);
		break;
	case 's':
		parse_sack(line, at);
		break;
	case 'm':
		line->mss = parse_seq(&at);
		break;
	case 'i':
		line->ip_id = (int)parse_seq(&at);
		break;
	case 'v':
		line->vlan[0] = parse_seq(&at);
		if (*at++ == '/')
			line->vlan[1] = parse_seq(&at);
		break;
	case 'c':
		line->checksum = parse_seq(&at);
		break;
	case 'x':
		line->cut = parse_seq(&at);
		break;
	case 'p':
		line->sack_permitted = true;
		break;
	case 'w':
		line->window = parse_seq(&at);
		break;
	case '+':
		line->more = true;
		break;
	default:
		if (isupper((unsigned char)*word)) {
			parse_flags(line, word);
		} else if (isdigit((unsigned char)*word) || *word == '~') {
			at = word;
			line->seq = parse_seq(&at);
			if (*at++ == ':')
				line->length = parse_seq(&at);
		} else {
			fail_msg("bad word: %s", word);
		}
	}
}

static struct line parse_line(char *text)
{
	struct line line = {.ip_id = -1, .window = 65535};
	char *rest = NULL;
	char *word = strtok_r(text, " \t", &rest);

	line.time_ns = parse_time(word);
	word = strtok_r(NULL, " \t", &rest);
	line.side = *word;
	if (!strchr("ABab", line.side))
		fail_msg("bad side: %s", word);
	while ((word = strtok_r(NULL, " \t", &rest)))
		parse_word(&line, word);
	return line;
}

static uint8_t *put16(uint8_t *at, uint32_t value)
{
	*at++ = (uint8_t)(value >> 8);
	*at++ = (uint8_t)value;
	return at;
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
	return put16(put16(at, value >> 16), value & 0xffff);
}

static uint8_t *put_options(uint8_t *at, const struct line *line)
{
	if (line->mss) {
		at = put16(at, 0x0204);
		at = put16(at, line->mss);
	}
	if (line->sack_permitted) {
		at = put16(at, 0x0101);
		at = put16(at, 0x0402);
	}
	if (line->has_timestamps) {
		at = put16(at, 0x0101);
		at = put16(at, 0x080a);
		at = put32(at, line->tsval);
		at = put32(at, line->tsecr);
	}
	if (line->sack_count) {
		at = put16(at, 0x0101);
		at = put16(at, 0x0500 | (2 + 4 * line->sack_count));
		for (unsigned i = 0; i < line->sack_count; i++)
			at = put32(at, line->sack[i]);
	}
	return at;
}

static uint8_t *put_tcp(uint8_t *at, const struct line *line, bool from_client)
{
	uint32_t client = islower((unsigned char)line->side) ? 40001 : 40000;
	uint8_t *start = at;

	at = put16(at, from_client ? client : 80);
	at = put16(at, from_client ? 80 : client);
	at = put32(at, line->seq);
	at = put32(at, line->ack);
	at = put16(at, line->flags);
	at = put16(at, line->window);
	at = put16(at, line->checksum);
	at = put16(at, 0);
	at = put_options(at, line);
	start[12] = (uint8_t)((at - start) / 4 << 4);
	return at;
}

static uint8_t *put_address(uint8_t *at, const struct run *run, bool client)
{
	if (!run->settings->ipv6)
		return put32(at, client ? 0xc0000201 : 0xc6336402);
	at = put32(at, 0x20010db8);
	at = put32(at, 0);
	at = put32(at, 0);
	return put32(at, client ? 1 : 2);
}

/* The bytes of a line's frame; returns how many there are. Data is not written: it is
 * cut by the snap length. */
static size_t build(struct run *run, const struct line *line, uint8_t *bytes)
{
	bool from_client = toupper((unsigned char)line->side) == 'A';
	uint8_t tcp[60];
	size_t tcp_size = (size_t)(put_tcp(tcp, line, from_client) - tcp);
	uint32_t id = line->ip_id >= 0 ? (uint32_t)line->ip_id : ++run->next_id[from_client];
	uint8_t *at = bytes;

	memset(at, 2, 12);
	at += 12;
	if (line->vlan[1]) {
		at = put16(at, 0x88a8);
		at = put16(at, line->vlan[0]);
	}
	if (line->vlan[0]) {
		at = put16(at, 0x8100);
		at = put16(at, line->vlan[line->vlan[1] ? 1 : 0]);
	}
	if (run->settings->ipv6) {
		at = put16(at, 0x86dd);
		at = put32(at, 0x60000000);
		at = put16(at, (uint32_t)tcp_size + line->length);
		at = put16(at, 0x0640);
	} else {
		at = put16(at, 0x0800);
		at = put16(at, 0x4500);
		at = put16(at, 20 + (uint32_t)tcp_size + line->length);
		at = put16(at, id);
		at = put16(at, line->more ? 0x2000 : 0);
		at = put16(at, 0x4006);
		at = put16(at, 0);
	}
	at = put_address(at, run, from_client);
	at = put_address(at, run, !from_client);
	memcpy(at, tcp, tcp_size);
	at += tcp_size;
	return (size_t)(at - bytes) - line->cut;
}

static void on_sample(void *user, const struct tcpm_sample *sample)
{
	struct run *run = user;
	char text[40];

	say(run, "%s %s %s", tcpm_method_name(sample->method),
	    time_text(sample->rtt_ns, text, sizeof(text)), tcpm_class_name(sample->class_));
}

/* What the counters say happened between two moments, as words. */
static void say_difference(struct run *run, const struct tcpm_counters *before)
{
	const struct tcpm_counters *now = tcpm_engine_counters(run->engine);

	for (unsigned i = 0; i < TCPM_REASONS; i++) {
		if (now->ack_reasons[i] != before->ack_reasons[i] ||
		    now->sack_reasons[i] != before->sack_reasons[i])
			say(run, "%s", tcpm_reason_name(i));
	}
	if (now->copies != before->copies)
		say(run, "copy");
	if (now->retransmitted != before->retransmitted)
		say(run, "resent");
	if (now->out_of_order != before->out_of_order)
		say(run, "late");
}

static void run_line(struct run *run, const char *text)
{
	char copy[300];
	char *expected;

	snprintf(copy, sizeof(copy), "%s", text);
	expected = strchr(copy, '=');
	if (expected) {
		*expected++ = '\0';
		expected += strspn(expected, " ");
		expected[strcspn(expected, "\n")] = '\0';
	}
	struct line line = parse_line(copy);
	struct tcpm_counters before = *tcpm_engine_counters(run->engine);
	uint8_t bytes[200];
	size_t size = build(run, &line, bytes);
	/* Exactly as long as it is, so that a sanitizer sees each byte too far. */
	uint8_t *exact = malloc(size);
	struct tcpm_frame frame = {
		.bytes = exact,
		.captured = (uint32_t)size,
		.wire_length = (uint32_t)size + line.length,
		.time_ns = line.time_ns == TCPM_NO_TIME
				   ? TCPM_NO_TIME
				   : line.time_ns + INT64_C(1000000000) * 1700000000,
		.number = ++run->number,
		.linktype = ETHERNET,
	};

	memcpy(exact, bytes, size);
	run->outcome[0] = '\0';
	tcpm_engine_feed(run->engine, &frame, 1);
	free(exact);
	say_difference(run, &before);
	if (strcmp(run->outcome, expected ? expected : "") != 0)
		fail_msg("line %d: %s\n  expected: %s\n  got:      %s", (int)run->number, text,
			 expected ? expected : "(nothing)",
			 run->outcome[0] ? run->outcome : "(nothing)");
}

static void check_sums(const struct tcpm_counters *counters)
{
	uint64_t acks = 0, sacks = 0, decoded = 0;

	for (unsigned i = 0; i < TCPM_REASONS; i++) {
		acks += counters->ack_reasons[i];
		sacks += counters->sack_reasons[i];
	}
	for (unsigned i = 0; i < TCPM_METHODS; i++)
		for (unsigned j = 0; j < TCPM_CLASSES; j++)
			*(i == TCPM_METHOD_SACK ? &sacks : &acks) += counters->samples[i][j];
	for (unsigned i = 0; i < TCPM_DECODES; i++)
		decoded += counters->decoded[i];
	assert_int_equal(acks, counters->acks);
	assert_int_equal(sacks, counters->sacks);
	assert_int_equal(decoded, counters->frames);
}

void scenario_with(const struct scenario_settings *settings, const char *text,
		   struct tcpm_counters *counters)
{
	struct run run = {.settings = settings};
	struct tcpm_handler handler = {.user = &run, .sample = on_sample};

	run.engine = tcpm_engine_new(&settings->options, &handler);
	assert_non_null(run.engine);
	while (*text) {
		size_t size = strcspn(text, "\n");
		char line[300];

		snprintf(line, sizeof(line), "%.*s", (int)size, text);
		text += size + (text[size] == '\n');
		if (line[strspn(line, " \t")] && line[strspn(line, " \t")] != '#')
			run_line(&run, line);
	}
	check_sums(tcpm_engine_counters(run.engine));
	if (counters)
		*counters = *tcpm_engine_counters(run.engine);
	tcpm_engine_flush(run.engine);
	assert_int_equal(tcpm_engine_counters(run.engine)->flows_now, 0);
	tcpm_engine_free(run.engine);
}

void scenario(const char *text)
{
	struct scenario_settings settings = {0};

	scenario_with(&settings, text, NULL);
}
