/*
 * What texts may be: see checks.h.
 */
#include "config/value_checks.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "base/number.h"
#include "base/prefix_set.h"

#define SCHEME      "unix://"
#define LONGEST_DNS 253

int check_filled(const char *value, struct error *error)
{
	return *value ? 0 : error_set(error, EINVAL, "the value is empty");
}

int check_name(const char *value, struct error *error)
{
	return *value ? 0 : error_set(error, EINVAL, "the name is empty");
}

int check_file_name(const char *value, struct error *error)
{
	return *value ? 0 : error_set(error, EINVAL, "the file name is empty");
}

int check_network(const char *value, struct error *error)
{
	struct prefix prefix;

	if (prefix_parse(value, &prefix) < 0)
		return error_set(error, EINVAL,
				 "\"%s\" is not an address or network such as 192.0.2.0/24", value);
	return 0;
}

static int is_address(const char *value)
{
	struct prefix prefix;

	return !strchr(value, '/') && prefix_parse(value, &prefix) == 0;
}

int check_address(const char *value, struct error *error)
{
	if (!is_address(value))
		return error_set(error, EINVAL, "\"%s\" is not an address such as 127.0.0.1 or ::1",
				 value);
	return 0;
}

int check_statsd(const char *value, struct error *error)
{
	size_t most = sizeof(((struct sockaddr_un *)0)->sun_path); /* without a NUL: unix(7) */
	size_t scheme = strlen(SCHEME);

	if (strncmp(value, SCHEME, scheme) == 0 && value[scheme] == '/') {
		if (strlen(value + scheme) > most)
			return error_set(error, EINVAL,
					 "a socket path has at most %zu bytes, this one has %zu",
					 most, strlen(value + scheme));
		return 0;
	}
	/* go-metro takes names here, and its users this one. */
	if (!is_address(value) && strcmp(value, "localhost") != 0)
		return error_set(error, EINVAL,
				 "\"%s\" is neither an address such as 127.0.0.1 nor a socket "
				 "such as unix:///run/dsd.socket",
				 value);
	return 0;
}

int check_nameserver(const char *value, struct error *error)
{
	char address[64];
	size_t length = strlen(value);
	const char *port = strrchr(value, ':');
	uint64_t number;

	if (is_address(value))
		return 0;
	if (port && length < sizeof(address) && parse_u64(port + 1, 1, 65535, &number) == 0) {
		const char *from = value;
		size_t count = (size_t)(port - value);
		int quoted = *value == '[' && count > 1 && port[-1] == ']';

		if (quoted) {
			from++;
			count -= 2;
		}
		memcpy(address, from, count);
		address[count] = '\0';
		/* An IPv6 address needs the brackets, an IPv4 address has none. */
		if (is_address(address) && !strchr(address, ':') == !quoted)
			return 0;
	}
	return error_set(error, EINVAL,
			 "\"%s\" is not a server such as 192.0.2.1, 192.0.2.1:53 or "
			 "[2001:db8::1]:53",
			 value);
}

static int is_host(const char *value)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_";
	size_t length = strlen(value);

	if (length && value[length - 1] == '.')
		length--;
	if (!length || length > LONGEST_DNS)
		return 0;
	for (const char *label = value; label < value + length;) {
		size_t count = strspn(label, letters);

		if (!count || count > 63 || (label[count] != '.' && label[count] != '\0'))
			return 0;
		label += count + 1;
	}
	return 1;
}

int check_host(const char *value, struct error *error)
{
	if (!is_host(value))
		return error_set(error, EINVAL, "\"%s\" is not a host name such as db1.example.org",
				 value);
	return 0;
}

int check_tag(const char *value, struct error *error)
{
	return *value ? 0 : error_set(error, EINVAL, "the tag is empty");
}
