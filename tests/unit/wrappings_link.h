/*
 * Links, radios and a system's own taps, one function for each way in which TCP is found
 * there: it begins a frame and ends where the IP header comes.
 */
#ifndef UNIT_WRAPPINGS_LINK_H
#define UNIT_WRAPPINGS_LINK_H

#include "tunnel_builder.h"

static inline void wrap_snap(struct frame_builder *b)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_snap(b, 0);
}

static inline void wrap_snap_bridge(struct frame_builder *b)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_vlan(b, 0x8100, 9);
	frame_snap(b, 0x0000f8);
}

static inline void wrap_llc_ip(struct frame_builder *b)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_length_at(b, 12, 14);
	frame_bytes(b, "\6\6\3", 3);
	b->next = FRAME_NEXT_NONE;
}

static inline void wrap_vlan_9200(struct frame_builder *b)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_vlan(b, 0x9200, 10);
	frame_vlan(b, 0x9300, 20);
}

static inline void wrap_sll_llc(struct frame_builder *b)
{
	frame_begin(b, FRAME_SLL);
	frame_announce(b, 4, 0, 0);
	b->next = FRAME_NEXT_NONE;
	frame_snap(b, 0);
}

static inline void wrap_mpls(struct frame_builder *b)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_mpls(b, 1000, true);
}

static inline void wrap_mpls_multicast_stack(struct frame_builder *b)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_mpls(b, 1000, false);
	frame_announce(b, 0x8848, 0, 0);
	frame_set16(b, 12, 0x8848);
	frame_mpls(b, 1001, false);
	frame_mpls(b, 1002, true);
}

static inline void wrap_mpls_ethernet(struct frame_builder *b)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_mpls(b, 1000, true);
	frame_ethernet(b);
}

static inline void wrap_mpls_control_word(struct frame_builder *b)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_mpls(b, 1000, true);
	frame_set32(b, frame_grow(b, 4), 0x00001234);
	frame_ethernet(b);
	frame_vlan(b, 0x8100, 7);
}

/* Frames whose first address starts as an IP header does. */
static inline void wrap_mpls_ethernet_like_ipv4(struct frame_builder *b)
{
	wrap_mpls_ethernet(b);
	frame_set8(b, b->length - 14, 0x45);
}

static inline void wrap_mpls_ethernet_like_ipv6(struct frame_builder *b)
{
	wrap_mpls_ethernet(b);
	frame_set8(b, b->length - 14, 0x60);
}

static inline void wrap_mpls_snap(struct frame_builder *b)
{
	wrap_mpls_ethernet(b);
	frame_snap(b, 0);
}

static inline void wrap_mpls_link(struct frame_builder *b)
{
	frame_begin_with(b, 219, "", 0, FRAME_NEXT_NONE, 0);
	frame_mpls(b, 3, true);
}

static inline void wrap_pppoe(struct frame_builder *b)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_vlan(b, 0x8100, 35);
	frame_pppoe(b, 0x1234);
}

static inline void wrap_pppoe_mpls(struct frame_builder *b)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_pppoe(b, 0x1234);
	frame_mpls(b, 16, true);
}

static inline void wrap_ppp_ethertype(struct frame_builder *b)
{
	frame_begin(b, FRAME_ETHERNET);
	frame_announce(b, 0x880b, 0, 0);
	frame_ppp(b, false, false);
}

static inline void wrap_ppp(struct frame_builder *b)
{
	frame_begin_with(b, 9, "", 0, FRAME_NEXT_NONE, 0);
	frame_ppp(b, true, false);
}

static inline void wrap_ppp_bare(struct frame_builder *b)
{
	frame_begin_with(b, 9, "", 0, FRAME_NEXT_NONE, 0);
	frame_ppp(b, false, true);
}

static inline void wrap_ppp_hdlc(struct frame_builder *b)
{
	frame_begin_with(b, 50, "", 0, FRAME_NEXT_NONE, 0);
	frame_ppp(b, true, true);
}

static inline void wrap_ppp_ether(struct frame_builder *b)
{
	frame_begin_with(b, 51, "", 0, FRAME_NEXT_NONE, 0);
	frame_pppoe(b, 0x4321);
}

static inline void wrap_ppp_pppd(struct frame_builder *b)
{
	frame_begin_with(b, 166, "\1\3", 2, FRAME_NEXT_NONE, 0);
	frame_ppp(b, false, false);
}

static inline void wrap_ppp_with_dir(struct frame_builder *b)
{
	frame_begin_with(b, 204, "", 1, FRAME_NEXT_NONE, 0);
	frame_differs(b, 0, 1u << 24); /* received, sent */
	frame_ppp(b, true, false);
}

static inline void wrap_atm(struct frame_builder *b)
{
	frame_begin_with(b, 100, "", 0, FRAME_NEXT_NONE, 0);
	frame_snap(b, 0);
}

static inline void wrap_cisco_hdlc(struct frame_builder *b)
{
	frame_begin_with(b, 104, "\x0f\0\0\0", 4, FRAME_NEXT_ETHERTYPE, 2);
}

static inline void wrap_cisco_hdlc_mpls(struct frame_builder *b)
{
	frame_begin_with(b, 104, "\x8f\0\0\0", 4, FRAME_NEXT_ETHERTYPE, 2);
	frame_mpls(b, 30, true);
}

static inline void wrap_cisco_hdlc_ppp(struct frame_builder *b)
{
	frame_begin_with(b, 104, "", 0, FRAME_NEXT_NONE, 0);
	frame_ppp(b, true, false);
}

