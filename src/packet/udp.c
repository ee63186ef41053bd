/*
 * UDP (RFC 768), as far as a tunnel may be in it.
 *
 * A port is a hint, no more. Each tunnel's decoder refuses what its header cannot be,
 * and from there on all that is inside must fit (walk->guessed). A refused packet is
 * UDP of some other kind: NOT_TCP.
 */
#include <string.h>

#include "packet/layers.h"

#define PORTS(kind, name, decoder, ...)   [kind] = {__VA_ARGS__},
#define NAME(kind, name, decoder, ...)    [kind] = name,
#define DECODER(kind, name, decoder, ...) [kind] = decoder,

const struct packet_ports packet_default_ports = {.port = {UDP_TUNNELS(PORTS)}};

static const char *const names[TCPM_TUNNELS] = {UDP_TUNNELS(NAME)};

static layer_decoder *const decoders[TCPM_TUNNELS] = {UDP_TUNNELS(DECODER)};

const char *tcpm_tunnel_name(unsigned tunnel)
{
	return tunnel < TCPM_TUNNELS ? names[tunnel] : "?";
}

bool packet_ports_set(struct packet_ports *ports, const struct tcpm_tunnel_port *asked,
		      size_t count)
{
	unsigned used[TCPM_TUNNELS] = {0};

	*ports = packet_default_ports;
	for (size_t i = 0; i < count; i++) {
		unsigned kind = asked[i].tunnel;

		if (kind >= TCPM_TUNNELS || !asked[i].port || used[kind] == PACKET_MAX_PORTS)
			return false;
		if (!used[kind])
			memset(ports->port[kind], 0, sizeof(ports->port[kind]));
		ports->port[kind][used[kind]++] = asked[i].port;
	}
	return true;
}

/* The kind that has the port; TCPM_TUNNELS if none has. */
static unsigned find_tunnel(const struct packet_ports *ports, uint16_t port)
{
	for (unsigned kind = 0; kind < TCPM_TUNNELS; kind++)
		for (unsigned i = 0; i < PACKET_MAX_PORTS && ports->port[kind][i] != 0; i++)
			if (ports->port[kind][i] == port)
				return kind;
	return TCPM_TUNNELS;
}

static enum tcpm_decode try_port(struct walk *walk, uint16_t port)
{
	unsigned kind = find_tunnel(walk->ports, port);
	struct walk trial = *walk;

	if (kind == TCPM_TUNNELS)
		return TCPM_DECODE_NOT_TCP;
	trial.guessed = true;
	enum tcpm_decode decode = decoders[kind](&trial);
	if (decode == TCPM_DECODE_MALFORMED)
		return TCPM_DECODE_NOT_TCP;
	*walk = trial;
	return decode;
}

/* Source and target port, length of all, checksum: two bytes each. */
enum tcpm_decode udp_header(struct walk *walk)
{
	uint16_t source, target, length;

	if (!cursor_peek16(&walk->cursor, 0, &source) ||
	    !cursor_peek16(&walk->cursor, 2, &target) || !cursor_peek16(&walk->cursor, 4, &length))
		return TCPM_DECODE_NOT_TCP;
	/* No length is for jumbograms (RFC 2675 section 4), whose IP header has none either. */
	bool fits = length >= 8 && (length <= walk->wire || walk->packet->more_data ||
				    walk->loose || walk->partial);
	if (!fits && !(length == 0 && walk->loose))
		return TCPM_DECODE_NOT_TCP;
	tunnel_enter(walk);
	if (!walk_skip(walk, 8))
		return TCPM_DECODE_NOT_TCP;
	if (length != 0)
		walk_limit(walk, length - 8u);

	/* Most are sent to the tunnel's port from any other; where a port was translated,
	 * the answer comes from it. */
	enum tcpm_decode decode = try_port(walk, target);
	return decode == TCPM_DECODE_NOT_TCP ? try_port(walk, source) : decode;
}
