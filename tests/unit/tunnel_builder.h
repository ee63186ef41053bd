/*
 * More layers for frame_builder.h: what TCP is wrapped in. Each function appends one
 * header, announced in the one before it, with the numbers that a test asks for.
 */
#ifndef UNIT_TUNNEL_BUILDER_H
#define UNIT_TUNNEL_BUILDER_H

#include "frame_builder.h"

/* Makes frame_end write at `at` how many bytes there are from `from` on. */
static inline void frame_length_at(struct frame_builder *b, size_t at, size_t from)
{
	b->lengths[b->length_count++] = (struct frame_length){at, from};
}

static inline void frame_next(struct frame_builder *b, enum frame_next next, size_t at)
{
	b->next = next;
	b->next_at = at;
}

/* A frame of any link type that starts with the given bytes. */
static inline void frame_begin_with(struct frame_builder *b, uint16_t linktype, const char *bytes,
				    size_t count, enum frame_next next, size_t next_at)
{
	frame_begin(b, 101);
	b->linktype = linktype;
	frame_bytes(b, bytes, count);
	frame_next(b, next, next_at);
}

static inline void frame_ethernet(struct frame_builder *b)
{
	frame_announce(b, 0x6558, 97, 0);
	frame_bytes(b, "\x02\0\0\0\0\3\x02\0\0\0\0\4\0", 14);
	frame_next(b, FRAME_NEXT_ETHERTYPE, b->length - 2);
}

/* LLC with SNAP behind a length: the organisation's three bytes. */
static inline void frame_snap(struct frame_builder *b, unsigned organisation)
{
	if (b->next == FRAME_NEXT_ETHERTYPE)
		frame_length_at(b, b->next_at, b->length);
	frame_bytes(b, "\xaa\xaa\3", 3);
	size_t at = frame_grow(b, 5);
	frame_set8(b, at, organisation >> 16);
	frame_set16(b, at + 1, organisation & 0xffff);
	frame_next(b, FRAME_NEXT_ETHERTYPE, at + 3);
}

static inline void frame_mpls(struct frame_builder *b, uint32_t label, bool bottom)
{
	frame_announce(b, 0x8847, 137, 0);
	size_t at = frame_grow(b, 4);
	frame_set32(b, at, label << 12 | (bottom ? 0x100 : 0) | 64);
	frame_differs(b, at, 0x155u << 12);
	b->next = FRAME_NEXT_NONE;
}

static inline void frame_pppoe(struct frame_builder *b, unsigned session)
{
	frame_announce(b, 0x8864, 0, 0);
	size_t at = frame_grow(b, 8);
	frame_set8(b, at, 0x11);
	frame_set16(b, at + 2, session);
	frame_length_at(b, at + 4, at + 6);
	frame_next(b, FRAME_NEXT_PPP, at + 6);
}

/* With address and control, or without; the protocol in two bytes, or in one. */
static inline void frame_ppp(struct frame_builder *b, bool address, bool compressed)
{
	if (address)
		frame_bytes(b, "\xff\x03", 2);
	size_t at = frame_grow(b, compressed ? 1 : 2);
	frame_next(b, compressed ? FRAME_NEXT_PPP_BYTE : FRAME_NEXT_PPP, at);
}

/* GRE with the fields that its flags ask for: checksum (0x8000), key (0x2000), sequence
 * (0x1000). */
static inline void frame_gre(struct frame_builder *b, unsigned flags, uint32_t key)
{
	frame_announce(b, 0, 47, 0);
	size_t at = frame_grow(b, 4);
	frame_set16(b, at, flags);
	if (flags & 0x8000)
		frame_grow(b, 4);
	if (flags & 0x2000)
		frame_set32(b, frame_grow(b, 4), key);
	if (flags & 0x1000)
		frame_set32(b, frame_grow(b, 4), 77);
	frame_next(b, FRAME_NEXT_ETHERTYPE, at + 2);
}

/* PPTP's GRE, with an acknowledgement or not, and PPP. */
static inline void frame_pptp(struct frame_builder *b, unsigned call, bool acknowledgement)
{
	frame_announce(b, 0, 47, 0);
	size_t at = frame_grow(b, acknowledgement ? 16 : 12);
	frame_set16(b, at, acknowledgement ? 0x3081 : 0x3001);
	frame_set16(b, at + 2, 0x880b);
	frame_length_at(b, at + 4, b->length);
	frame_set16(b, at + 6, call);
	frame_differs(b, at + 4, 0x3333);
	frame_ppp(b, true, false);
}

/* Types 1 to 3, in GRE and with Ethernet behind; optional: type III's subheader. */
static inline void frame_erspan(struct frame_builder *b, unsigned type, unsigned session,
				bool optional)
{
	frame_gre(b, type == 1 ? 0 : 0x1000, 0);
	frame_announce(b, type == 3 ? 0x22eb : 0x88be, 0, 0);
	b->next = FRAME_NEXT_NONE;
	if (type > 1) {
		size_t at = frame_grow(b, type == 2 ? 8 : optional ? 20 : 12);
		frame_set16(b, at, (type - 1) << 12 | 100);
		frame_set16(b, at + 2, 0x0800 | session);
		if (type == 3)
			frame_set16(b, at + 10, 0x8000 | optional);
	}
}

