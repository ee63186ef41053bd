/*
 * A ring, searched backwards: a refusal is nearly always about the last datagram.
 */
#include "export/recent_datagrams.h"

#include <string.h>

enum fate {
	FATE_NONE,    /* never used */
	FATE_SENT,    /* and no refusal came */
	FATE_REFUSED, /* a refusal came: it is about no other one any more */
	FATE_KEPT,    /* never handed over */
};

void recent_datagrams_add(struct recent_datagrams *recent, const void *bytes, size_t size,
			  uint64_t points, bool sent)
{
	struct recent_datagram *datagram = &recent->all[recent->count++ % RECENT_MAX];
	size_t length = size < RECENT_BEGINNING ? size : RECENT_BEGINNING;

	memcpy(datagram->beginning, bytes, length);
	datagram->points = points;
	datagram->length = (uint8_t)length;
	datagram->fate = sent ? FATE_SENT : FATE_KEPT;
}

/* Whether a refusal that quotes so many bytes, perhaps none, may be about a datagram. */
static bool may_be(const struct recent_datagram *datagram, const void *quoted, size_t size)
{
	size_t both = size < datagram->length ? size : datagram->length;

	if (datagram->fate == FATE_NONE || datagram->fate == FATE_REFUSED)
		return false;
	return memcmp(datagram->beginning, quoted, both) == 0;
}

bool recent_datagrams_refused(struct recent_datagrams *recent, const void *quoted, size_t size,
			      uint64_t *points)
{
	uint64_t known = recent->count < RECENT_MAX ? recent->count : RECENT_MAX;

	for (uint64_t back = 1; back <= known; back++) {
		struct recent_datagram *datagram =
			&recent->all[(recent->count - back) % RECENT_MAX];

		if (!may_be(datagram, quoted, size))
			continue;
		if (datagram->fate == FATE_KEPT)
			return false;
		datagram->fate = FATE_REFUSED;
		*points = datagram->points;
		return true;
	}
	return false;
}
