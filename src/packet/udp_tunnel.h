/*
 * Tunnels in UDP: one table, a row for each.
 *
 * To add a tunnel, give it a value of enum tcpm_tunnel (tcpmetro.h), write its decoder, and add a
 * row: kind, name, decoder, and its default ports. Options, their error texts, the kernel filter of
 * live captures and the tests read this table, which declares the decoders, too.
 *
 * A decoder is called with the walk behind the UDP header and its end where that header says.
 * NOT_TCP or MALFORMED: it is something else; the packet is then as it was, so labels are added
 * last.
 */
#ifndef PACKET_UDP_TUNNEL_H
#define PACKET_UDP_TUNNEL_H

#include "packet/linktype.h"
#include "tcpmetro.h"

/* IANA's ports; 8472 is Linux's for VXLAN from before there was one. */
#define UDP_TUNNELS(ROW)                                                                           \
	ROW(TCPM_TUNNEL_VXLAN, "vxlan", overlay_vxlan, 4789, 8472)                                 \
	ROW(TCPM_TUNNEL_VXLAN_GPE, "vxlan-gpe", overlay_vxlan_gpe, 4790)                           \
	ROW(TCPM_TUNNEL_GENEVE, "geneve", overlay_geneve, 6081)                                    \
	ROW(TCPM_TUNNEL_GTP_U, "gtp-u", gtp_user, 2152)                                            \
	ROW(TCPM_TUNNEL_TEREDO, "teredo", teredo_header, 3544)                                     \
	ROW(TCPM_TUNNEL_CAPWAP, "capwap", capwap_data, 5247)                                       \
	ROW(TCPM_TUNNEL_L2TP, "l2tp", l2tp_data, 1701)                                             \
	ROW(TCPM_TUNNEL_MPLS, "mpls", mpls_in_udp, 6635)

#define UDP_TUNNEL_DECLARE(kind, name, decoder, ...) layer_decoder decoder;
UDP_TUNNELS(UDP_TUNNEL_DECLARE)
#undef UDP_TUNNEL_DECLARE

#endif
