/*
 * Every way in which TCP is found: the functions of wrappings_link.h and
 * wrappings_tunnel.h in one table, and a packet in any of them. The tests go through all
 * of them, and so do the seeds of the fuzz target.
 */
#ifndef UNIT_WRAPPINGS_H
#define UNIT_WRAPPINGS_H

#include "wrappings_link.h"
#include "wrappings_tunnel.h"

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

/* A TCP packet between a client, port 40000, and a server, port 80. */
struct wrapped_packet {
	bool by_server;
	unsigned flags;
	uint32_t seq, ack;
	unsigned data; /* bytes */
	unsigned mss;  /* 0: no such option */
	unsigned ipv4_id;
};

/* What is inside, in the order of `inner` below. */
static const int wrapped_versions[] = {4, 6, 3};

static inline bool wrapping_holds(const struct wrapping *wrapping, int inner)
{
	return wrapping->version == 0 ? inner < 2 : wrapping->version == wrapped_versions[inner];
}

/* Goes on where the innermost IP header comes: IPv4 (inner 0), IPv6 (1), or IPv6 with a
 * Teredo address (2). A packet of the server's is one of the other direction throughout. */
static inline struct tcpm_frame wrapped_end(struct frame_builder *b, int inner,
					    const struct wrapped_packet *packet)
{
	static const char *const clients[] = {"192.0.2.1", "2001:db8::1", "2001:0:4136:e378::1"};
	static const char *const servers[] = {"198.51.100.2", "2001:db8:0:1::2", "2001:db8::2"};

	if (inner == 0) {
		frame_ipv4(b, clients[0], servers[0]);
		frame_set16(b, b->ip_at + 4, packet->ipv4_id);
	} else {
		frame_ipv6(b, clients[inner], servers[inner]);
	}
	if (packet->by_server)
		frame_turn(b);
	frame_tcp(b, (struct frame_tcp){.source_port = packet->by_server ? 80 : 40000,
					.target_port = packet->by_server ? 40000 : 80,
					.seq = packet->seq,
					.ack = packet->ack,
					.flags = (uint8_t)packet->flags,
					.window = 1000});
	if (packet->mss)
		frame_mss(b, packet->mss);
	frame_data(b, packet->data);
	return frame_end(b);
}

#endif
