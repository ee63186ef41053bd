/*
 * Opening an interface, and what is asked of libpcap on the way: see live.h.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <pcap/pcap.h>

#include "capture/live.h"
#include "capture/live_source.h"

#define ALIGNMENT 16u

/* For how long the kernel may keep packets to itself until a block of the ring is full. */
#define BLOCK_MS 100

/* libpcap's link types that differ from tcpdump.org's registry. */
static uint16_t linktype_of(int dlt)
{
	switch (dlt) {
	case DLT_RAW:
		return 101;
	case DLT_C_HDLC:
		return 104;
	case DLT_ATM_RFC1483:
		return 100;
	default:
		return (uint16_t)dlt;
	}
}

/* "host, adapter": what -j may ask for. */
static void list_stamps(pcap_t *pcap, char *text, size_t size)
{
	int *types;
	int count = pcap_list_tstamp_types(pcap, &types);
	size_t used = 0;

	text[0] = '\0';
	for (int i = 0; i < count && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "",
					 pcap_tstamp_type_val_to_name(types[i]));
	if (count > 0)
		pcap_free_tstamp_types(types);
	else
		snprintf(text, size, "the default");
}

/* The type asked for, or refused: stamps of another kind than those asked for would tell
 * other times than those asked for. */
static int set_stamps(struct live_source *live, pcap_t *pcap, const char *stamps,
		      struct error *error)
{
	int type = stamps ? pcap_tstamp_type_name_to_val(stamps) : PCAP_TSTAMP_HOST;
	char there[160];
	int *types;
	int count;
	bool found;

	if (!stamps)
		return 0;
	count = pcap_list_tstamp_types(pcap, &types);
	found = count == 0 && type == PCAP_TSTAMP_HOST;
	for (int i = 0; i < count; i++)
		found |= types[i] == type;
	if (count > 0)
		pcap_free_tstamp_types(types);
	if (!found || pcap_set_tstamp_type(pcap, type) != 0) {
		list_stamps(pcap, there, sizeof(there));
		return error_set(error, EINVAL,
				 "-j: %s does not support time stamp type \"%s\"; it supports %s",
				 live->name, stamps, there);
	}
	live->foreign_clock = type == PCAP_TSTAMP_ADAPTER || type == PCAP_TSTAMP_ADAPTER_UNSYNCED ||
			      type == PCAP_TSTAMP_HOST_HIPREC_UNSYNCED;
	return 0;
}

/* Which interfaces there are, for somebody who named another one. */
static void list_names(char *text, size_t size)
{
	struct if_nameindex *all = if_nameindex();
	size_t used = 0;

	text[0] = '\0';
	for (struct if_nameindex *one = all; one && one->if_index && used < size; one++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
					 one->if_name);
	if (all)
		if_freenameindex(all);
}

static int activation_failed(const struct live_source *live, pcap_t *pcap, int result,
			     struct error *error)
{
	char names[200];

	switch (result) {
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		return error_set(error, EPERM,
				 "%s: capturing requires CAP_NET_RAW: use sudo, or grant the "
				 "capability once: sudo setcap cap_net_raw+ep \"$(command -v "
				 "tcpmetro)\"",
				 live->name);
	case PCAP_ERROR_NO_SUCH_DEVICE:
		list_names(names, sizeof(names));
		return error_set(error, ENODEV, "%s: no such interface; available are %s",
				 live->name, names);
	case PCAP_ERROR_IFACE_NOT_UP:
		return error_set(error, ENETDOWN,
				 "%s: the interface is down; bring it up with: ip link set %s up",
				 live->name, live->name);
	default:
		return error_set(error, EIO, "%s: cannot capture: %.120s%s%.120s", live->name,
				 pcap_statustostr(result), *pcap_geterr(pcap) ? ": " : "",
				 pcap_geterr(pcap));
	}
}

/* Opens one handle. */
static int activate(struct live_source *live, const char *interface,
		    const struct live_options *options, pcap_t **handle, struct error *error)
{
	char words[PCAP_ERRBUF_SIZE] = "";
	pcap_t *pcap = pcap_create(interface, words);
	int result;

	if (!pcap)
		return error_set(error, ENOMEM, "%s: cannot capture: %.200s", live->name, words);
	pcap_set_snaplen(pcap, (int)options->snaplen);
	pcap_set_promisc(pcap, options->promiscuous && !live->any);
	pcap_set_timeout(pcap, BLOCK_MS);
	pcap_set_buffer_size(pcap, (int)options->buffer_bytes);
	pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO);
	result = set_stamps(live, pcap, options->stamps, error);
	if (!result) {
		/* Packets must be read as they come, for their stamps' age to tell anything. */
		if (live->foreign_clock)
			pcap_set_immediate_mode(pcap, 1);
		result = pcap_activate(pcap);
		if (result < 0)
			result = activation_failed(live, pcap, result, error);
		else if (result == PCAP_WARNING_TSTAMP_TYPE_NOTSUP)
			result = error_set(error, EINVAL,
					   "-j: %s does not support time stamp type \"%s\"",
					   live->name, options->stamps);
	}
	if (result >= 0 && pcap_setnonblock(pcap, 1, words) < 0)
		result = error_set(error, EIO, "%s: %.200s", live->name, words);
	if (result < 0) {
		pcap_close(pcap);
		return result;
	}
	*handle = pcap;
	return 0;
}

