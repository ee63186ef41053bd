/*
 * Addresses of, and for, name servers: see nameserver.h.
 */
#include "dns/name_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "base/number.h"

int name_server_parse(const char *text, struct tcpm_address *address, uint16_t *port)
{
	const bool bracket = text[0] == '[';
	const char *start = bracket ? text + 1 : text;
	const char *end = bracket ? strchr(text, ']') : strchr(text, ':');
	struct tcpm_address four = {.version = 4};
	struct tcpm_address six = {.version = 6};
	char host[ADDRESS_TEXT_MAX];
	uint64_t number = 53;

	/* Several colons without brackets: an IPv6 address without a port. */
	if (!end || (!bracket && strchr(end + 1, ':')))
		end = text + strlen(text);

	const char *behind = bracket && *end ? end + 1 : end;

	if (end - start >= (ptrdiff_t)sizeof(host) || (bracket && *end != ']'))
		return -EINVAL;
	memcpy(host, start, (size_t)(end - start));
	host[end - start] = '\0';
	if (*behind && (*behind != ':' || parse_u64(behind + 1, 1, UINT16_MAX, &number) != 0))
		return -EINVAL;
	if (!bracket && inet_pton(AF_INET, host, four.bytes) == 1)
		*address = four;
	else if (inet_pton(AF_INET6, host, six.bytes) == 1)
		*address = six;
	else
		return -EINVAL;
	*port = (uint16_t)number;
	return 0;
}

void name_server_reverse_name(const struct tcpm_address *address,
			      char text[static NAME_SERVER_REVERSE_MAX])
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = address->bytes;
	char *at = text;

	if (address->version == 4) {
		snprintf(text, NAME_SERVER_REVERSE_MAX, "%u.%u.%u.%u.in-addr.arpa", bytes[3],
			 bytes[2], bytes[1], bytes[0]);
		return;
	}
	for (int i = 15; i >= 0; i--) {
		*at++ = digits[bytes[i] & 15];
		*at++ = '.';
		*at++ = digits[bytes[i] >> 4];
		*at++ = '.';
	}
	strcpy(at, "ip6.arpa");
}
