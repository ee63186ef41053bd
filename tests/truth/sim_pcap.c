/*
 * The capture file: pcap with nanoseconds, Ethernet, IPv4 or IPv6, valid checksums
 * throughout (all payload bytes are zero, so it adds nothing to a sum).
 */
#include "sim.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool buffer_open(struct buffer *buffer, const char *path)
{
	*buffer = (struct buffer){.file = -1};
	if (path == NULL)
		return true;
	buffer->file = strcmp(path, "-") == 0 ? STDOUT_FILENO
					      : open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (buffer->file < 0)
		return false;
	buffer->bytes = must_resize(NULL, BUFFER_SIZE, 1);
	return true;
}

static void flush(struct buffer *buffer)
{
	size_t written = 0;

	while (written < buffer->used && !buffer->failed) {
		ssize_t count =
			write(buffer->file, buffer->bytes + written, buffer->used - written);

		if (count <= 0)
			buffer->failed = true;
		else
			written += (size_t)count;
	}
	buffer->used = 0;
}

uint8_t *buffer_room(struct buffer *buffer, size_t bytes)
{
	if (BUFFER_SIZE - buffer->used < bytes)
		flush(buffer);
	return buffer->bytes + buffer->used;
}

bool buffer_close(struct buffer *buffer)
{
	if (buffer->bytes == NULL)
		return true;
	flush(buffer);
	if (buffer->file != STDOUT_FILENO && close(buffer->file) != 0)
		buffer->failed = true;
	free(buffer->bytes);
	buffer->bytes = NULL;
	return !buffer->failed;
}

static uint8_t *put16(uint8_t *out, uint32_t value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
	return out + 2;
}

static uint8_t *put32(uint8_t *out, uint32_t value)
{
	return put16(put16(out, value >> 16), value);
}

/* Record headers are in the machine's byte order. */
static void put_native(uint8_t *out, uint32_t value)
{
	memcpy(out, &value, sizeof value);
}

void pcap_header(struct simulation *simulation)
{
	struct buffer *buffer = &simulation->pcap;
	const uint16_t version[2] = {2, 4};
	uint8_t *out;

	if (buffer->bytes == NULL)
		return;
	out = buffer_room(buffer, 24);
	memset(out, 0, 24);
	put_native(out, 0xa1b23c4d);
	memcpy(out + 4, version, sizeof version);
	put_native(out + 16, simulation->snaplen);
	put_native(out + 20, 1); /* LINKTYPE_ETHERNET */
	buffer->used += 24;
}

static uint32_t sum(const uint8_t *bytes, size_t count, uint32_t value)
{
	for (size_t i = 0; i + 1 < count; i += 2)
		value += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return value;
}

static uint32_t checksum(uint32_t value)
{
	value = (value & 0xffff) + (value >> 16);
	value = (value & 0xffff) + (value >> 16);
	return ~value & 0xffff;
}

static uint8_t *put_ethernet(uint8_t *out, const struct packet *packet)
{
	const struct flow *flow = packet->flow;
	static const uint8_t stations[2][6] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}};

	memcpy(out, stations[1 - packet->direction], 6);
	memcpy(out + 6, stations[packet->direction], 6);
	out += 12;
	for (unsigned i = 0; i < flow->vlan_count; i++) {
		out = put16(out, i + 1 < flow->vlan_count ? 0x88a8 : 0x8100);
		out = put16(out, flow->vlan[i]);
	}
	return put16(out, flow->version6 ? 0x86dd : 0x0800);
}

/* Returns the end of the header, and in *pseudo the sum of the pseudo-header. */
static uint8_t *put_ip(uint8_t *out, const struct packet *packet, uint32_t tcp_size,
		       uint32_t *pseudo)
{
	const struct flow *flow = packet->flow;
	const uint8_t *source = flow->address[packet->direction];
	const uint8_t *destination = flow->address[1 - packet->direction];
	size_t size = flow->version6 ? 16 : 4;
	uint8_t *start = out;
	uint8_t hops = (uint8_t)(64 - packet->hop);

	*pseudo = sum(source, size, sum(destination, size, tcp_size + 6));
	if (flow->version6) {
		out = put32(out, 0x60000000u | (uint32_t)(flow->number & 0xfffff));
		out = put16(out, tcp_size);
		*out++ = 6;
		*out++ = hops;
	} else {
		out = put16(out, 0x4500);
		out = put16(out, 20 + tcp_size);
		out = put16(out, packet->ip_id);
		out = put16(out, 0x4000);
		*out++ = hops;
		*out++ = 6;
		out = put16(out, 0);
	}
	memcpy(out, source, size);
	memcpy(out + size, destination, size);
	if (!flow->version6)
		put16(start + 10, checksum(sum(start, 20, 0)));
	return out + 2 * size;
}