static inline void frame_udp(struct frame_builder *b, unsigned source, unsigned target)
{
	frame_announce(b, 0, 17, 0);
	size_t at = frame_grow(b, 8);
	frame_set16(b, at, source);
	frame_set16(b, at + 2, target);
	frame_differs(b, at, (source ^ target) << 16 | (source ^ target));
	frame_length_at(b, at + 4, at);
	b->udp_at = at;
	b->next = FRAME_NEXT_NONE;
}

static inline void frame_vxlan(struct frame_builder *b, uint32_t network)
{
	size_t at = frame_grow(b, 8);
	frame_set8(b, at, 8);
	frame_set32(b, at + 4, network << 8);
	b->next = FRAME_NEXT_NONE;
}

static inline void frame_vxlan_gpe(struct frame_builder *b, uint32_t network)
{
	size_t at = frame_grow(b, 8);
	frame_set8(b, at, 0x0c);
	frame_set32(b, at + 4, network << 8);
	frame_next(b, FRAME_NEXT_GPE, at + 3);
	frame_announce(b, 0, 0, 0); /* Ethernet, unless something else is announced */
}

/* options: how many, each of four bytes and another four for each before it. */
static inline void frame_geneve(struct frame_builder *b, uint32_t network, unsigned options)
{
	size_t at = frame_grow(b, 8);
	frame_set32(b, at + 4, network << 8);
	for (unsigned i = 0; i < options; i++) {
		size_t option = frame_grow(b, 4 + i * 4);
		frame_set16(b, option, 0x0102);
		frame_set8(b, option + 2, 0x80);
		frame_set8(b, option + 3, i);
	}
	frame_set8(b, at, (unsigned)(b->length - at - 8) / 4);
	frame_next(b, FRAME_NEXT_ETHERTYPE, at + 2);
}

/* extensions: how many headers; flags: E (4), S (2), PN (1). */
static inline void frame_gtp(struct frame_builder *b, uint32_t endpoint, unsigned flags,
			     unsigned extensions)
{
	size_t at = frame_grow(b, 8);
	frame_set8(b, at, 0x30 | flags);
	frame_set8(b, at + 1, 255);
	frame_length_at(b, at + 2, b->length);
	frame_set32(b, at + 4, endpoint);
	frame_differs(b, at + 4, 0x0f0f0f0f);
	if (flags)
		frame_grow(b, 4);
	for (unsigned i = 0; i < extensions; i++) {
		size_t extension = frame_grow(b, 4 + i * 4);
		frame_set8(b, extension - 1, 0x85);
		frame_set8(b, extension, 1 + i);
	}
	b->next = FRAME_NEXT_NONE;
}

/* fields: the radio's address (0x10) and wireless information (0x20). native: 802.11,
 * else Ethernet. */
static inline void frame_capwap(struct frame_builder *b, unsigned fields, bool native)
{
	size_t at = frame_grow(b, 8);
	if (fields & 0x10)
		frame_bytes(b, "\6\x02\0\0\0\0\7", 8);
	if (fields & 0x20)
		frame_bytes(b, "\4\1\2\3\4\0\0", 8);
	frame_set32(b, at,
		    (uint32_t)((b->length - at) / 4) << 19 | 1 << 14 | 1 << 9 |
			    (native ? 0x100 : 0) | fields);
	b->next = FRAME_NEXT_NONE;
}

/* flags: length (0x4000), sequence (0x0800), offset (0x0200) of four bytes. */
static inline void frame_l2tp(struct frame_builder *b, unsigned flags)
{
	size_t at = frame_grow(b, 2);
	frame_set16(b, at, flags | 2);
	if (flags & 0x4000)
		frame_length_at(b, frame_grow(b, 2), at);
	size_t session = frame_grow(b, 4);
	frame_set32(b, session, 0x00110022);
	frame_differs(b, session, 0x00330044);
	if (flags & 0x0800)
		frame_grow(b, 4);
	if (flags & 0x0200)
		frame_set16(b, frame_grow(b, 6), 4);
	frame_ppp(b, true, false);
}

/* An 802.11 data frame: its first byte (8, or 0x88 with QoS), its flags (1 and 2: both
 * give four addresses, 0x80: HT control), the first byte of QoS control (0x80: an
 * aggregate), how many bytes pad the header. LLC follows. */
static inline void frame_wlan(struct frame_builder *b, unsigned type, unsigned flags, unsigned qos,
			      unsigned padding)
{
	size_t at = frame_grow(b, (flags & 3) == 3 ? 30 : 24);
	frame_set8(b, at, type);
	frame_set8(b, at + 1, flags);
	frame_set16(b, at + 22, 0x1002); /* sequence number 0x021 */
	if ((flags & 3) == 1 || (flags & 3) == 2)
		frame_differs(b, at, 3u << 16); /* to the access point, from it */
	if (type & 0x80)
		frame_set8(b, frame_grow(b, 2), qos);
	if (type & 0x80 && flags & 0x80)
		frame_grow(b, 4);
	frame_grow(b, padding);
	if (qos & 0x80) {
		size_t subframe = frame_grow(b, 14);
		frame_length_at(b, subframe + 12, b->length);
	}
	b->next = FRAME_NEXT_NONE;
	frame_snap(b, 0);
}

#endif
