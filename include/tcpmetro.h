/*
 * tcpmetro: passively measures TCP round-trip times from captured packets.
 *
 * The library is one object, the engine. Feed it frames in the order of their
 * capture; it calls the handler with a sample while it processes the frame that
 * proves it. It reads no clock, opens no file, logs nothing and starts no thread. One
 * engine is used by one thread at a time; engines are independent.
 *
 *	engine = tcpm_engine_new(NULL, &handler);
 *	for each frame of the capture
 *		tcpm_engine_feed(engine, &frame, 1);
 *	tcpm_engine_flush(engine);
 *	tcpm_engine_free(engine);
 *
 * A frame begins with the header that its link type names. Packets that begin with
 * their IP header have link type 101 (LINKTYPE_RAW). docs/examples/samples.c is a
 * whole program.
 *
 * All times are int64_t nanoseconds since 1970, taken from the frames. Structures that
 * the caller fills are to be initialised to zero: zero means the default, and what later
 * versions add will mean what this version does.
 */
#ifndef TCPMETRO_H
#define TCPMETRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TCPM_API __attribute__((visibility("default")))
#else
#define TCPM_API
#endif

/* An IPv4 (version 4, in the first four bytes, the rest zero) or IPv6
 * (version 6) address, in network byte order. */
struct tcpm_address {
	uint8_t version;
	uint8_t bytes[16];
};

/* What the number of a label is. */
enum tcpm_label {
	TCPM_LABEL_NONE,
	TCPM_LABEL_VLAN,   /* VLAN id, 1 to 4095 (IEEE 802.1Q) */
	TCPM_LABEL_PPPOE,  /* session id (RFC 2516) */
	TCPM_LABEL_GRE,    /* key (RFC 2890) */
	TCPM_LABEL_ERSPAN, /* session id */
	TCPM_LABEL_VXLAN,  /* VNI (RFC 7348) */
	TCPM_LABEL_GENEVE, /* VNI (RFC 8926) */
	TCPM_LABEL_TUNNEL, /* a tunnel without a number of its own: a hash of its two ends */
	TCPM_LABELS
};

/* How many labels of a frame are kept; deeper ones are mixed into the last. */
#define TCPM_MAX_LABELS 4

/*
 * What distinguishes flows: two endpoints, and the labels of the networks in which the flow
 * was seen, outermost first: VLAN ids (a priority tag, id 0, names no network
 * and is left out) and the numbers of tunnels. Endpoint 0 is the lower one by
 * (address, port), so both directions have the same id.
 */
struct tcpm_flow_id {
	struct tcpm_address address[2];
	uint16_t port[2];                    /* host byte order */
	uint8_t label_kind[TCPM_MAX_LABELS]; /* enum tcpm_label; TCPM_LABEL_NONE behind the last */
	uint32_t label[TCPM_MAX_LABELS];
	uint32_t interface; /* of the flow's first frame; not part of its identity */
};

/* How a sample was matched. */
enum tcpm_method {
	TCPM_METHOD_SYN,  /* SYN to SYN-ACK, SYN-ACK to ACK */
	TCPM_METHOD_ACK,  /* data, by the cumulative acknowledgement (RFC 9293 3.10.7.4) */
	TCPM_METHOD_SACK, /* data that arrived out of order, by a SACK block (RFC 2018) */
	TCPM_METHOD_ECHO, /* retransmitted data, resolved by the timestamp echo (RFC 7323) */
	TCPM_METHODS
};

/* What a sample may include besides the delay of the path. */
enum tcpm_class {
	TCPM_CLASS_NETWORK,  /* network delay: TCP required the receiver to acknowledge at once */
	TCPM_CLASS_RESPONSE, /* may include a delayed-ACK timer or the application's time */
	TCPM_CLASSES
};

/* Why an acknowledgement of new data gave no sample. */
enum tcpm_reason {
	TCPM_REASON_AMBIGUOUS,     /* data sent more than once (Karn), and no echo resolves it */
	TCPM_REASON_CONTRADICTION, /* the timestamp echo is of a segment that was not seen */
	TCPM_REASON_PARTIAL,       /* a later part of a segment already timed by its first part */
	TCPM_REASON_GAP,           /* covers data that the capture did not see */
	TCPM_REASON_UNSEEN,        /* all of the data was never seen, though other data was */
	TCPM_REASON_ONE_SIDED,     /* nothing of the sender was ever seen */
	TCPM_REASON_UNTIMED,       /* no room was left to remember the segment */
	TCPM_REASON_CLOCK,         /* no time, time set back, or a negative or absurd round trip */
	TCPM_REASON_OVERDUE,       /* later than TCP allows: its acknowledgement was not captured */
	TCPM_REASONS
};