static uint8_t *put_timestamps(uint8_t *out, const struct packet *packet)
{
	*out++ = 8;
	*out++ = 10;
	return put32(put32(out, packet->tsval), packet->tsecr);
}

static uint8_t *put_syn_options(uint8_t *out, const struct packet *packet)
{
	const struct endpoint *endpoint = &packet->flow->endpoint[packet->direction];

	out = put16(put16(out, 0x0204), packet->flow->mtu - (packet->flow->version6 ? 60 : 40));
	if (endpoint->sack)
		out = put32(out, 0x01010402);
	if (packet->has_timestamps)
		out = put_timestamps(put16(out, 0x0101), packet);
	return put32(out, 0x01030300u | endpoint->window_scale);
}

static uint8_t *put_options(uint8_t *out, const struct packet *packet)
{
	uint32_t isn = packet->flow->endpoint[1 - packet->direction].isn;

	if ((packet->flags & SYN) != 0)
		return put_syn_options(out, packet);
	if (packet->has_timestamps)
		out = put_timestamps(put16(out, 0x0101), packet);
	if (packet->block_count == 0)
		return out;
	out = put16(put16(out, 0x0101), 0x0500u + 2 + 8u * packet->block_count);
	for (unsigned i = 0; i < packet->block_count; i++) {
		out = put32(out, isn + (uint32_t)packet->blocks[i][0]);
		out = put32(out, isn + (uint32_t)packet->blocks[i][1]);
	}
	return out;
}

/* Writes the TCP header with checksum left out; returns its end. */
static uint8_t *put_tcp(uint8_t *out, const struct packet *packet)
{
	const struct flow *flow = packet->flow;
	uint8_t *start = out;
	bool ack = (packet->flags & ACK) != 0;

	out = put16(out, flow->port[packet->direction]);
	out = put16(out, flow->port[1 - packet->direction]);
	out = put32(out, flow->endpoint[packet->direction].isn + (uint32_t)packet->start);
	out = put32(out,
		    ack ? flow->endpoint[1 - packet->direction].isn + (uint32_t)packet->ack : 0);
	out = put16(out, packet->flags);
	out = put16(out, packet->window);
	out = put32(out, 0);
	out = put_options(out, packet);
	start[12] = (uint8_t)((out - start) << 2);
	return out;
}

void pcap_packet(struct simulation *simulation, const struct packet *packet)
{
	struct buffer *buffer = &simulation->pcap;
	uint32_t payload = packet_payload(packet), pseudo, captured, wire;
	uint8_t tcp[64], *record, *frame, *out;
	size_t size;

	if (buffer->bytes == NULL)
		return;
	size = (size_t)(put_tcp(tcp, packet) - tcp);
	record = buffer_room(buffer, 256);
	frame = record + 16;
	out = put_ip(put_ethernet(frame, packet), packet, (uint32_t)size + payload, &pseudo);
	put16(tcp + 16, checksum(sum(tcp, size, pseudo)));
	memcpy(out, tcp, size);
	wire = (uint32_t)(out + size - frame) + payload;
	captured = wire < simulation->snaplen ? wire : simulation->snaplen;
	put_native(record, (uint32_t)(simulation->now_ns / SECOND));
	put_native(record + 4, (uint32_t)(simulation->now_ns % SECOND));
	put_native(record + 8, captured);
	put_native(record + 12, wire);
	buffer->used += 16 + (wire - payload < captured ? wire - payload : captured);
	while (captured > wire - payload) { /* zeros, in steps that the buffer has room for */
		uint32_t step =
			captured - (wire - payload) < 4096 ? captured - (wire - payload) : 4096;

		memset(buffer_room(buffer, step), 0, step);
		buffer->used += step;
		captured -= step;
	}
}
