/*
 * One buffer, which grows as a text does; what was sent is cut off at its front only where
 * room is needed behind.
 */
#include "output/outbox.h"

#include <string.h>

struct header {
	uint64_t points;
	size_t size;
};

static void close_gap(struct outbox *outbox)
{
	struct text *text = &outbox->bytes;

	if (outbox->start == 0)
		return;
	memmove(text->bytes, text->bytes + outbox->start, text->used - outbox->start);
	text->used -= outbox->start;
	outbox->start = 0;
}

bool outbox_put(struct outbox *outbox, const void *bytes, size_t size, uint64_t points)
{
	const struct header header = {.points = points, .size = size};
	struct text *text = &outbox->bytes;

	if (size > OUTBOX_MAX - sizeof(header))
		return false;
	if (text->used > OUTBOX_MAX - sizeof(header) - size)
		close_gap(outbox);
	if (text->used > OUTBOX_MAX - sizeof(header) - size)
		return false;
	if (!text_reserve(text, sizeof(header) + size)) {
		text->error = 0; /* what is there is whole, and there may be memory later */
		return false;
	}
	text_bytes(text, &header, sizeof(header));
	text_bytes(text, bytes, size);
	outbox->count++;
	return true;
}

struct outbox_datagram outbox_first(const struct outbox *outbox)
{
	const char *at = outbox->bytes.bytes + outbox->start;
	struct header header;

	memcpy(&header, at, sizeof(header));
	return (struct outbox_datagram){
		.bytes = at + sizeof(header), .size = header.size, .points = header.points};
}

void outbox_remove(struct outbox *outbox)
{
	if (outbox->count == 1) {
		outbox_done(outbox);
		return;
	}
	outbox->start += sizeof(struct header) + outbox_first(outbox).size;
	outbox->count--;
}

void outbox_done(struct outbox *outbox)
{
	text_done(&outbox->bytes);
	*outbox = (struct outbox){0};
}
