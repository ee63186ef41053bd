/*
 * One function for both ends; names come from outside and are cleaned here.
 */
#include "stats/endpoint.h"

static const char *name_of(const struct endpoint_names *names, const struct tcpm_address *address)
{
	return names && names->host_name ? names->host_name(names->user, address) : NULL;
}

void endpoint_with_port(struct text *text, const struct tcpm_address *address, uint16_t port,
			const struct endpoint_names *names)
{
	const char *name = name_of(names, address);

	if (!name) {
		text_endpoint(text, address, port);
		return;
	}
	text_printable(text, name);
	text_char(text, ':');
	text_u64(text, port);
}

static void append_end(struct text *text, const struct groups_options *options,
		       const struct tcpm_address *address, uint16_t port,
		       const struct endpoint_names *names)
{
	const char *name;

	if (address->version == 0)
		return;
	switch (options->by.hosts) {
	case GROUPS_BY_FLOW:
		endpoint_with_port(text, address, port, names);
		break;
	case GROUPS_BY_PREFIX:
		text_address(text, address);
		text_char(text, '/');
		text_u64(text,
			 address->version == 4 ? options->by.prefix_v4 : options->by.prefix_v6);
		break;
	case GROUPS_BY_HOSTS:
	case GROUPS_BY_RECEIVER:
	default:
		name = name_of(names, address);
		if (name)
			text_printable(text, name);
		else
			text_address(text, address);
	}
}

void endpoint_sender(struct text *text, const struct groups_options *options,
		     const struct group *group, const struct endpoint_names *names)
{
	if (group_is_other(group) && options->by.hosts != GROUPS_BY_RECEIVER)
		text_string(text, "other");
	else
		append_end(text, options, &group->key.sender, group->key.sender_port, names);
}

void endpoint_receiver(struct text *text, const struct groups_options *options,
		       const struct group *group, const struct endpoint_names *names)
{
	if (group_is_other(group))
		text_string(text, "other");
	else
		append_end(text, options, &group->key.receiver, group->key.receiver_port, names);
}

static void append_hex(struct text *text, uint32_t value)
{
	for (int shift = 28; shift >= 0; shift -= 4)
		text_char(text, "0123456789abcdef"[value >> shift & 15]);
}

void endpoint_labels(struct text *text, const uint8_t kind[static TCPM_MAX_LABELS],
		     const uint32_t label[static TCPM_MAX_LABELS])
{
	for (unsigned i = 0; i < TCPM_MAX_LABELS && kind[i] != TCPM_LABEL_NONE; i++) {
		if (i)
			text_char(text, '/');
		text_string(text, tcpm_label_name(kind[i]));
		text_char(text, ':');
		if (kind[i] == TCPM_LABEL_TUNNEL)
			append_hex(text, label[i]);
		else
			text_u64(text, label[i]);
	}
}

const char *endpoint_interface(const struct endpoint_names *names, const struct group *group)
{
	if (group->summary.interfaces_mixed)
		return "mixed";
	if (!names->interface_name)
		return NULL;
	return names->interface_name(names->user, group->summary.interface);
}