/* How a frame was decoded. Each one is counted exactly once. */
enum tcpm_decode {
	TCPM_DECODE_TCP,       /* a TCP packet, used */
	TCPM_DECODE_NOT_IP,    /* another protocol on the link (ARP, ...) */
	TCPM_DECODE_NOT_TCP,   /* IP, but not TCP */
	TCPM_DECODE_FRAGMENT,  /* an IP fragment without the TCP header */
	TCPM_DECODE_TRUNCATED, /* captured too short for its headers */
	TCPM_DECODE_MALFORMED, /* headers that contradict themselves */
	TCPM_DECODE_LINKTYPE,  /* a link type that is not decoded */
	TCPM_DECODE_TOO_DEEP,  /* more layers than are walked */
	TCPM_DECODES
};

/* The time of a frame whose time is not known. It proves no round trip. */
#define TCPM_NO_TIME INT64_MIN

/* One frame as captured. The bytes are the caller's and are only read during
 * the call that they are handed to. */
struct tcpm_frame {
	const uint8_t *bytes;
	uint32_t captured;    /* bytes that are there */
	uint32_t wire_length; /* bytes that were on the wire, as the capture says */
	int64_t time_ns;      /* TCPM_NO_TIME: not known */
	uint64_t number;      /* the record's number in its file, from 1 */
	uint32_t interface;   /* the caller's; handed back in samples */
	uint16_t linktype;    /* LINKTYPE_ value of tcpdump.org's registry */
};

/* What one direction of a flow sent. */
struct tcpm_totals {
	uint64_t segments;      /* that consume sequence space, copies not counted */
	uint64_t retransmitted; /* of them, sent again */
	uint64_t out_of_order;  /* of them, first seen after later ones: filled a hole */
};

/* One measured round trip: from the capture point to the receiver and back. */
struct tcpm_sample {
	int64_t time_ns;     /* when the acknowledgement was captured */
	int64_t rtt_ns;      /* never negative */
	int64_t previous_ns; /* the sample before in this direction and class; -1: none */
	uint64_t frame;      /* number of the frame that holds the acknowledgement */
	uint64_t order;      /* of that frame, of all that the engine was fed, from 1 */
	/* Valid during the call only; NULL if it was not wanted, see tcpm_handler. */
	const struct tcpm_flow_id *flow;
	/* 64 bits of the caller's for this direction of this flow: 0 at first, kept until the
	 * flow is closed. Saves the caller a lookup for each sample. The pointer is valid until
	 * the flow is closed or the engine is fed again. */
	uint64_t *user_data;
	/* What the sender sent since its sample before this one (or since the flow was
	 * opened): its samples and tcpm_closed add up to all that it sent. */
	struct tcpm_totals sent;
	uint32_t interface;
	uint8_t sender; /* whose segment was acknowledged: index into flow->address;
			 * the receiver is the other one */
	uint8_t method; /* enum tcpm_method */
	uint8_t class_; /* enum tcpm_class */
};

/* A flow leaves the engine: its end, idleness, eviction or a flush. Each flow
 * that was ever opened is closed once. Index: the sender, as in the id. */
struct tcpm_closed {
	const struct tcpm_flow_id *flow;
	struct tcpm_totals totals[2]; /* what it sent since its last sample, or in all */
	const uint64_t *user_data[2]; /* as in the samples; valid during the call */
};

/* Callbacks. Each may be NULL. They must not call the engine. */
struct tcpm_handler {
	void *user;
	void (*sample)(void *user, const struct tcpm_sample *sample);
	void (*closed)(void *user, const struct tcpm_closed *closed);
	/* Called before `sample`, with a sample whose flow is NULL: whether the flow is wanted. If
	 * not, for instance because user_data is enough, it stays NULL and is not assembled. */
	bool (*wants_flow)(void *user, const struct tcpm_sample *sample);
};

/* Tunnels in UDP. A UDP header does not name its payload: a tunnel is recognised by its port, and
 * accepted only if its header and the packet inside are consistent. */
enum tcpm_tunnel {
	TCPM_TUNNEL_VXLAN,     /* RFC 7348; 4789, 8472 */
	TCPM_TUNNEL_VXLAN_GPE, /* draft-ietf-nvo3-vxlan-gpe; 4790 */
	TCPM_TUNNEL_GENEVE,    /* RFC 8926; 6081 */
	TCPM_TUNNEL_GTP_U,     /* 3GPP TS 29.281; 2152 */
	TCPM_TUNNEL_TEREDO,    /* RFC 4380; 3544 */
	TCPM_TUNNEL_CAPWAP,    /* RFC 5415, the data channel; 5247 */
	TCPM_TUNNEL_L2TP,      /* RFC 2661; 1701 */
	TCPM_TUNNEL_MPLS,      /* RFC 7510; 6635 */
	TCPM_TUNNELS
};

