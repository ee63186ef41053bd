/*
 * Link types: one table, a row for each.
 *
 * To add a link type, write its decoder and add a row: the LINKTYPE_ value of the registry at
 * https://www.tcpdump.org/linktypes.html, its name there, and the decoder of its outermost header.
 * The table declares the decoders, too.
 */
#ifndef PACKET_LINKTYPE_H
#define PACKET_LINKTYPE_H

#include <stdint.h>

#include "tcpmetro.h"

struct walk;

/* A decoder of one layer; see layers.h for what it returns. */
typedef enum tcpm_decode layer_decoder(struct walk *walk);

/* 12 and 14 are RAW under the numbers that operating systems use themselves; 100 is LLC (RFC 2684).
 */
#define LINKTYPES(ROW)                                                                             \
	ROW(0, "NULL", link_loopback)                                                              \
	ROW(1, "ETHERNET", link_ethernet)                                                          \
	ROW(9, "PPP", ppp_frame)                                                                   \
	ROW(12, "RAW", link_raw_ip)                                                                \
	ROW(14, "RAW", link_raw_ip)                                                                \
	ROW(50, "PPP_HDLC", hdlc_any)                                                              \
	ROW(51, "PPP_ETHER", ppp_over_ethernet)                                                    \
	ROW(100, "ATM_RFC1483", hdlc_llc)                                                          \
	ROW(101, "RAW", link_raw_ip)                                                               \
	ROW(104, "C_HDLC", hdlc_any)                                                               \
	ROW(105, "IEEE802_11", wlan_data)                                                          \
	ROW(107, "FRELAY", hdlc_frame_relay)                                                       \
	ROW(108, "LOOP", link_loopback)                                                            \
	ROW(109, "ENC", tap_enc)                                                                   \
	ROW(113, "LINUX_SLL", link_linux_sll)                                                      \
	ROW(117, "PFLOG", tap_pflog)                                                               \
	ROW(119, "IEEE802_11_PRISM", radio_prism)                                                  \
	ROW(127, "IEEE802_11_RADIOTAP", radio_radiotap)                                            \
	ROW(163, "IEEE802_11_AVS", radio_avs)                                                      \
	ROW(166, "PPP_PPPD", ppp_direction)                                                        \
	ROW(192, "PPI", radio_ppi)                                                                 \
	ROW(204, "PPP_WITH_DIR", ppp_direction)                                                    \
	ROW(219, "MPLS", mpls_entry)                                                               \
	ROW(228, "IPV4", ip_v4)                                                                    \
	ROW(229, "IPV6", ip_v6)                                                                    \
	ROW(239, "NFLOG", tap_nflog)                                                               \
	ROW(258, "PKTAP", tap_pktap)                                                               \
	ROW(276, "LINUX_SLL2", link_linux_sll2)

#define LINKTYPE_DECLARE(value, name, decoder) layer_decoder decoder;
LINKTYPES(LINKTYPE_DECLARE)
#undef LINKTYPE_DECLARE

/* The decoder of a link type's outermost header; NULL: it is not decoded. */
layer_decoder *linktype_decoder(uint32_t linktype);

#endif
