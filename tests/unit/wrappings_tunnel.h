/*
 * Tunnels over IP, one function for each way in which TCP is found there: it begins a
 * frame and ends where the innermost IP header comes.
 */
#ifndef UNIT_WRAPPINGS_TUNNEL_H
#define UNIT_WRAPPINGS_TUNNEL_H

#include "tunnel_builder.h"

static inline void begin_outer(struct frame_builder *b)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_ipv4(b, "203.0.113.1", "203.0.113.2");
}

static inline void begin_udp(struct frame_builder *b, unsigned port)
{
	begin_outer(b);
	frame_udp(b, 55555, port);
}

/* Each end sends to the port, from one that it makes of what is inside. */
static inline void begin_overlay(struct frame_builder *b, unsigned port)
{
	begin_udp(b, port);
	frame_differs_instead(b, b->udp_at, 0x0a0a0000);
}

static inline void wrap_ip_in_ipv4(struct frame_builder *b)
{
	begin_outer(b);
}

static inline void wrap_ip_in_ipv6(struct frame_builder *b)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_ipv6(b, "2001:db8:ffff::1", "2001:db8:ffff::2");
	frame_extension(b, 60, 8); /* a tunnel encapsulation limit (RFC 2473) */
}

static inline void wrap_authenticated(struct frame_builder *b)
{
	begin_outer(b);
	frame_extension(b, 51, 24);
}

static inline void wrap_mpls_in_ip(struct frame_builder *b)
{
	begin_outer(b);
	frame_mpls(b, 44, true);
}

static inline void wrap_etherip(struct frame_builder *b)
{
	begin_outer(b);
	frame_announce(b, 0, 97, 0);
	b->next = FRAME_NEXT_NONE;
	frame_set16(b, frame_grow(b, 2), 0x3000);
	frame_ethernet(b);
}

static inline void wrap_gre(struct frame_builder *b)
{
	begin_outer(b);
	frame_gre(b, 0, 0);
}

static inline void wrap_gre_key(struct frame_builder *b)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_ipv6(b, "2001:db8:ffff::1", "2001:db8:ffff::2");
	frame_gre(b, 0xb000, 0xdeadbeef);
}

static inline void wrap_gre_ethernet(struct frame_builder *b)
{
	begin_outer(b);
	frame_gre(b, 0x2000, 4711);
	frame_ethernet(b);
}

static inline void wrap_nvgre(struct frame_builder *b)
{
	begin_outer(b);
	frame_gre(b, 0x2000, 0x12345678);
	frame_differs(b, b->length - 4, 0xff); /* the flow id */
	frame_ethernet(b);
}

static inline void wrap_gre_mpls(struct frame_builder *b)
{
	begin_outer(b);
	frame_gre(b, 0, 0);
	frame_mpls(b, 5, true);
}

static inline void wrap_pptp(struct frame_builder *b)
{
	begin_outer(b);
	frame_pptp(b, 0x1111, false);
}

static inline void wrap_pptp_acknowledgement(struct frame_builder *b)
{
	begin_outer(b);
	frame_pptp(b, 0x1111, true);
}

static inline void wrap_erspan_1(struct frame_builder *b)
{
	begin_outer(b);
	frame_erspan(b, 1, 0, false);
	frame_ethernet(b);
}

static inline void wrap_erspan_2(struct frame_builder *b)
{
	begin_outer(b);
	frame_erspan(b, 2, 0x155, false);
	frame_ethernet(b);
	frame_vlan(b, 0x8100, 100);
}

static inline void wrap_erspan_3(struct frame_builder *b)
{
	begin_outer(b);
	frame_erspan(b, 3, 0x3ff, false);
	frame_ethernet(b);
}

static inline void wrap_erspan_3_subheader(struct frame_builder *b)
{
	begin_outer(b);
	frame_erspan(b, 3, 0x2aa, true);
	frame_ethernet(b);
}

static inline void wrap_erspan_3_ip(struct frame_builder *b)
{
	begin_outer(b);
	frame_erspan(b, 3, 1, false);
	frame_set16(b, b->length - 2, 2 << 10);
}

static inline void wrap_vxlan(struct frame_builder *b)
{
	begin_overlay(b, 4789);
	frame_vxlan(b, 0xabcdef);
	frame_ethernet(b);
}

