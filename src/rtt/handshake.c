/*
 * Port reuse and forged SYNs: see handshake.h.
 */
#include "rtt/handshake.h"

#include "rtt/seq.h"

/* Does this number acknowledge the direction's SYN, with the data that it brought
 * (RFC 7413) or without? */
static bool acks_syn(const struct direction *direction, uint32_t ack)
{
	return (direction->flags & DIRECTION_ISN) && seq_after(ack, direction->isn) &&
	       !seq_after(ack, direction->max);
}

/* Is this SYN, or SYN-ACK, a part of the flow's own handshake? */
static bool belongs(const struct flow *flow, const struct packet *packet, unsigned sender)
{
	const struct direction *own = &flow->direction[sender];
	const struct direction *other = &flow->direction[!sender];

	if (own->flags & DIRECTION_ISN)
		return own->isn == packet->seq;
	/* The side that answers a SYN: its first word. */
	if (packet->flags & TCP_ACK)
		return !(own->flags & DIRECTION_SEEN) && acks_syn(other, packet->ack);
	if ((own->flags & DIRECTION_SEEN) || !(other->flags & DIRECTION_ISN))
		return false;
	/* A SYN that was captured after its answer, or one that crossed the other's
	 * (RFC 9293 3.5). */
	return own->flags & DIRECTION_ACKED ? own->una == packet->seq + 1
					    : flow->state == FLOW_HALF_OPEN;
}

/* A SYN-ACK with a new ISN for the SYN of a handshake that is not done: the server
 * forgot its first answer (SYN cookies, a load balancer). That side starts again. */
static bool answers_with_new_isn(const struct flow *flow, const struct packet *packet,
				 unsigned sender)
{
	return (packet->flags & TCP_ACK) && flow->state == FLOW_HALF_OPEN &&
	       acks_syn(&flow->direction[!sender], packet->ack);
}

static struct flow *replace(struct flow_table *table, struct flow *flow, int64_t now_ns)
{
	struct tcpm_flow_id id;
	struct flow_name name;

	flow_table_name(table, flow, &id, &name);
	flow_table_remove(table, flow);
	flow = flow_table_add(table, &name, now_ns, NULL);
	if (flow)
		flow_table_link(table, flow);
	return flow;
}

static struct flow *challenge(struct flow_table *table, struct flow *flow, int64_t now_ns)
{
	struct tcpm_flow_id id;
	struct flow_name name;
	struct flow *challenger;

	flow_table_name(table, flow, &id, &name);
	challenger = flow_table_add(table, &name, now_ns, flow);
	if (challenger)
		flow_table_challenge(table, flow, challenger);
	return challenger;
}

static struct flow *syn_flow(struct flow_table *table, struct flow *flow,
			     const struct packet *packet, unsigned sender, int64_t now_ns)
{
	struct flow *challenger = flow_table_challenger(table, flow);

	if (flow->state != FLOW_CLOSED && belongs(flow, packet, sender))
		return flow;
	if (challenger && belongs(challenger, packet, sender))
		return challenger;
	if (answers_with_new_isn(flow, packet, sender)) {
		flow->direction[sender].flags |= DIRECTION_EXPECT_NEW_ISN;
		return flow;
	}
	if (flow->state == FLOW_CLOSED)
		return challenger ? challenge(table, flow, now_ns) : replace(table, flow, now_ns);
	return challenge(table, flow, now_ns);
}

/* Does this packet end the challenger's handshake? Where only one side is captured,
 * that side's word must do. */
static bool completes(const struct flow *flow, const struct flow *challenger,
		      const struct packet *packet, unsigned sender)
{
	const struct direction *own = &challenger->direction[sender];
	const struct direction *other = &challenger->direction[!sender];

	if (!acks_syn(own, packet->seq) || !(packet->flags & TCP_ACK))
		return false;
	if (other->flags & DIRECTION_ISN)
		return packet->ack == other->isn + 1;
	return !(flow->direction[!sender].flags & DIRECTION_SEEN);
}

struct flow *handshake_flow(struct flow_table *table, struct flow *flow,
			    const struct packet *packet, unsigned sender, int64_t now_ns)
{
	if (packet->flags & TCP_SYN)
		return syn_flow(table, flow, packet, sender, now_ns);
	struct flow *challenger = flow->cold ? flow_table_challenger(table, flow) : NULL;

	if (!challenger)
		return flow;

	/* A refusal: RST with the SYN's number acknowledged. */
	if ((packet->flags & TCP_RST) && (packet->flags & TCP_ACK) &&
	    acks_syn(&challenger->direction[!sender], packet->ack) &&
	    !(challenger->direction[sender].flags & DIRECTION_SEEN))
		return challenger;
	if (!completes(flow, challenger, packet, sender))
		return flow;
	flow_table_succeed(table, challenger);
	return challenger;
}

struct flow *handshake_across_labels(struct flow_table *table, const struct packet *packet,
				     unsigned sender, const struct flow_name *name, int64_t now_ns)
{
	const uint8_t both = TCP_SYN | TCP_ACK;

	if ((packet->flags & both) != both)
		return NULL;
	struct tcpm_flow_id id;

	flow_name_id(name, &id);
	struct flow *flow = flow_table_noted(table, &id);

	if (flow && flow_table_is_idle(table, flow, now_ns)) {
		flow_table_remove(table, flow);
		return NULL;
	}
	if (!flow || (flow->direction[sender].flags & DIRECTION_SEEN) ||
	    !acks_syn(&flow->direction[!sender], packet->ack))
		return NULL;
	flow_table_add_alias(table, flow, name);
	return flow;
}
