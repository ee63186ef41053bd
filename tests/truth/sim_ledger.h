/*
 * The ledger of one direction: what was sent, how often, what the capture point
 * saw of it, and what it saw acknowledged. It knows more than any passive tool
 * can (transmissions that never reached the capture point are in it too), and
 * from that it tells whether the captured packets alone name the trigger of an
 * acknowledgement.
 *
 * Positions are 64-bit offsets in the direction's sequence space (the SYN is 0),
 * so nothing here wraps.
 */
#ifndef TRUTH_SIM_LEDGER_H
#define TRUTH_SIM_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Transmissions of one range whose TSval is remembered; with more, the range
 * counts as ambiguous whatever the echo says. */
#define LEDGER_TSVALS 6

/* A stretch of sequence space that had the same fate throughout. */
struct ledger_range {
	uint64_t start, end;
	uint64_t frame; /* the last record that held it; 0: never captured */
	uint32_t tsval[LEDGER_TSVALS];
	uint16_t sent; /* transmissions by the sender */
	bool sacked;   /* by a captured SACK block */
};

struct ledger {
	struct ledger_range *ranges; /* by start, without gaps from una on */
	size_t head, count, room;    /* ranges[head] is the first of count */
	uint64_t una;                /* highest cumulative acknowledgement captured */
};

/* The packet whose arrival made the receiver answer, as it passed the capture
 * point: the whole of it there, be it a super-segment. */
struct ledger_trigger {
	uint64_t start, end;
	uint32_t tsval;
};

/* What one acknowledgement newly covers. */
struct ledger_news {
	uint64_t bytes;      /* sequence numbers newly acknowledged; 0: no news */
	bool syn;            /* the SYN is among them */
	bool cumulative;     /* the cumulative acknowledgement moved */
	bool old;            /* its cumulative acknowledgement is behind the highest seen */
	bool resent;         /* one of them was sent more than once */
	bool never_captured; /* one of them was captured in no transmission */
	bool inside;         /* the trigger holds one of them */
	bool first_evidence; /* nothing of the trigger was acknowledged before */
	bool tsval_unique;   /* one transmission only of any of them has the trigger's TSval */
	uint64_t last_frame; /* the last record that held one of them */
};

/* [start, end) leaves the sender. Called for each packet in the shape in which
 * it meets the capture point (super-segment or piece). */
void ledger_sent(struct ledger *ledger, uint64_t start, uint64_t end, uint32_t tsval);

/* [start, end) was captured as this record. */
void ledger_captured(struct ledger *ledger, uint64_t start, uint64_t end, uint64_t frame);

/* Whether an acknowledgement (as below), if captured now, would newly cover any
 * of [start, end). */
bool ledger_would_cover(struct ledger *ledger, uint64_t ack, const uint64_t (*blocks)[2],
			size_t count, uint64_t start, uint64_t end);

/* An acknowledgement was captured: up to ack, and count SACK blocks without the
 * D-SACK. Tells what is new in it, and takes note. */
struct ledger_news ledger_acknowledged(struct ledger *ledger, uint64_t ack,
				       const uint64_t (*blocks)[2], size_t count,
				       const struct ledger_trigger *trigger);

/* An acknowledgement passed before the capture began: that much is settled. */
void ledger_settle(struct ledger *ledger, uint64_t ack);

void ledger_done(struct ledger *ledger);

#endif