static inline void wrap_vxlan_answer(struct frame_builder *b)
{
	begin_outer(b);
	frame_udp(b, 8472, 12345);
	frame_vxlan(b, 1);
	frame_ethernet(b);
	frame_vlan(b, 0x8100, 3);
}

static inline void wrap_vxlan_group(struct frame_builder *b)
{
	begin_overlay(b, 4789);
	frame_vxlan(b, 77);
	frame_set32(b, b->length - 8, 0x88480005);
	frame_ethernet(b);
}

static inline void wrap_vxlan_gpe(struct frame_builder *b)
{
	begin_overlay(b, 4790);
	frame_vxlan_gpe(b, 0x10203);
}

static inline void wrap_vxlan_gpe_ethernet(struct frame_builder *b)
{
	begin_overlay(b, 4790);
	frame_vxlan_gpe(b, 0x10203);
	frame_ethernet(b);
}

static inline void wrap_vxlan_gpe_mpls(struct frame_builder *b)
{
	begin_overlay(b, 4790);
	frame_vxlan_gpe(b, 0x10203);
	frame_mpls(b, 99, true);
}

static inline void wrap_geneve(struct frame_builder *b)
{
	begin_overlay(b, 6081);
	frame_geneve(b, 0x654321, 3);
	frame_ethernet(b);
}

static inline void wrap_geneve_ip(struct frame_builder *b)
{
	begin_overlay(b, 6081);
	frame_geneve(b, 5, 0);
}

static inline void wrap_gtp(struct frame_builder *b)
{
	begin_udp(b, 2152);
	frame_gtp(b, 0x01020304, 0, 0);
}

static inline void wrap_gtp_extensions(struct frame_builder *b)
{
	begin_udp(b, 2152);
	frame_gtp(b, 0x01020304, 6, 2);
}

static inline void wrap_teredo(struct frame_builder *b)
{
	begin_udp(b, 3544);
}

static inline void wrap_teredo_indicators(struct frame_builder *b)
{
	begin_outer(b);
	frame_udp(b, 3544, 50000);
	frame_bytes(b, "\0\1\2\3ccvvv12345678\0", 18);
	frame_bytes(b, "\0\0\x12\x34\1\2\3\4", 8);
}

static inline void wrap_capwap(struct frame_builder *b)
{
	begin_udp(b, 5247);
	frame_capwap(b, 0, true);
	frame_wlan(b, 0x88, 0x01, 0, 0);
}

static inline void wrap_capwap_swapped(struct frame_builder *b)
{
	begin_udp(b, 5247);
	frame_capwap(b, 0x30, true);
	size_t at = b->length;
	frame_wlan(b, 0x08, 0x02, 0, 0);
	frame_set16(b, at, 0x0208);
	frame_differs_instead(b, at, 3u << 24);
}

static inline void wrap_capwap_ethernet(struct frame_builder *b)
{
	begin_udp(b, 5247);
	frame_capwap(b, 0x10, false);
	frame_ethernet(b);
}

static inline void wrap_l2tp(struct frame_builder *b)
{
	begin_udp(b, 1701);
	frame_l2tp(b, 0);
}

static inline void wrap_l2tp_all(struct frame_builder *b)
{
	begin_udp(b, 1701);
	frame_l2tp(b, 0x4a00);
}

static inline void wrap_mpls_in_udp(struct frame_builder *b)
{
	begin_overlay(b, 6635);
	frame_mpls(b, 7, false);
	frame_mpls(b, 8, true);
}

/* A mobile operator's tunnel around a customer's overlay. */
static inline void wrap_nested(struct frame_builder *b)
{
	frame_begin(b, FRAME_SLL2);
	frame_vlan(b, 0x88a8, 11);
	frame_ipv4(b, "203.0.113.1", "203.0.113.2");
	frame_udp(b, 2152, 2152);
	frame_gtp(b, 9, 0, 0);
	frame_ipv6(b, "2001:db8:aaaa::1", "2001:db8:aaaa::2");
	frame_udp(b, 1024, 4789);
	frame_vxlan(b, 12);
	frame_ethernet(b);
	frame_vlan(b, 0x8100, 13);
}

#endif
