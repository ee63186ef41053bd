/*
 * Addresses by getifaddrs(3), their changes by rtnetlink(7): see hosts.h.
 */
#include "capture/local_addresses.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool prefix_of(const struct sockaddr *address, struct prefix *prefix)
{
	*prefix = (struct prefix){0};
	if (!address)
		return false;
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *four = (const struct sockaddr_in *)address;

		prefix->bits = 32;
		prefix->address.version = 4;
		memcpy(prefix->address.bytes, &four->sin_addr, 4);
		return true;
	}
	if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;

		prefix->bits = 128;
		prefix->address.version = 6;
		memcpy(prefix->address.bytes, &six->sin6_addr, 16);
		return true;
	}
	return false;
}

int local_addresses_list(struct prefix **all, size_t *count)
{
	struct ifaddrs *list;
	size_t most = 2;

	if (getifaddrs(&list) < 0)
		return -errno;
	for (const struct ifaddrs *one = list; one; one = one->ifa_next)
		most++;

	struct prefix *found = calloc(most, sizeof(*found));
	size_t used = 0;

	if (found) {
		for (const struct ifaddrs *one = list; one; one = one->ifa_next)
			if (prefix_of(one->ifa_addr, &found[used]))
				used++;
		if (prefix_parse("127.0.0.0/8", &found[used]) == 0)
			used++;
		if (prefix_parse("::1", &found[used]) == 0)
			used++;
	}
	freeifaddrs(list);
	if (!found)
		return -ENOMEM;
	*all = found;
	*count = used;
	return 0;
}

int local_addresses_watch(void)
{
	struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int result;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		result = -errno;
		close(fd);
		return result;
	}
	return fd;
}

bool local_addresses_changed(int watch)
{
	char message[8192];
	bool any = false;

	/* What the messages say is read anew from the system; one that did not fit (ENOBUFS)
	 * is a change, too. */
	for (;;) {
		if (recv(watch, message, sizeof(message), 0) >= 0 || errno == ENOBUFS)
			any = true;
		else if (errno != EINTR)
			return any;
	}
}
