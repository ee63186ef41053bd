/*
 * Values of options, by their kind: see values.h.
 */
#include "config/values.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"

static int set_flag(const struct row *row, bool *field, const char *value, struct error *error)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};

	if (!value) {
		*field = !row->off;
		return 0;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(words[i], value) != 0)
			continue;
		*field = i & 1;
		return 0;
	}
	return error_set(error, EINVAL, "\"%s\" is neither true nor false", value);
}

/* "one of a, b, c" */
static void list_choices(const struct row *row, char *text, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; row->choices[i] && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "",
					 row->choices[i]);
}

static int set_choice(const struct row *row, void *field, const char *value, struct error *error)
{
	char choices[120];

	for (unsigned i = 0; row->choices[i]; i++) {
		if (strcmp(row->choices[i], value) != 0)
			continue;
		if (row->kind == KIND_EITHER)
			*(bool *)field = i == 1;
		else
			*(unsigned *)field = i;
		return 0;
	}
	list_choices(row, choices, sizeof(choices));
	return error_set(error, EINVAL, "\"%s\" is not one of %s", value, choices);
}

/* In any case, and by go-metro's short names too. */
static int set_level(unsigned *field, const char *value, struct error *error)
{
	static const struct {
		const char *name;
		enum log_level level;
	} levels[] = {
		{"trace", LOG_LEVEL_TRACE},   {"debug", LOG_LEVEL_DEBUG},
		{"info", LOG_LEVEL_INFO},     {"warning", LOG_LEVEL_WARNING},
		{"warn", LOG_LEVEL_WARNING},  {"error", LOG_LEVEL_ERROR},
		{"err", LOG_LEVEL_ERROR},     {"critical", LOG_LEVEL_CRITICAL},
		{"crit", LOG_LEVEL_CRITICAL},
	};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcasecmp(levels[i].name, value) != 0)
			continue;
		*field = levels[i].level;
		return 0;
	}
	return error_set(error, EINVAL,
			 "\"%s\" is not one of trace, debug, info, warning, error, critical",
			 value);
}

static int set_number(const struct row *row, void *field, const char *value, struct error *error)
{
	int result = parse_u64(value, row->minimum, row->maximum, field);

	if (result < 0)
		return error_set(error, EINVAL, "\"%s\" is not a number from %llu to %llu", value,
				 (unsigned long long)row->minimum,
				 (unsigned long long)row->maximum);
	return 0;
}

/* A bound as people write it. Those of the table are whole numbers of MB. */
static void bound_text(uint64_t bytes, char *text, size_t size)
{
	static const char units[] = "MGT";
	const char *unit = units;

	for (bytes >>= 20; bytes >= 1024 && bytes % 1024 == 0 && unit[1]; bytes /= 1024)
		unit++;
	snprintf(text, size, "%llu%c", (unsigned long long)bytes, *unit);
}

static int set_size(const struct row *row, uint64_t *field, const char *value, struct error *error)
{
	char minimum[24];
	char maximum[24];
	int result = parse_size(value, row->minimum, row->maximum, field);

	if (result == 0)
		return 0;
	if (result == -EINVAL)
		return error_set(error, EINVAL, "\"%s\" is not a size such as 64M, 256M or 1G",
				 value);
	bound_text(row->minimum, minimum, sizeof(minimum));
	bound_text(row->maximum, maximum, sizeof(maximum));
	return error_set(error, EINVAL, "\"%s\" is not between %s and %s", value, minimum, maximum);
}

static int set_duration(const struct row *row, int64_t *field, const char *value,
			struct error *error)
{
	int result = parse_duration(value, (int64_t)row->minimum, (int64_t)row->maximum, field);

	if (result == -EINVAL)
		return error_set(error, EINVAL, "\"%s\" is not a time such as 500ms, 10s, 5m or 1h",
				 value);
	if (result < 0)
		return error_set(error, EINVAL, "\"%s\" is too %s", value,
				 row->minimum ? "short or too long" : "long");
	return 0;
}

/* Digits and nothing else are seconds. */
static int set_seconds(const struct row *row, int64_t *field, const char *value,
		       struct error *error)
{
	char with_unit[32];
	size_t length = strlen(value);
	int result;

	if (length && length + 2 <= sizeof(with_unit) && strspn(value, "0123456789") == length) {
		snprintf(with_unit, sizeof(with_unit), "%ss", value);
		result = parse_duration(with_unit, (int64_t)row->minimum, (int64_t)row->maximum,
					field);
	} else {
		result = parse_duration(value, (int64_t)row->minimum, (int64_t)row->maximum, field);
	}
	if (result == -EINVAL)
		return error_set(error, EINVAL,
				 "\"%s\" is not a time such as 30 (seconds), 500ms, 5m or 1h",
				 value);
	if (result < 0)
		return error_set(error, EINVAL, "\"%s\" is not between %llus and %llus", value,
				 (unsigned long long)(row->minimum / 1000000000),
				 (unsigned long long)(row->maximum / 1000000000));
	if (*field == 0)
		*field = (int64_t)row->zero;
	return 0;
}

static int set_text(const struct row *row, const char **field, const char *value,
		    struct error *error)
{
	int result = row->check ? row->check(value, error) : 0;