struct tcpm_tunnel_port {
	uint16_t port;  /* 1 to 65535 */
	uint8_t tunnel; /* enum tcpm_tunnel */
};

/* How many ports one kind of tunnel may have. */
#define TCPM_MAX_TUNNEL_PORTS 8

/* Zero means the default in each field. */
struct tcpm_options {
	uint32_t max_flows;         /* flows remembered at once; default 1,000,000 */
	uint32_t max_segments;      /* outstanding segments in all; default 2,097,152 */
	uint32_t max_flow_segments; /* of one direction, at most 16,384; default 8,192 */
	/* Bytes of memory for all of these, and what the caller reserves: flows are evicted
	 * early rather than use more. At least 1 MiB (less is taken as
	 * that), at most 1 TiB; default 256 MiB. Segments have at most two fifths of what the
	 * caller leaves. Within one call of tcpm_engine_feed, what segments and other than
	 * plain flows need may come on top; the next call makes room for it. */
	uint64_t max_memory;
	int64_t idle_ns;      /* an idle flow is forgotten after; default 300 s */
	int64_t half_open_ns; /* a flow whose handshake never ended, after; default 140 s */
	int64_t closed_ns;    /* a flow that ended, after; default 15 s */
	/* Ports of tunnels in UDP. A kind that is named here has these instead of its
	 * defaults. Only read by tcpm_engine_new. */
	const struct tcpm_tunnel_port *tunnel_ports;
	size_t tunnel_port_count;
	uint64_t hash_seed; /* secret, from a random source: keys the flow table */
};

/* Counters since the engine was made. */
struct tcpm_counters {
	uint64_t frames;
	uint64_t decoded[TCPM_DECODES]; /* adds up to frames */
	uint64_t copies;                /* TCP packets captured twice, used once */

	uint64_t flows_opened;
	uint64_t flows_now;
	uint64_t flows_evicted; /* evicted early, because there was no room */

	/* Cumulative acknowledgements of new data: samples by syn, ack and echo,
	 * plus the reasons, add up to them. */
	uint64_t acks;
	uint64_t ack_reasons[TCPM_REASONS];
	/* Acknowledgements of data out of order, by what their first SACK block newly
	 * covers (one that also advances counts here if that data was sent last): samples
	 * by sack, plus the reasons, add up to them. */
	uint64_t sacks;
	uint64_t sack_reasons[TCPM_REASONS];
	uint64_t samples[TCPM_METHODS][TCPM_CLASSES];

	uint64_t segments;
	uint64_t retransmitted;
	uint64_t out_of_order;
	/* Segments seen with a gap in the sequence numbers before them: what is missing was
	 * lost before the capture point, overtaken, or missed by the capture. */
	uint64_t holes;
	uint64_t clock_steps; /* times at which the capture's time went back */
};

struct tcpm_engine;

/* A new engine, or NULL with errno set (ENOMEM, EINVAL: an option out of
 * range). options and handler are copied; options may be NULL. */
TCPM_API struct tcpm_engine *tcpm_engine_new(const struct tcpm_options *options,
					     const struct tcpm_handler *handler);

/* Frees the engine without closing its flows. NULL is fine. */
TCPM_API void tcpm_engine_free(struct tcpm_engine *engine);

/* Measures count frames, in order. Cannot fail: what cannot be used is counted. */
TCPM_API void tcpm_engine_feed(struct tcpm_engine *engine, const struct tcpm_frame *frames,
			       size_t count);

/* How many bytes of the engine's max_memory the caller itself uses from now on, as for what
 * it keeps of the samples. Flows make room for it when the engine is next fed. */
TCPM_API void tcpm_engine_reserve(struct tcpm_engine *engine, uint64_t bytes);

/* Bytes of memory that the engine has taken for flows and segments. */
TCPM_API uint64_t tcpm_engine_memory(const struct tcpm_engine *engine);

/* Closes all flows and forgets them, for instance between captures taken at different points,
 * or at the end. */
TCPM_API void tcpm_engine_flush(struct tcpm_engine *engine);

/* The present counters; the pointer is valid until the engine is freed. */
TCPM_API const struct tcpm_counters *tcpm_engine_counters(const struct tcpm_engine *engine);

/* One word for output ("syn", "network", "ambiguous", "not_tcp", "vxlan"); "?" for a value
 * out of range. */
TCPM_API const char *tcpm_method_name(unsigned method);
TCPM_API const char *tcpm_class_name(unsigned class_);
TCPM_API const char *tcpm_reason_name(unsigned reason);
TCPM_API const char *tcpm_decode_name(unsigned decode);
TCPM_API const char *tcpm_label_name(unsigned kind);
TCPM_API const char *tcpm_tunnel_name(unsigned tunnel);

/* The library's version, "0.1.0". */
TCPM_API const char *tcpm_version(void);

#ifdef __cplusplus
}
#endif

#endif