static inline void wrap_frame_relay(struct frame_builder *b)
{
	frame_begin_with(b, 107, "\x18\x41\3\0", 4, FRAME_NEXT_NLPID, 3);
}

static inline void wrap_frame_relay_pad(struct frame_builder *b)
{
	frame_begin_with(b, 107, "\x18\x40\x40\x41\3\0\xcf", 7, FRAME_NEXT_NONE, 0);
	frame_ppp(b, false, false);
}

static inline void wrap_frame_relay_snap(struct frame_builder *b)
{
	frame_begin_with(b, 107, "\x18\x41\3\0\x80\0\0\0\0\0", 10, FRAME_NEXT_ETHERTYPE, 8);
}

static inline void wrap_frame_relay_cisco(struct frame_builder *b)
{
	frame_begin_with(b, 107, "\x18\x41\0\0", 4, FRAME_NEXT_ETHERTYPE, 2);
}

static inline void wrap_wlan(struct frame_builder *b)
{
	frame_begin_with(b, 105, "", 0, FRAME_NEXT_NONE, 0);
	frame_wlan(b, 0x08, 0x01, 0, 0);
}

static inline void wrap_wlan_qos(struct frame_builder *b)
{
	frame_begin_with(b, 105, "", 0, FRAME_NEXT_NONE, 0);
	frame_wlan(b, 0x88, 0x0a, 5, 0);
}

static inline void wrap_wlan_four_addresses(struct frame_builder *b)
{
	frame_begin_with(b, 105, "", 0, FRAME_NEXT_NONE, 0);
	frame_wlan(b, 0x88, 0x83, 0, 0);
}

static inline void wrap_wlan_aggregate(struct frame_builder *b)
{
	frame_begin_with(b, 105, "", 0, FRAME_NEXT_NONE, 0);
	frame_wlan(b, 0x88, 0x82, 0x80, 0);
}

static inline void wrap_radiotap(struct frame_builder *b)
{
	frame_begin_with(b, 127, "\0\0\x09\0\2\0\0\0\x10", 9, FRAME_NEXT_NONE, 0);
	frame_wlan(b, 0x08, 0x02, 0, 0);
}

/* A time, flags that tell of padding, two words of what is present. */
static inline void wrap_radiotap_padded(struct frame_builder *b)
{
	frame_begin_with(b, 127, "\0\0\x1a\0\3\0\0\x80\0\0\0\0\0\0\0\0\1\2\3\4\5\6\7\x08\x20\0", 26,
			 FRAME_NEXT_NONE, 0);
	frame_wlan(b, 0x88, 0x02, 0, 2);
}

static inline void wrap_ppi(struct frame_builder *b)
{
	frame_begin_with(b, 192, "\0\0\x20\0\x69\0\0\0\2\0\x14\0", 12, FRAME_NEXT_NONE, 0);
	frame_set8(b, frame_grow(b, 20) + 8, 1); /* with a checksum at the end */
	frame_wlan(b, 0x88, 0x01, 0, 0);
}

static inline void wrap_ppi_ethernet(struct frame_builder *b)
{
	frame_begin_with(b, 192, "\0\0\x0c\0\1\0\0\0\x99\0\0\0", 12, FRAME_NEXT_NONE, 0);
	frame_ethernet(b);
}

static inline void wrap_prism(struct frame_builder *b)
{
	frame_begin(b, 101);
	b->linktype = 119;
	frame_grow(b, 144);
	frame_set8(b, 0, 0x44);
	frame_set8(b, 4, 144);
	frame_wlan(b, 0x08, 0x01, 0, 0);
}

static inline void wrap_prism_avs(struct frame_builder *b)
{
	frame_begin_with(b, 119, "\x80\x21\x10\1\0\0\0\x0c\0\0\0\0", 12, FRAME_NEXT_NONE, 0);
	frame_wlan(b, 0x08, 0x01, 0, 0);
}

static inline void wrap_avs(struct frame_builder *b)
{
	frame_begin_with(b, 163, "\x80\x21\x10\2\0\0\0\x0c\0\0\0\0", 12, FRAME_NEXT_NONE, 0);
	frame_wlan(b, 0x08, 0x01, 0, 0);
}

static inline void wrap_pflog(struct frame_builder *b)
{
	frame_begin(b, 101);
	b->linktype = 117;
	frame_grow(b, 64);
	frame_set8(b, 0, 61);
	frame_next(b, FRAME_NEXT_FAMILY_BYTE, 1);
}

static inline void wrap_nflog(struct frame_builder *b)
{
	frame_begin_with(b, 239,
			 "\0\0\0\7\x08\0\1\0\x08\0\0\0"
			 "\5\0\x0a\0\0\0\0\0\x6c\0\x09\0",
			 24, FRAME_NEXT_FAMILY_BYTE, 0);
}

static inline void wrap_nflog_big_endian(struct frame_builder *b)
{
	frame_begin_with(b, 239, "\0\0\0\7\0\6\0\x0a\0\0\0\0\0\x6c\0\x09", 16,
			 FRAME_NEXT_FAMILY_BYTE, 0);
}

static inline void wrap_enc(struct frame_builder *b)
{
	frame_begin_with(b, 109, "\0\0\0\0\0\0\1\1\0\0\0\0", 12, FRAME_NEXT_FAMILY_LITTLE, 0);
}

static inline void wrap_pktap(struct frame_builder *b)
{
	frame_begin(b, 101);
	b->linktype = 258;
	frame_grow(b, 108);
	frame_set8(b, 0, 108);
	frame_set8(b, 4, 1);
	frame_set8(b, 8, 1);
	b->next = FRAME_NEXT_NONE;
	frame_ethernet(b);
}

#endif
