/*
 * One frame, decoded as far as round-trip times need it.
 *
 * packet_decode is a pure function of the frame's bytes: no allocation, no
 * state, each read checked against the captured length. Lengths of data come
 * from the IP header, so a frame cut short by the snap length still tells where
 * its segment ends.
 */
#ifndef PACKET_PACKET_H
#define PACKET_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpmetro.h"

/* The link type of nearly all captures, of the registry at
 * https://www.tcpdump.org/linktypes.html. */
#define PACKET_LINKTYPE_ETHERNET 1

/* Layers in front of TCP walked before a frame is given up as TCPM_DECODE_TOO_DEEP.
 * Each header is one: link, VLAN tag, MPLS label, IP, extension, GRE; a UDP header
 * counts together with the tunnel header behind it. Real networks' deepest stacks, an
 * overlay of Ethernet in a mobile operator's tunnel under tags and labels, take about
 * twelve. */
#define PACKET_MAX_LAYERS 16

#define PACKET_MAX_PORTS TCPM_MAX_TUNNEL_PORTS

/* The ports of each kind, in any order; 0 ends a list that is not full, and a kind
 * whose first port is 0 is not looked for. A port listed under two kinds is taken for
 * the first one. */
struct packet_ports {
	uint16_t port[TCPM_TUNNELS][PACKET_MAX_PORTS];
};

/* IANA's ports, and 8472, Linux' for VXLAN from before there was one. */
extern const struct packet_ports packet_default_ports;

/* The default ports, but for the kinds that are asked for, which have these instead.
 * False: an unknown kind, port 0, or more than PACKET_MAX_PORTS of a kind. */
bool packet_ports_set(struct packet_ports *ports, const struct tcpm_tunnel_port *asked,
		      size_t count);

/* Flags of the TCP header (RFC 9293 3.1). */
enum {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
};

/* One SACK block: sequence numbers [left, right) (RFC 2018 section 3). */
struct sack_block {
	uint32_t left;
	uint32_t right;
};

/* A header's option space holds at most four blocks. */
#define PACKET_MAX_SACK 4

/* No window, and so no segment, is larger (RFC 7323 2.3); a header that claims more
 * is MALFORMED. Keeps sequence arithmetic on a segment's end safe. */
#define PACKET_MAX_LENGTH ((uint32_t)1 << 30)

/* How many labels of one frame are kept apart; the deepest holds what more there are,
 * mixed into it. */
#define PACKET_MAX_LABELS TCPM_MAX_LABELS

/* First what matching needs, then what names the flow or is there now and then. */
struct packet {
	/* Together: what a decoder clears at once, and what is asked together. */
	uint8_t version; /* 4 or 6 */
	uint8_t label_count;
	uint8_t sack_count;
	/* A first fragment: at least `length` bytes of data, maybe more. Of the innermost IP
	 * header: one that is whole tells its length even if a tunnel around it is cut up. */
	bool more_data;
	bool has_timestamps;
	bool options_cut; /* some bytes of the TCP options were not captured */
	bool has_window_scale;
	bool sack_permitted;

	uint8_t flags;        /* TCP_ flags, and the two for congestion above them as they are */
	uint8_t window_scale; /* RFC 7323 2.2, at most 14; 0 without has_window_scale */
	uint16_t ip_id;       /* IPv4 identification, the innermost; 0 for IPv6 */
	uint16_t checksum;    /* TCP checksum as captured, not verified */
	uint16_t mss;         /* option 2; 0: none */
	uint16_t window;      /* as in the header, unscaled */
	uint32_t seq;
	uint32_t ack; /* valid with TCP_ACK */
	/* Bytes of TCP data, by the IP header, or by the frame where that says 0
	 * (segmentation offload, jumbogram); SYN and FIN not counted. */
	uint32_t length;
	uint32_t tsval; /* RFC 7323; both 0 without has_timestamps */
	uint32_t tsecr;

	uint16_t source_port;
	uint16_t target_port;
	uint8_t source[16]; /* IPv4 in the first four bytes, the rest zero */
	uint8_t target[16];
	/* What tells the packet's network from others, outermost first: VLAN ids and the
	 * numbers of tunnels; label_count of them, the rest zero. Only what is the same in
	 * both directions: MPLS labels, GTP tunnel endpoint ids, PPTP call ids and L2TP
	 * session ids are each receiver's own, and would tear a flow in two. Where a tunnel
	 * has no number for both ways, its two ends are the label (TCPM_LABEL_TUNNEL). */
	uint8_t label_kind[PACKET_MAX_LABELS]; /* enum tcpm_label */
	uint32_t label[PACKET_MAX_LABELS];
	struct sack_block sack[PACKET_MAX_SACK]; /* sack_count of them; the rest unspecified */
};

/*
 * Decodes a frame into *packet. TCPM_DECODE_TCP: *packet is filled. Any other
 * value: *packet is unspecified and the value says why.
 *
 * A TCP header whose options are cut off by the snap length, or go on in the next
 * fragment, or hold a bad length, is used without the options from there on. One
 * whose first 20 bytes are not all there is TRUNCATED if the capture cut them off,
 * FRAGMENT if they go on in the next fragment, MALFORMED if they do not fit the
 * length that the IP header tells.
 *
 * A tunnel in UDP that turns out to be none is NOT_TCP. So is what is not IP inside a
 * tunnel over IP; NOT_IP are frames without any IP, and encrypted 802.11.
 */
enum tcpm_decode packet_decode(const struct tcpm_frame *frame, struct packet *packet);

/* The same with other ports for tunnels in UDP than packet_default_ports. */
enum tcpm_decode packet_decode_with(const struct packet_ports *ports,
				    const struct tcpm_frame *frame, struct packet *packet);

#endif
