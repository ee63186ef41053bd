/*
 * Networks in a sorted array: see prefixes.h.
 */
#include "base/prefix_set.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/number.h"

static unsigned width(const struct tcpm_address *address)
{
	return address->version == 4 ? 32 : 128;
}

int prefix_parse(const char *text, struct prefix *prefix)
{
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	struct prefix parsed = {0};
	char address[INET6_ADDRSTRLEN];
	uint64_t bits;

	if (length >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, length);
	address[length] = '\0';
	if (inet_pton(AF_INET, address, parsed.address.bytes) == 1)
		parsed.address.version = 4;
	else if (inet_pton(AF_INET6, address, parsed.address.bytes) == 1)
		parsed.address.version = 6;
	else
		return -EINVAL;
	bits = width(&parsed.address);
	if (slash && parse_u64(slash + 1, 0, bits, &bits) < 0)
		return -EINVAL;
	parsed.bits = (uint8_t)bits;
	address_mask(&parsed.address, parsed.bits);
	*prefix = parsed;
	return 0;
}

/* By version and bits first: those alike stand together. */
static int compare(const void *a, const void *b)
{
	const struct prefix *x = a;
	const struct prefix *y = b;

	if (x->address.version != y->address.version)
		return x->address.version < y->address.version ? -1 : 1;
	if (x->bits != y->bits)
		return x->bits < y->bits ? -1 : 1;
	return address_compare(&x->address, &y->address);
}

bool prefix_is_address(const struct prefix *prefix)
{
	return prefix->bits == width(&prefix->address);
}

int prefix_set_init(struct prefix_set *prefixes, const struct prefix *all, size_t count)
{
	struct prefix *copy = NULL;
	size_t kept = 0;

	if (count) {
		copy = calloc(count, sizeof(*copy));
		if (!copy)
			return -ENOMEM;
		memcpy(copy, all, count * sizeof(*copy));
		qsort(copy, count, sizeof(*copy), compare);
		for (size_t i = 0; i < count; i++)
			if (kept == 0 || compare(&copy[kept - 1], &copy[i]) != 0)
				copy[kept++] = copy[i];
	}
	*prefixes = (struct prefix_set){.all = copy, .count = kept};
	return 0;
}

void prefix_set_done(struct prefix_set *prefixes)
{
	free(prefixes->all);
	*prefixes = (struct prefix_set){0};
}

/* The first prefix behind those of the version and bits of all[start]. */
static size_t end_of_run(const struct prefix_set *prefixes, size_t start)
{
	const struct prefix *first = &prefixes->all[start];
	size_t low = start;
	size_t high = prefixes->count;

	while (high - low > 1) {
		size_t between = low + (high - low) / 2;
		const struct prefix *there = &prefixes->all[between];

		if (there->address.version == first->address.version && there->bits == first->bits)
			low = between;
		else
			high = between;
	}
	return high;
}

bool prefix_set_contains(const struct prefix_set *prefixes, const struct tcpm_address *address)
{
	size_t end;

	for (size_t start = 0; start < prefixes->count; start = end) {
		struct prefix sought = {.bits = prefixes->all[start].bits, .address = *address};

		end = end_of_run(prefixes, start);
		if (prefixes->all[start].address.version != address->version)
			continue;
		address_mask(&sought.address, sought.bits);
		if (bsearch(&sought, &prefixes->all[start], end - start, sizeof(sought), compare))
			return true;
	}
	return false;
}

bool prefix_set_equal(const struct prefix_set *a, const struct prefix_set *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (compare(&a->all[i], &b->all[i]) != 0)
			return false;
	return true;
}
