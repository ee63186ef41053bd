/*
 * One buffer, which grows as a text does; what was sent is cut off at its front only where
 * room is needed behind.
 */
#include "export/send_queue.h"

#include <string.h>

struct header {
	uint64_t points;
	size_t size;
};

static void close_gap(struct send_queue *send_queue)
{
	struct text *text = &send_queue->bytes;

	if (send_queue->start == 0)
		return;
	memmove(text->bytes, text->bytes + send_queue->start, text->used - send_queue->start);
	text->used -= send_queue->start;
	send_queue->start = 0;
}

bool send_queue_put(struct send_queue *send_queue, const void *bytes, size_t size, uint64_t points)
{
	const struct header header = {.points = points, .size = size};
	struct text *text = &send_queue->bytes;

	if (size > SEND_QUEUE_MAX - sizeof(header))
		return false;
	if (text->used > SEND_QUEUE_MAX - sizeof(header) - size)
		close_gap(send_queue);
	if (text->used > SEND_QUEUE_MAX - sizeof(header) - size)
		return false;
	if (!text_reserve(text, sizeof(header) + size)) {
		text->error = 0; /* what is there is whole, and there may be memory later */
		return false;
	}
	text_bytes(text, &header, sizeof(header));
	text_bytes(text, bytes, size);
	send_queue->count++;
	return true;
}

struct send_queue_datagram send_queue_first(const struct send_queue *send_queue)
{
	const char *at = send_queue->bytes.bytes + send_queue->start;
	struct header header;

	memcpy(&header, at, sizeof(header));
	return (struct send_queue_datagram){
		.bytes = at + sizeof(header), .size = header.size, .points = header.points};
}

void send_queue_remove(struct send_queue *send_queue)
{
	if (send_queue->count == 1) {
		send_queue_done(send_queue);
		return;
	}
	send_queue->start += sizeof(struct header) + send_queue_first(send_queue).size;
	send_queue->count--;
}

void send_queue_done(struct send_queue *send_queue)
{
	text_done(&send_queue->bytes);
	*send_queue = (struct send_queue){0};
}
