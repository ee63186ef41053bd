/*
 * Every way in which TCP is found, one function each: they begin a frame and end where
 * the innermost IP header comes. The tests go through all of them, and so do the seeds
 * of the fuzz target.
 */
#ifndef UNIT_WRAPPINGS_H
#define UNIT_WRAPPINGS_H

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
	begin_udp(b, 4789);
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
	begin_udp(b, 4789);
	frame_vxlan(b, 77);
	frame_set32(b, b->length - 8, 0x88480005);
	frame_ethernet(b);
}

static inline void wrap_vxlan_gpe(struct frame_builder *b)
{
	begin_udp(b, 4790);
	frame_vxlan_gpe(b, 0x10203);
}

static inline void wrap_vxlan_gpe_ethernet(struct frame_builder *b)
{
	begin_udp(b, 4790);
	frame_vxlan_gpe(b, 0x10203);
	frame_ethernet(b);
}

static inline void wrap_vxlan_gpe_mpls(struct frame_builder *b)
{
	begin_udp(b, 4790);
	frame_vxlan_gpe(b, 0x10203);
	frame_mpls(b, 99, true);
}

static inline void wrap_geneve(struct frame_builder *b)
{
	begin_udp(b, 6081);
	frame_geneve(b, 0x654321, 3);
	frame_ethernet(b);
}

