/*
 * The settings. Each one names only what it changes: BASE is a clean path of a
 * few milliseconds with today's usual hosts.
 */
#include "sim_settings.h"

#include <string.h>

#define PERCENT 10000u
#define ALWAYS  1000000u
#define EVERYBODY                                                                                  \
	{                                                                                          \
		3, 4, 2, 1                                                                         \
	}

#define BASE                                                                                       \
	.flows = 200, .spacing_us = 20000, .one_way_us = {2000, 40000}, .capture_at = {0, 0},      \
	.jitter = 2 * PERCENT, .mbit = {50, 1000}, .timestamps = 90 * PERCENT, .sack = ALWAYS,     \
	.ticks = TICK_1MS, .tail_probe = 50 * PERCENT, .ipv6 = 20 * PERCENT, .wrap = 3 * PERCENT,  \
	.quick_acks = 16, .slow_delayed_ack = 10 * PERCENT, .apps = EVERYBODY,                     \
	.bulk_bytes = {20000, 900000}, .rounds = {2, 40}, .answer_bytes = {100, 30000},            \
	.think_us = 20000

#define LOSSY .loss = {3000, 3000}, .burst = 15 * PERCENT

/* A setting may name again what BASE has named: that is how it changes it. */
#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#pragma clang diagnostic ignored "-Winitializer-overrides"
#endif