	if (!result)
		*field = value;
	return result;
}

static int add_text(const struct row *row, const char **list, size_t *count, const char *value,
		    struct error *error)
{
	for (size_t i = 0; row->unique && i < *count; i++)
		if (strcmp(list[i], value) == 0)
			return error_set(error, EINVAL, "%s is given twice", value);
	int result = set_text(row, &list[*count], value, error);

	if (!result)
		++*count;
	return result;
}

/* The value names no kind of tunnel. */
static int no_tunnel(const char *value, struct error *error)
{
	char kinds[200] = "";
	size_t used = 0;

	for (unsigned i = 0; i < TCPM_TUNNELS && used < sizeof(kinds); i++)
		used += (size_t)snprintf(kinds + used, sizeof(kinds) - used, "%s%s", i ? ", " : "",
					 tcpm_tunnel_name(i));
	return error_set(error, EINVAL, "\"%s\" is not KIND=PORT; the kinds are %s", value, kinds);
}

/* "vxlan=4789": a kind of tunnel and a UDP port. */
static int add_port(struct tcpm_tunnel_port *list, size_t *count, const char *value,
		    struct error *error)
{
	const char *equals = strchr(value, '=');
	size_t length = equals ? (size_t)(equals - value) : 0;
	uint64_t port;

	for (unsigned i = 0; length && i < TCPM_TUNNELS; i++) {
		const char *name = tcpm_tunnel_name(i);
		unsigned same = 0;

		if (strlen(name) != length || memcmp(name, value, length) != 0)
			continue;
		if (parse_u64(equals + 1, 1, 65535, &port) < 0)
			return error_set(error, EINVAL, "\"%s\" is not a port from 1 to 65535",
					 equals + 1);
		for (size_t j = 0; j < *count; j++)
			same += list[j].tunnel == i;
		if (same == TCPM_MAX_TUNNEL_PORTS)
			return error_set(error, EINVAL, "%s already has %u ports", name, same);
		list[(*count)++] =
			(struct tcpm_tunnel_port){.port = (uint16_t)port, .tunnel = (uint8_t)i};
		return 0;
	}
	return no_tunnel(value, error);
}

static int add_prefix(struct prefix *list, size_t *count, const char *value, struct error *error)
{
	if (prefix_parse(value, &list[*count]) < 0)
		return error_set(error, EINVAL,
				 "\"%s\" is not an address or network such as 192.0.2.0/24", value);
	++*count;
	return 0;
}

/* "flow,interface": whom, and what else tells groups apart, in any order. */
static int set_grouping(struct options *options, const char *value, struct error *error)
{
	static const char *const whom[] = {"hosts", "flow", "receiver", "prefix"};
	const char *by = NULL;
	bool interface = false;
	bool tunnel = false;

	for (const char *at = value;;) {
		size_t length = strcspn(at, ",");
		bool known = false;

		for (size_t i = 0; i < sizeof(whom) / sizeof(whom[0]); i++) {
			if (strlen(whom[i]) != length || memcmp(at, whom[i], length) != 0)
				continue;
			if (by)
				return error_set(error, EINVAL, "%s and %s cannot be combined", by,
						 whom[i]);
			by = whom[i];
			known = true;
		}
		if (length == 9 && memcmp(at, "interface", length) == 0)
			known = interface = true;
		if (length == 6 && memcmp(at, "tunnel", length) == 0)
			known = tunnel = true;
		if (!known)
			return error_set(error, EINVAL,
					 "\"%.*s\" is not one of hosts, flow, receiver, prefix, "
					 "interface, tunnel",
					 (int)length, at);
		at += length;
		if (*at++ == '\0')
			break;
	}
	options->group_by = by ? by : "hosts";
	options->by_interface = interface;
	options->by_tunnel = tunnel;
	return 0;
}

int value_set(const struct row *row, void *to, const char *value, struct error *error)
{
	void *field = (char *)to + row->offset;
	size_t *count = (size_t *)(void *)((char *)to + row->count_offset);

	switch (row->kind) {
	case KIND_FLAG:
		return set_flag(row, field, value, error);
	case KIND_ACTION:
		*(unsigned *)field = (unsigned)row->minimum;
		return 0;
	case KIND_CHOICE:
	case KIND_EITHER:
		return set_choice(row, field, value, error);
	case KIND_LEVEL:
		return set_level(field, value, error);
	case KIND_TEXT:
		return set_text(row, field, value, error);
	case KIND_TEXTS:
		return add_text(row, *(const char ***)field, count, value, error);
	case KIND_NUMBER:
		return set_number(row, field, value, error);
	case KIND_SIZE:
		return set_size(row, field, value, error);
	case KIND_DURATION:
		return set_duration(row, field, value, error);
	case KIND_SECONDS:
		return set_seconds(row, field, value, error);
	case KIND_GROUPING:
		return set_grouping(to, value, error);
	case KIND_PORTS:
		return add_port(*(struct tcpm_tunnel_port **)field, count, value, error);
	case KIND_PREFIXES:
		return add_prefix(*(struct prefix **)field, count, value, error);
	}
	return -EINVAL;
}