/* Of the interface's link type, where it can be chosen, the one that tells interfaces. */
static void choose_linktype(struct live_source *live)
{
	if (pcap_datalink(live->pcap) == DLT_LINUX_SLL)
		pcap_set_datalink(live->pcap, DLT_LINUX_SLL2);
	live->linktype = linktype_of(pcap_datalink(live->pcap));
	live->fraction_ns =
		pcap_get_tstamp_precision(live->pcap) == PCAP_TSTAMP_PRECISION_NANO ? 1 : 1000;
}

/* Joins those that share the interface: the first one in a new group, with a number that
 * no other program has. */
static int join_group(struct live_source *live, int *group)
{
	int fd = pcap_fileno(live->pcap);
	int value = *group < 0 ? (PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_UNIQUEID) << 16
			       : *group | PACKET_FANOUT_HASH << 16;
	socklen_t size = sizeof(value);

	if (setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &value, sizeof(value)) < 0)
		return -errno;
	if (*group >= 0)
		return 0;
	if (getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &value, &size) < 0)
		return -errno;
	*group = value & 0xffff;
	return 0;
}

/* Joins those that share the interface. The first one keeps a spare handle. */
static int join(struct live_source *live, const struct live_options *options, struct error *error)
{
	int result;

	if (options->fanout_count <= 1)
		return 0;
	live->shared = true;
	result = join_group(live, options->fanout_group);
	if (result < 0)
		return error_set(error, -result,
				 "%s: cannot distribute packets to several threads: %s", live->name,
				 strerror(-result));
	if (options->fanout_index > 0 || live->any)
		return 0;
	result = activate(live, "lo", options, &live->spare, error);
	/* Without a loopback interface that is up, there is just no spare handle. */
	if (result < 0)
		return 0;
	return live_install(live->spare, "less 0") < 0
		       ? error_set(error, EIO, "%s: cannot install the filter", live->name)
		       : 0;
}

static void find_address(struct live_source *live)
{
	struct ifreq request = {0};
	int fd = pcap_fileno(live->pcap);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%.15s", live->name);
	if (ioctl(fd, SIOCGIFHWADDR, &request) == 0)
		memcpy(live->address, request.ifr_hwaddr.sa_data, sizeof(live->address));
	else
		live->foreign_clock = false;
}

static int open_all(struct live_source *live, const struct live_options *options,
		    struct error *error)
{
	int result = activate(live, options->interface, options, &live->pcap, error);

	if (result < 0)
		return result;
	choose_linktype(live);
	if (live->foreign_clock && live->linktype == DLT_EN10MB)
		find_address(live);
	else
		live->foreign_clock = false;
	result = live_set_filter(live, options->filter, error);
	return result < 0 ? result : join(live, options, error);
}

int live_source_open(const struct live_options *options, struct source **source,
		     struct error *error)
{
	struct live_source *live = calloc(1, sizeof(*live));
	int result;

	if (!live)
		return error_set(error, ENOMEM, "%.60s: not enough memory", options->interface);
	live->source.ops = &live_source_ops;
	snprintf(live->name, sizeof(live->name), "%s", options->interface);
	live->any = strcmp(options->interface, "any") == 0;
	live->promiscuous = options->promiscuous && !live->any;
	live->first = options->fanout_index == 0;
	live->snaplen = options->snaplen;
	live->ports = *options->ports;
	live->stride = (options->snaplen + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	live->bytes = malloc(LIVE_BATCH * live->stride);
	result = live->bytes ? open_all(live, options, error)
			     : error_set(error, ENOMEM, "%s: not enough memory", live->name);
	if (result < 0) {
		source_close(&live->source);
		return result;
	}
	*source = &live->source;
	return 0;
}

int live_interfaces(void (*print)(void *user, const char *name, const char *about), void *user,
		    struct error *error)
{
	char words[PCAP_ERRBUF_SIZE] = "";
	pcap_if_t *all;

	if (pcap_findalldevs(&all, words) < 0)
		return error_set(error, EIO, "cannot list the interfaces: %.200s", words);
	for (const pcap_if_t *one = all; one; one = one->next) {
		char about[160];

		/* libpcap also lists buses and queues, on which there is no network. */
		if (if_nametoindex(one->name) == 0 && strcmp(one->name, "any") != 0)
			continue;
		snprintf(about, sizeof(about), "%s%s%s%s%.100s",
			 one->flags & PCAP_IF_UP ? "up" : "down",
			 one->flags & PCAP_IF_RUNNING ? ", running" : "",
			 one->flags & PCAP_IF_LOOPBACK ? ", loopback" : "",
			 one->description ? ", " : "", one->description ? one->description : "");
		print(user, one->name, about);
	}
	pcap_freealldevs(all);
	return 0;
}