static inline void wrap_geneve_ip(struct frame_builder *b)
{
	begin_udp(b, 6081);
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
	begin_udp(b, 6635);
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

struct wrapping {
	const char *name;
	void (*begin)(struct frame_builder *b);
	int version;        /* of the IP inside: 4 or 6, or 0: any; 3: IPv6 with a Teredo address */
	uint8_t kinds[4];   /* of the labels */
	uint32_t labels[4]; /* and the labels; a tunnel's ends not compared */
};

static const struct wrapping wrappings[] = {
	{"snap", wrap_snap, 0, {0}, {0}},
	{"snap-bridge", wrap_snap_bridge, 0, {TCPM_LABEL_VLAN}, {9}},
	{"llc-ip", wrap_llc_ip, 4, {0}, {0}},
	{"vlan-9200", wrap_vlan_9200, 0, {TCPM_LABEL_VLAN, TCPM_LABEL_VLAN}, {10, 20}},
	{"sll-llc", wrap_sll_llc, 0, {0}, {0}},
	{"mpls", wrap_mpls, 0, {0}, {0}},
	{"mpls-stack", wrap_mpls_multicast_stack, 0, {0}, {0}},
	{"mpls-ethernet", wrap_mpls_ethernet, 0, {0}, {0}},
	{"mpls-control-word", wrap_mpls_control_word, 0, {TCPM_LABEL_VLAN}, {7}},
	{"mpls-ethernet-4", wrap_mpls_ethernet_like_ipv4, 0, {0}, {0}},
	{"mpls-ethernet-6", wrap_mpls_ethernet_like_ipv6, 0, {0}, {0}},
	{"mpls-snap", wrap_mpls_snap, 0, {0}, {0}},
	{"mpls-link", wrap_mpls_link, 0, {0}, {0}},
	{"pppoe", wrap_pppoe, 0, {TCPM_LABEL_VLAN, TCPM_LABEL_PPPOE}, {35, 0x1234}},
	{"pppoe-mpls", wrap_pppoe_mpls, 0, {TCPM_LABEL_PPPOE}, {0x1234}},
	{"ppp-ethertype", wrap_ppp_ethertype, 0, {0}, {0}},
	{"ppp", wrap_ppp, 0, {0}, {0}},
	{"ppp-bare", wrap_ppp_bare, 0, {0}, {0}},
	{"ppp-hdlc", wrap_ppp_hdlc, 0, {0}, {0}},
	{"ppp-ether", wrap_ppp_ether, 0, {TCPM_LABEL_PPPOE}, {0x4321}},
	{"ppp-pppd", wrap_ppp_pppd, 0, {0}, {0}},
	{"ppp-with-dir", wrap_ppp_with_dir, 0, {0}, {0}},
	{"atm", wrap_atm, 0, {0}, {0}},
	{"cisco-hdlc", wrap_cisco_hdlc, 0, {0}, {0}},
	{"cisco-hdlc-mpls", wrap_cisco_hdlc_mpls, 0, {0}, {0}},
	{"cisco-hdlc-ppp", wrap_cisco_hdlc_ppp, 0, {0}, {0}},
	{"frame-relay", wrap_frame_relay, 0, {0}, {0}},
	{"frame-relay-pad", wrap_frame_relay_pad, 0, {0}, {0}},
	{"frame-relay-snap", wrap_frame_relay_snap, 0, {0}, {0}},
	{"frame-relay-cisco", wrap_frame_relay_cisco, 0, {0}, {0}},
	{"wlan", wrap_wlan, 0, {0}, {0}},
	{"wlan-qos", wrap_wlan_qos, 0, {0}, {0}},
	{"wlan-four-addresses", wrap_wlan_four_addresses, 0, {0}, {0}},
	{"wlan-aggregate", wrap_wlan_aggregate, 0, {0}, {0}},
	{"radiotap", wrap_radiotap, 0, {0}, {0}},
	{"radiotap-padded", wrap_radiotap_padded, 0, {0}, {0}},
	{"ppi", wrap_ppi, 0, {0}, {0}},
	{"ppi-ethernet", wrap_ppi_ethernet, 0, {0}, {0}},
	{"prism", wrap_prism, 0, {0}, {0}},
	{"prism-avs", wrap_prism_avs, 0, {0}, {0}},
	{"avs", wrap_avs, 0, {0}, {0}},
	{"pflog", wrap_pflog, 0, {0}, {0}},
	{"nflog", wrap_nflog, 0, {0}, {0}},
	{"nflog-big-endian", wrap_nflog_big_endian, 0, {0}, {0}},
	{"enc", wrap_enc, 0, {0}, {0}},
	{"pktap", wrap_pktap, 0, {0}, {0}},
	{"ip-in-ipv4", wrap_ip_in_ipv4, 0, {TCPM_LABEL_TUNNEL}, {0}},
	{"ip-in-ipv6", wrap_ip_in_ipv6, 0, {TCPM_LABEL_TUNNEL}, {0}},
	{"authenticated", wrap_authenticated, 0, {TCPM_LABEL_TUNNEL}, {0}},
	{"mpls-in-ip", wrap_mpls_in_ip, 0, {TCPM_LABEL_TUNNEL}, {0}},
	{"etherip", wrap_etherip, 0, {TCPM_LABEL_TUNNEL}, {0}},
	{"gre", wrap_gre, 0, {TCPM_LABEL_TUNNEL}, {0}},
	{"gre-key", wrap_gre_key, 0, {TCPM_LABEL_GRE}, {0xdeadbeef}},
	{"gre-ethernet", wrap_gre_ethernet, 0, {TCPM_LABEL_GRE}, {4711}},
	{"nvgre", wrap_nvgre, 0, {TCPM_LABEL_GRE}, {0x123456}},
	{"gre-mpls", wrap_gre_mpls, 0, {TCPM_LABEL_TUNNEL}, {0}},
	{"pptp", wrap_pptp, 0, {TCPM_LABEL_TUNNEL}, {0}},
	{"pptp-ack", wrap_pptp_acknowledgement, 0, {TCPM_LABEL_TUNNEL}, {0}},
	{"erspan-1", wrap_erspan_1, 0, {TCPM_LABEL_TUNNEL}, {0}},
	{"erspan-2", wrap_erspan_2, 0, {TCPM_LABEL_ERSPAN, TCPM_LABEL_VLAN}, {0x155, 100}},
	{"erspan-3", wrap_erspan_3, 0, {TCPM_LABEL_ERSPAN}, {0x3ff}},
	{"erspan-3-subheader", wrap_erspan_3_subheader, 0, {TCPM_LABEL_ERSPAN}, {0x2aa}},
	{"erspan-3-ip", wrap_erspan_3_ip, 0, {TCPM_LABEL_ERSPAN}, {1}},
	{"vxlan", wrap_vxlan, 0, {TCPM_LABEL_VXLAN}, {0xabcdef}},
	{"vxlan-answer", wrap_vxlan_answer, 0, {TCPM_LABEL_VXLAN, TCPM_LABEL_VLAN}, {1, 3}},
	{"vxlan-group", wrap_vxlan_group, 0, {TCPM_LABEL_VXLAN}, {77}},
	{"vxlan-gpe", wrap_vxlan_gpe, 0, {TCPM_LABEL_VXLAN}, {0x10203}},
	{"vxlan-gpe-ethernet", wrap_vxlan_gpe_ethernet, 0, {TCPM_LABEL_VXLAN}, {0x10203}},
	{"vxlan-gpe-mpls", wrap_vxlan_gpe_mpls, 0, {TCPM_LABEL_VXLAN}, {0x10203}},
	{"geneve", wrap_geneve, 0, {TCPM_LABEL_GENEVE}, {0x654321}},
	{"geneve-ip", wrap_geneve_ip, 0, {TCPM_LABEL_GENEVE}, {5}},
	{"gtp", wrap_gtp, 0, {TCPM_LABEL_TUNNEL}, {0}},
	{"gtp-extensions", wrap_gtp_extensions, 0, {TCPM_LABEL_TUNNEL}, {0}},
	{"teredo", wrap_teredo, 3, {TCPM_LABEL_TUNNEL}, {0}},
	{"teredo-indicators", wrap_teredo_indicators, 3, {TCPM_LABEL_TUNNEL}, {0}},
	{"capwap", wrap_capwap, 0, {TCPM_LABEL_TUNNEL}, {0}},
	{"capwap-swapped", wrap_capwap_swapped, 0, {TCPM_LABEL_TUNNEL}, {0}},
	{"capwap-ethernet", wrap_capwap_ethernet, 0, {TCPM_LABEL_TUNNEL}, {0}},
	{"l2tp", wrap_l2tp, 0, {TCPM_LABEL_TUNNEL}, {0}},
	{"l2tp-all", wrap_l2tp_all, 0, {TCPM_LABEL_TUNNEL}, {0}},
	{"mpls-in-udp", wrap_mpls_in_udp, 0, {TCPM_LABEL_TUNNEL}, {0}},
	{"nested",
	 wrap_nested,
	 0,
	 {TCPM_LABEL_VLAN, TCPM_LABEL_TUNNEL, TCPM_LABEL_VXLAN, TCPM_LABEL_VLAN},
	 {11, 0, 12, 13}},
};

#define WRAPPINGS (sizeof(wrappings) / sizeof(*wrappings))

#endif
