/*
 * Values of options, by their kind: see values.h.
 */
#include "config/values.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

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
		*(unsigned *)field = i;
		return 0;
	}
	list_choices(row, choices, sizeof(choices));
	return error_set(error, EINVAL, "--%s: \"%s\" is none of %s", row->name, value, choices);
}

static int set_number(const struct row *row, void *field, const char *value, struct error *error)
{
	int result = parse_u64(value, row->minimum, row->maximum, field);

	if (result < 0)
		return error_set(error, EINVAL, "--%s: \"%s\" is not a number from %llu to %llu",
				 row->name, value, (unsigned long long)row->minimum,
				 (unsigned long long)row->maximum);
	return 0;
}

/* "vxlan=4789": a kind of tunnel and a UDP port. */
static int add_port(struct options *options, const char *value, struct error *error)
{
	const char *equals = strchr(value, '=');
	size_t length = equals ? (size_t)(equals - value) : 0;
	uint64_t port;

	for (unsigned i = 0; length && i < TCPM_TUNNELS; i++) {
		const char *name = tcpm_tunnel_name(i);
		unsigned count = 0;

		if (strlen(name) != length || memcmp(name, value, length) != 0)
			continue;
		if (parse_u64(equals + 1, 1, 65535, &port) < 0)
			return error_set(error, EINVAL,
					 "--tunnel-port: \"%s\" is not a port from 1 to 65535",
					 equals + 1);
		for (size_t j = 0; j < options->tunnel_port_count; j++)
			count += options->tunnel_ports[j].tunnel == i;
		if (count == TCPM_MAX_TUNNEL_PORTS)
			return error_set(error, EINVAL, "--tunnel-port: %s has %u ports already",
					 name, count);
		options->tunnel_ports[options->tunnel_port_count++] =
			(struct tcpm_tunnel_port){.port = (uint16_t)port, .tunnel = (uint8_t)i};
		return 0;
	}
	return error_set(error, EINVAL,
			 "--tunnel-port: \"%s\" is not KIND=PORT; kinds are vxlan, vxlan-gpe, "
			 "geneve, gtp-u, teredo, capwap, l2tp, mpls",
			 value);
}

static int set_duration(const struct row *row, void *field, const char *value, struct error *error)
{
	int result = parse_duration(value, (int64_t)row->minimum, (int64_t)row->maximum, field);

	if (result == -EINVAL)
		return error_set(error, EINVAL,
				 "--%s: \"%s\" is not a time such as 500ms, 10s, 5m or 1h",
				 row->name, value);
	if (result < 0)
		return error_set(error, EINVAL, "--%s: \"%s\" is too %s", row->name, value,
				 row->minimum ? "short or too long" : "long");
	return 0;
}

static int add_interface(struct options *options, const char *value, struct error *error)
{
	if (!*value)
		return error_set(error, EINVAL, "--interface: the name is empty");
	for (size_t i = 0; i < options->interface_count; i++)
		if (strcmp(options->interfaces[i], value) == 0)
			return error_set(error, EINVAL, "--interface: %s is named twice", value);
	options->interfaces[options->interface_count++] = value;
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
				return error_set(error, EINVAL,
						 "--group-by: %s and %s cannot be had at once", by,
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
					 "--group-by: \"%.*s\" is none of hosts, flow, receiver, "
					 "prefix, interface, tunnel",
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

static int add_prefix(const struct row *row, struct options *options, const char *value,
		      struct error *error)
{
	if (prefix_parse(value, &options->local[options->local_count]) < 0)
		return error_set(error, EINVAL,
				 "--%s: \"%s\" is not an address or network such as 192.0.2.0/24",
				 row->name, value);
	options->local_count++;
	return 0;
}

int value_set(const struct row *row, struct options *options, const char *value,
	      struct error *error)
{
	void *field = (char *)options + row->offset;

	switch (row->kind) {
	case KIND_FLAG:
		*(bool *)field = !row->off;
		return 0;
	case KIND_ACTION:
		*(unsigned *)field = (unsigned)row->minimum;
		return 0;
	case KIND_CHOICE:
		return set_choice(row, field, value, error);
	case KIND_TEXT:
		*(const char **)field = value;
		return 0;
	case KIND_NUMBER:
		return set_number(row, field, value, error);
	case KIND_DURATION:
		return set_duration(row, field, value, error);
	case KIND_FILES:
		if (!*value)
			return error_set(error, EINVAL, "--read: the name of the file is empty");
		options->files[options->file_count++] = value;
		return 0;
	case KIND_INTERFACES:
		return add_interface(options, value, error);
	case KIND_GROUPING:
		return set_grouping(options, value, error);
	case KIND_PORTS:
		return add_port(options, value, error);
	case KIND_PREFIXES:
		return add_prefix(row, options, value, error);
	}
	return -EINVAL;
}