static const struct setting settings[] = {
	{BASE, .name = "clean-lan",
	 .about = "no loss, 0.2-1 ms, no offloads; capture at the client", .one_way_us = {100, 500},
	 .mbit = {1000, 10000}},
	{BASE, .name = "wan-loss",
	 .about = "5-100 ms, 0.6 % loss, half of it before the capture point",
	 .one_way_us = {5000, 100000}, LOSSY, .capture_at = {1, 999}},
	{BASE, .name = "sender-loss", .about = "as wan-loss, captured at the client, 2 % loss",
	 .one_way_us = {5000, 60000}, .loss = {10000, 10000}, .burst = 20 * PERCENT},
	{BASE, .name = "reordering",
	 .about = "1 % of packets late, on both sides of the capture point",
	 .reorder = {5000, 5000}, .reorder_us = 4000, .capture_at = {1, 999}, .loss = {500, 500}},
	{BASE, .name = "no-timestamps",
	 .about = "loss without RFC 7323 timestamps, a third without SACK", .timestamps = 0, LOSSY,
	 .sack = 66 * PERCENT, .capture_at = {0, 1000}},
	{BASE, .name = "declined", .about = "timestamps offered and declined, with loss",
	 .timestamps = ALWAYS, .timestamps_declined = ALWAYS, LOSSY},
	{BASE, .name = "coarse-timestamps", .about = "ticks of 10 and 500 ms, with loss",
	 .timestamps = ALWAYS, .ticks = TICK_10MS | TICK_500MS, LOSSY, .wrap = 20 * PERCENT},
	{BASE, .name = "fine-timestamps", .about = "ticks of 1 us, with loss", .timestamps = ALWAYS,
	 .ticks = TICK_1US, LOSSY, .wrap = 20 * PERCENT, .capture_at = {1, 999}},
	{BASE, .name = "tso-sender", .about = "captured at a sender with send offload, little loss",
	 .send_offload = ALWAYS, .receive_offload = 50 * PERCENT, .loss = {500, 500},
	 .apps = {6, 3, 1, 1}, .bulk_bytes = {100000, 3000000}},
	{BASE, .name = "gro-receiver", .about = "captured at a receiver with receive offload",
	 .send_offload = 50 * PERCENT, .receive_offload = ALWAYS, .capture_at = {1000, 1000},
	 .loss = {500, 500}, .mbit = {500, 10000}, .apps = {6, 3, 1, 1}},
	{BASE, .name = "midpath",
	 .about = "captured in the middle, offloads at both ends, little loss",
	 .send_offload = 50 * PERCENT, .receive_offload = 50 * PERCENT, .capture_at = {1, 999},
	 .loss = {300, 300}, .odd_mss = 40 * PERCENT},
	{BASE, .name = "capture-loss", .about = "the capture misses 1 % of the packets",
	 .capture_loss = PERCENT, .loss = {500, 500}, .capture_at = {0, 1000}},
	{BASE, .name = "copies", .about = "30 % of the packets are captured twice",
	 .copies = 30 * PERCENT, .loss = {500, 500}, .capture_at = {1, 999}},
	{BASE, .name = "mid-flow", .about = "the capture starts in the middle of the flows",
	 .mid_flow = ALWAYS, .loss = {500, 500}, .capture_at = {0, 1000}},
	{BASE, .name = "one-way", .about = "half of the flows are captured in one direction only",
	 .capture_one_way = 50 * PERCENT, .loss = {500, 500}},
	{BASE, .name = "small-writes", .about = "terminal sessions, keep-alives, some loss",
	 .apps = {0, 0, 1, 0}, .rounds = {20, 200}, .keep_alives = 30 * PERCENT,
	 .loss = {1500, 1500}},
	{BASE, .name = "requests", .about = "request and answer, think time of up to seconds",
	 .apps = {0, 1, 0, 0}, .think_us = 300000, .keep_alives = 50 * PERCENT, .loss = {500, 500},
	 .rounds = {1, 20}, .capture_at = {0, 1000}},
	{BASE, .name = "long-fat",
	 .about = "100-300 ms, up to 1 Gbit/s, large windows, little loss", .flows = 30,
	 .one_way_us = {50000, 150000}, .apps = {5, 0, 0, 1}, .mbit = {100, 1000},
	 .bulk_bytes = {2000000, 20000000}, .loss = {100, 100}, .send_offload = 50 * PERCENT,
	 .receive_offload = 50 * PERCENT},
	{BASE, .name = "bottleneck", .about = "slow links with short queues: loss by overflow",
	 .mbit = {2, 20}, .queue_us = 40000, .capture_at = {0, 1000}, .apps = {4, 1, 1, 2}},
	{BASE, .name = "port-reuse", .about = "ports are used again at once, after FIN and RST",
	 .port_reuse = 80 * PERCENT, .resets = 30 * PERCENT, .rounds = {1, 5}, .loss = {1000, 1000},
	 .bulk_bytes = {1000, 60000}, .capture_at = {0, 1000}, .flows = 150},
	{BASE, .name = "lossy-syn",
	 .about = "20 % of the handshakes' packets are lost, on each side",
	 .syn_loss = 20 * PERCENT, .rounds = {1, 3}, .bulk_bytes = {1000, 30000},
	 .loss = {500, 500}, .capture_at = {0, 1000}, .flows = 600},
	{BASE, .name = "zero-window", .about = "readers stop: zero windows, probes, window updates",
	 .stalls = PERCENT, .loss = {500, 500}, .capture_at = {0, 1000}, .apps = {4, 2, 1, 1}},
	{BASE, .name = "vlan", .about = "neighbours with the same ports on two VLANs, some QinQ",
	 .vlans = ALWAYS, .loss = {500, 500}},
	{BASE, .name = "mixed", .about = "each flow drawn from one of the settings above",
	 .flows = 600},
	{BASE, .name = "bench-bulk", .about = "benchmark: bulk and request/answer, 0.2 % loss",
	 .flows = 8000, .spacing_us = 1500, .apps = {1, 1, 0, 0}, .loss = {1000, 1000},
	 .bulk_bytes = {100000, 2000000}, .rounds = {5, 60}, .ipv6 = 10 * PERCENT,
	 .capture_at = {1, 999}},
	{BASE, .name = "bench-requests", .about = "benchmark: very many short request/answer flows",
	 .flows = 55000, .spacing_us = 300, .apps = {0, 1, 0, 0}, .loss = {500, 500},
	 .rounds = {2, 20}, .answer_bytes = {100, 12000}, .ipv6 = 10 * PERCENT,
	 .capture_at = {1, 999}, .think_us = 100000},
};

enum { SETTINGS = sizeof settings / sizeof *settings, BEHIND_THE_MIXED = 3 };

const struct setting *setting_at(size_t index)
{
	return index < SETTINGS ? &settings[index] : NULL;
}

const struct setting *setting_find(const char *name)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (strcmp(settings[i].name, name) == 0)
			return &settings[i];
	return NULL;
}

const struct setting *setting_of_flow(const struct setting *setting, uint64_t draw)
{
	if (strcmp(setting->name, "mixed") != 0)
		return setting;
	return &settings[draw % (SETTINGS - BEHIND_THE_MIXED)];
}
