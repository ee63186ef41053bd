/*
 * Matching, rule by rule: docs/MEASUREMENT.md as packets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "scenario.h"

#define HANDSHAKE                                                                                  \
	"0     A S 100 m1460 \n"                                                                   \
	"10ms  B S 500 a101 m1460        = syn 10ms network\n"                                     \
	"11ms  A 101 a501                = syn 1ms network\n"

#define HANDSHAKE_TS                                                                               \
	"0     A S 100 m1460 t1000/0 \n"                                                           \
	"10ms  B S 500 a101 m1460 t7000/1000 = syn 10ms network\n"                                 \
	"11ms  A 101 a501 t1011/7000     = syn 1ms network\n"

static void handshake_is_timed_on_both_sides(void **state)
{
	(void)state;
	scenario(HANDSHAKE);
	scenario(HANDSHAKE_TS);
}

static void handshake_that_waits_for_data_is_a_response(void **state)
{
	(void)state;
	scenario("0     A S 100\n"
		 "10ms  B S 500 a101              = syn 10ms network\n"
		 "60ms  A 101:200 a501            = syn 50ms response\n");
}

static void refused_connection_is_timed(void **state)
{
	(void)state;
	scenario("0     A S 100\n"
		 "7ms   B R 0 a101                = syn 7ms network\n");
}

static void syn_retransmitted_without_timestamps_is_ambiguous(void **state)
{
	(void)state;
	scenario("0     A S 100\n"
		 "1s    A S 100                   = resent\n"
		 "1.01s B S 500 a101              = ambiguous\n"
		 "1.02s A 101 a501                = syn 10ms network\n");
}

static void syn_retransmitted_is_resolved_by_the_echo(void **state)
{
	(void)state;
	scenario("0     A S 100 t1000/0\n"
		 "1s    A S 100 t2000/0           = resent\n"
		 "1.01s B S 500 a101 t7000/2000   = echo 10ms network\n");
	/* The answer to the first one was long under way, but nothing shows it. */
	scenario("0     A S 100 t1000/0\n"
		 "1s    A S 100 t2000/0           = resent\n"
		 "1.01s B S 500 a101 t7000/1000   = ambiguous\n");
}

static void one_small_segment_is_a_response(void **state)
{
	(void)state;
	scenario(HANDSHAKE "20ms  A P 101:100 a501\n"
			   "70ms  B 501 a201                = ack 50ms response\n");
}

static void two_full_segments_are_network(void **state)
{
	(void)state;
	scenario(HANDSHAKE "20ms  A 101:1460 a501\n"
			   "21ms  A 1561:1460 a501\n"
			   "30ms  B 501 a3021               = ack 9ms network\n");
}

static void one_full_segment_is_a_response(void **state)
{
	(void)state;
	scenario(HANDSHAKE "20ms  A 101:1460 a501\n"
			   "30ms  B 501 a1561               = ack 10ms response\n");
}

static void answers_carry_acknowledgements(void **state)
{
	(void)state;
	scenario(HANDSHAKE "20ms  A P 101:100 a501\n"
			   "50ms  B P 501:300 a201          = ack 30ms response\n"
			   "51ms  A P 201:100 a801          = ack 1ms response\n");
}

static void retransmitted_without_timestamps_is_ambiguous(void **state)
{
	(void)state;
	scenario(HANDSHAKE "20ms  A 101:100 a501\n"
			   "220ms A 101:100 a501            = resent\n"
			   "230ms B 501 a201                = ambiguous\n"
			   "240ms A 201:100 a501\n"
			   "250ms B 501 a301                = ack 10ms response\n");
}

static void retransmitted_is_resolved_by_the_echo(void **state)
{
	(void)state;
	scenario(HANDSHAKE_TS "20ms  A 101:100 a501 t1020/7000\n"
			      "220ms A 101:100 a501 t1220/7000  = resent\n"
			      "230ms B 501 a201 t7230/1220      = echo 10ms response\n");
}

static void coarse_clock_cannot_resolve(void **state)
{
	(void)state;
	scenario(HANDSHAKE_TS "20ms  A 101:100 a501 t1011/7000\n"
			      "220ms A 101:100 a501 t1011/7000  = resent\n"
			      "230ms B 501 a201 t7230/1011      = ambiguous\n");
}

static void two_retransmissions_in_one_tick_are_ambiguous(void **state)
{
	(void)state;
	scenario(HANDSHAKE_TS "20ms  A 101:100 a501 t1020/7000\n"
			      "220ms A 101:100 a501 t1220/7000  = resent\n"
			      "620ms A 101:100 a501 t1220/7000  = resent\n"
			      "630ms B 501 a201 t7230/1220      = ambiguous\n");
	/* A third one, in a tick of its own, can. */
	scenario(HANDSHAKE_TS "20ms  A 101:100 a501 t1020/7000\n"
			      "220ms A 101:100 a501 t1220/7000  = resent\n"
			      "620ms A 101:100 a501 t1220/7000  = resent\n"
			      "920ms A 101:100 a501 t1920/7000  = resent\n"
			      "930ms B 501 a201 t7930/1920      = echo 10ms response\n");
}

static void echo_of_the_last_but_one(void **state)
{
	(void)state;
	/* Two SYN-ACKs close together, of which the first is echoed. */
	scenario("0     A S 100 t1000/0\n"
		 "10ms  B S 500 a101 t7000/1000   = syn 10ms network\n"
		 "1.01s B S 500 a101 t8000/1000   = resent\n"
		 "1.011s B S 500 a101 t8001/1000  = resent\n"
		 "1.04s A 101 a501 t2040/8000     = echo 30ms network\n");
	/* Far apart it may be the answer to the duplicate. */
	scenario("0     A S 100 t1000/0\n"
		 "10ms  B S 500 a101 t7000/1000   = syn 10ms network\n"
		 "1.01s B S 500 a101 t8000/1000   = resent\n"
		 "1.02s B S 500 a101 t8010/1000   = resent\n"
		 "1.04s A 101 a501 t2040/8000     = ambiguous\n");
}

static void echo_of_the_original_needs_proof(void **state)
{
	(void)state;
	/* The shortest round trip is 10 ms; 2 ms after the retransmission its answer
	 * cannot be there. */
	scenario(HANDSHAKE_TS "20ms  A 101:100 a501 t1020/7000\n"
			      "50ms  A 101:100 a501 t1050/7000  = resent\n"
			      "52ms  B 501 a201 t7052/1020      = echo 32ms response\n");
	/* Here it can: the acknowledgement of the original may have been lost, and this
	 * one be the answer to the duplicate. */
	scenario(HANDSHAKE_TS "20ms  A 101:100 a501 t1020/7000\n"
			      "50ms  A 101:100 a501 t1050/7000  = resent\n"
			      "62ms  B 501 a201 t7062/1020      = ambiguous\n");
	/* Unless the receiver is known to say so. */
	scenario(HANDSHAKE_TS "20ms  A 101:100 a501 t1020/7000\n"
			      "50ms  A 101:100 a501 t1050/7000  = resent\n"
			      "52ms  B 501 a201 t7052/1020      = echo 32ms response\n"
			      "60ms  B 501 a201 t7060/1020 s101-201\n"
			      "70ms  A 201:100 a501 t1070/7052\n"
			      "90ms  A 201:100 a501 t1090/7052  = resent\n"
			      "105ms B 501 a301 t7105/1070      = echo 35ms response\n");
}

static void everything_a_retransmission_held_back_is_silent(void **state)
{
	(void)state;
	scenario(HANDSHAKE "20ms  A 101:1000 a501\n"
			   "21ms  A 1101:1000 a501\n"
			   "22ms  A 2101:1000 a501\n"
			   "31ms  B 501 a101\n"
			   "32ms  B 501 a101\n"
			   "40ms  A 101:1000 a501           = resent\n"
			   "50ms  B 501 a3101               = ambiguous\n");
	scenario(HANDSHAKE_TS "20ms  A 101:1000 a501 t1020/7000\n"
			      "21ms  A 1101:1000 a501 t1021/7000\n"
			      "22ms  A 2101:1000 a501 t1022/7000\n"
			      "40ms  A 101:1000 a501 t1040/7000 = resent\n"
			      "50ms  B 501 a3101 t7050/1040     = echo 10ms network\n");
}

static void hole_filled_at_the_capture_point(void **state)
{
	(void)state;
	/* 101-1101 was lost before the capture point. */
	scenario(HANDSHAKE "21ms  A 1101:1000 a501\n"
			   "22ms  A 2101:1000 a501\n"
			   "40ms  A 101:1000 a501           = late\n"
			   "52ms  B 501 a3101               = ack 12ms network\n");
	/* The echo is older than the filler: something else closed the hole. */
	scenario(HANDSHAKE_TS "21ms  A 1101:1000 a501 t1021/7000\n"
			      "40ms  A 101:1000 a501 t1040/7000 = late\n"
			      "52ms  B 501 a2101 t7050/1021     = ambiguous\n");
}

static void hole_never_filled_is_a_gap(void **state)
{
	(void)state;
	scenario(HANDSHAKE "21ms  A 1101:1000 a501\n"
			   "31ms  B 501 a2101               = gap\n"
			   "41ms  A 2101:1000 a501\n"
			   "51ms  B 501 a3101               = ack 10ms response\n");
	/* The echo of the segment after the hole says that it was the next in order. */
	scenario(HANDSHAKE_TS "21ms  A 1101:1000 a501 t1021/7000\n"
			      "31ms  B 501 a2101 t7031/1021     = echo 10ms response\n");
}

static void data_never_seen(void **state)
{
	(void)state;
	scenario(HANDSHAKE "31ms  B 501 a2101               = unseen\n"
			   "41ms  A 2101:1000 a501\n"
			   "51ms  B 501 a3101               = ack 10ms response\n");
	/* Beyond what was seen, after some that was. */
	scenario(HANDSHAKE "20ms  A 101:1000 a501\n"
			   "31ms  B 501 a2101               = gap\n");
}

static void super_segment_is_timed_by_its_first_part(void **state)
{
	(void)state;
	scenario(HANDSHAKE "20ms  A 101:14600 a501\n"
			   "30ms  B 501 a3021               = ack 10ms network\n"
			   "31ms  B 501 a5941               = partial\n"
			   "32ms  B 501 a14701              = partial\n"
			   "40ms  A 14701:14600 a501\n"
			   "50ms  B 501 a29301              = ack 10ms network\n");
	/* The last acknowledgement of one that reaches into the next. */
	scenario(HANDSHAKE "20ms  A 101:14600 a501\n"
			   "21ms  A 14701:14600 a501\n"
			   "30ms  B 501 a3021               = ack 10ms network\n"
			   "32ms  B 501 a16161              = ack 11ms network\n"
			   "33ms  B 501 a29301              = partial\n");
}

static void part_of_a_super_segment_sent_again(void **state)
{
	(void)state;
	scenario(HANDSHAKE_TS "20ms  A 101:14600 a501 t1020/7000\n"
			      "30ms  B 501 a3021 t7030/1020     = ack 10ms network\n"
			      "40ms  A 3021:1460 a501 t1040/7000 = resent\n"
			      "50ms  B 501 a10000 t7050/1040    = echo 10ms network\n"
			      "60ms  B 501 a14701 t7060/1020    = partial\n");
}

static void selective_acknowledgements(void **state)
{
	(void)state;
	scenario(HANDSHAKE "20ms  A 101:1000 a501\n"
			   "21ms  A 1101:1000 a501\n"
			   "22ms  A 2101:1000 a501\n"
			   "31ms  B 501 a101 s1101-2101     = sack 10ms network\n"
			   "32ms  B 501 a101 s1101-3101     = sack 10ms network\n"
			   "33ms  B 501 a101 s1101-3101\n"
			   "40ms  A 101:1000 a501           = resent\n"
			   "50ms  B 501 a3101               = ambiguous\n");
}

static void sacked_segments_do_not_trigger(void **state)
{
	(void)state;
	/* Reordered after the capture point: the first arrives last. */
	scenario(HANDSHAKE "20ms  A 101:1000 a501\n"
			   "21ms  A 1101:1000 a501\n"
			   "31ms  B 501 a101 s1101-2101     = sack 10ms network\n"
			   "32ms  B 501 a2101               = ack 12ms network\n");
}

static void duplicate_reports_are_no_samples(void **state)
{
	(void)state;
	scenario(HANDSHAKE "20ms  A 101:1000 a501\n"
			   "31ms  B 501 a1101               = ack 11ms response\n"
			   "220ms A 101:1000 a501           = resent\n"
			   "230ms B 501 a1101 s101-1101\n"
			   "240ms A 1101:1000 a501\n"
			   "241ms A 101:1000 a501           = resent\n"
			   "252ms B 501 a2101 s101-1101     = ambiguous\n");
}

static void sack_of_retransmitted_data_is_ambiguous(void **state)
{
	(void)state;
	scenario(HANDSHAKE "20ms  A 101:1000 a501\n"
			   "21ms  A 1101:1000 a501\n"
			   "200ms A 1101:1000 a501          = resent\n"
			   "210ms B 501 a101 s1101-2101     = ambiguous\n");
}

static void two_sack_blocks_merge(void **state)
{
	(void)state;
	scenario(HANDSHAKE "20ms  A 101:100 a501\n"
			   "21ms  A 201:100 a501\n"
			   "22ms  A 301:100 a501\n"
			   "23ms  A 401:100 a501\n"
			   "31ms  B 501 a101 s201-301       = sack 10ms network\n"
			   "33ms  B 501 a101 s401-501,201-301 = sack 10ms network\n"
			   "34ms  B 501 a101 s201-501       = sack 12ms network\n"
			   "36ms  B 501 a501                = ack 16ms network\n");
}

static void newer_echo_contradicts(void **state)
{
	(void)state;
	scenario(HANDSHAKE_TS "20ms  A 101:100 a501 t1020/7000\n"
			      "30ms  B 501 a201 t7030/1021      = contradiction\n");
	/* Zero is what broken stacks echo. */
	scenario(HANDSHAKE_TS "20ms  A 101:100 a501 t1020/7000\n"
			      "30ms  B 501 a201 t7030/0         = ack 10ms response\n");
}

static void retransmission_with_new_data_behind_it(void **state)
{
	(void)state;
	/* A zero-window probe of one byte, then the window opens. */
	scenario(HANDSHAKE "20ms  A 101:1 a501\n"
			   "30ms  B 501 a101\n"
			   "200ms A 101:1000 a501           = resent\n"
			   "210ms B 501 a1101               = ack 10ms response\n");
}

static void keep_alives_are_no_segments(void **state)
{
	(void)state;
	struct scenario_settings settings = {0};
	struct tcpm_counters counters;

	scenario_with(&settings,
		      HANDSHAKE "20ms  A 101:100 a501\n"
				"30ms  B 501 a201                = ack 10ms response\n"
				"60s   A 200:1 a501\n"
				"60.01s B 501 a201\n"
				"120s  A 200 a501\n"
				"120.01s B 501 a201\n",
		      &counters);
	assert_int_equal(counters.segments, 3);
	assert_int_equal(counters.retransmitted, 0);
}

static void copies_are_dropped(void **state)
{
	(void)state;
	scenario("0     A S 100 i1\n"
		 "3ms   A S 100 i1                = copy\n"
		 "10ms  B S 500 a101 i1           = syn 10ms network\n"
		 "14ms  B S 500 a101 i1           = copy\n"
		 "20ms  A 101:100 a501 i2         = syn 10ms response\n"
		 "21ms  A 101:100 a501 i2         = copy\n"
		 "30ms  B 501 a201 i2             = ack 10ms response\n"
		 "31ms  B 501 a201 i2\n");
}

static void retransmission_is_no_copy(void **state)
{
	(void)state;
	/* Another IPv4 id, ever so quick. */
	scenario(HANDSHAKE "20ms  A 101:100 a501 i7\n"
			   "20.1ms A 101:100 a501 i8        = resent\n"
			   "30ms  B 501 a201                = ambiguous\n");
	/* The same id, much later. */
	scenario(HANDSHAKE "20ms  A 101:100 a501 i7\n"
			   "220ms A 101:100 a501 i7         = resent\n"
			   "230ms B 501 a201                = ambiguous\n");
	/* No id: at once it is a copy, ... */
	scenario(HANDSHAKE "20ms  A 101:100 a501 i0 c77\n"
			   "20.1ms A 101:100 a501 i0 c77    = copy\n"
			   "30ms  B 501 a201                = ack 10ms response\n");
	/* ... even while the other side continues to send, ... */
	scenario(HANDSHAKE "20ms  A 101:100 a501 i0 c77\n"
			   "20.1ms B 501:100 a101\n"
			   "20.2ms A 101:100 a501 i0 c77    = copy\n"
			   "30ms  B 601 a201                = ack 10ms response\n");
	/* ... but not when it has sent a duplicate acknowledgement since. */
	scenario(HANDSHAKE "20ms  A 101:100 a501 i0 c77\n"
			   "20.1ms A 201:100 a501 i0 c77\n"
			   "20.2ms B 501 a101 s201-301      = sack 100us network\n"
			   "20.3ms A 101:100 a501 i0 c77    = resent\n");
}

static void copies_over_ipv6(void **state)
{
	(void)state;
	struct scenario_settings settings = {.ipv6 = true};

	scenario_with(&settings,
		      HANDSHAKE_TS "20ms   A 101:100 a501 t1020/7000 c5\n"
				   "20.1ms A 101:100 a501 t1020/7000 c5 = copy\n"
				   "21ms   A 201:100 a501 t1021/7000 c6\n"
				   "21.1ms A 201:100 a501 t1021/7000 c7 = resent\n",
		      NULL);
}

static void start_in_mid_flow(void **state)
{
	(void)state;
	scenario("0     A 5000:1000 a900\n"
		 "10ms  B 900 a6000               = ack 10ms response\n"
		 "11ms  B 900:200 a6000\n"
		 "15ms  A 6000 a1100              = ack 4ms response\n");
	/* In flight when the capture began: 4000-5000. */
	scenario("0     A 5000:1000 a900\n"
		 "1ms   B 900 a4000\n"
		 "5ms   B 900 a5000               = gap\n"
		 "10ms  B 900 a6000               = ack 10ms response\n");
	/* The first acknowledgement answers data from before. */
	scenario("0     A 5000:1000 a900 t50/1\n"
		 "1ms   B 900 a6000 t9/40         = gap\n");
	/* A keep-alive out of the blue. */
	scenario("0     A 5000:1 a900\n"
		 "1ms   B 900 a5001\n"
		 "2ms   A 5001:10 a900\n"
		 "9ms   B 900 a5011               = ack 7ms response\n");
}

static void retransmission_of_what_was_sent_before_the_capture(void **state)
{
	(void)state;
	scenario("0     A 5000:1000 a900\n"
		 "1ms   B 900 a4000\n"
		 "2ms   A 4000:1000 a900          = resent\n"
		 "12ms  B 900 a6000               = ambiguous\n");
	scenario("0     A 5000:1000 a900 t50/1\n"
		 "1ms   B 900 a4000 t9/40\n"
		 "2ms   A 4000:1000 a900 t52/1    = resent\n"
		 "12ms  B 900 a6000 t19/52        = echo 10ms network\n");
}

static void one_side_only(void **state)
{
	(void)state;
	struct scenario_settings settings = {0};
	struct tcpm_counters counters;

	scenario_with(&settings,
		      "0     B 900 a4000\n"
		      "1ms   B 900 a5000               = one_sided\n"
		      "2ms   B 900:100 a5000\n"
		      "3ms   B 1000:100 a6000          = one_sided\n",
		      &counters);
	assert_int_equal(counters.flows_opened, 1);
}

static void sequence_numbers_wrap(void **state)
{
	(void)state;
	scenario("0     A S ~3\n"
		 "10ms  B S ~1 a~2                = syn 10ms network\n"
		 "11ms  A ~2 a0                   = syn 1ms network\n"
		 "20ms  A ~2:1000 a0\n"
		 "21ms  A 998:1000 a0\n"
		 "30ms  B 0 a1998                 = ack 9ms network\n"
		 "40ms  A 1998:10 a0\n"
		 "41ms  A 1998:10 a0              = resent\n"
		 "50ms  B 0 a2008                 = ambiguous\n");
}

static void timestamps_wrap(void **state)
{
	(void)state;
	scenario("0     A S 100 t~20/0\n"
		 "10ms  B S 500 a101 t7000/~20    = syn 10ms network\n"
		 "20ms  A 101:100 a501 t~1/7000   = syn 10ms response\n"
		 "220ms A 101:100 a501 t199/7000  = resent\n"
		 "230ms B 501 a201 t7230/199      = echo 10ms response\n"
		 "240ms A 201:100 a501 t219/7230\n"
		 "250ms B 501 a301 t7250/219      = ack 10ms response\n"
		 "260ms A 301:100 a501 t239/7250\n"
		 "270ms B 501 a401 t7270/~5       = contradiction\n");
}

static void time_steps_back(void **state)
{
	(void)state;
	/* A little: disorder. Nothing negative comes out. */
	scenario(HANDSHAKE "20ms  A 101:100 a501\n"
			   "19ms  B 501 a201                = clock\n"
			   "30ms  A 201:100 a501\n"
			   "40ms  B 501 a301                = ack 10ms response\n");
	/* Much: the clock was set; what was outstanding cannot be timed. */
	scenario(HANDSHAKE "10s   A 101:100 a501\n"
			   "9.5s  A 201:100 a501\n"
			   "10.1s B 501 a201                = clock\n"
			   "10.2s B 501 a301                = ack 700ms response\n");
	/* A wild stamp in the middle, as in a damaged file. */
	scenario("0     A S 100\n"
		 "-600000000s B S 500 a101        = clock\n"
		 "5us   A 101 a501                = clock\n"
		 "10us  A 101:100 a501\n"
		 "40us  B 501 a201                = ack 30us response\n");
}

static void no_round_trip_takes_minutes(void **state)
{
	(void)state;
	scenario(HANDSHAKE "20s   A 101:100 a501\n"
			   "259s  B 501 a201                = overdue\n"
			   "300s  A 201:100 a501\n"
			   "541s  B 501 a301                = clock\n");
}

static void frames_without_a_time_prove_nothing(void **state)
{
	(void)state;
	scenario(HANDSHAKE "?     A 101:100 a501\n"
			   "30ms  B 501 a201                = untimed\n"
			   "40ms  A 201:100 a501\n"
			   "?     B 501 a301                = clock\n"
			   "50ms  A 301:100 a501\n"
			   "?     A 401:100 a501\n"
			   "60ms  B 501 a501                = untimed\n");
	scenario("? A S 100\n"
		 "? B S 500 a101                  = untimed\n");
}

static void fin_takes_a_number(void **state)
{
	(void)state;
	scenario(HANDSHAKE "20ms  A F 101 a501\n"
			   "30ms  B 501 a102                = ack 10ms response\n"
			   "40ms  B F 501 a102\n"
			   "41ms  A 102 a502                = ack 1ms response\n");
}

static void late_acknowledgements_say_nothing(void **state)
{
	(void)state;
	scenario(HANDSHAKE "20ms  A 101:1000 a501\n"
			   "21ms  A 1101:1000 a501\n"
			   "31ms  B 501 a2101               = ack 10ms network\n"
			   "32ms  B 501 a1101\n"
			   "33ms  B 501 a101\n");
}

static void reordered_before_the_capture_point(void **state)
{
	(void)state;
	scenario(HANDSHAKE "20ms  A 1101:1000 a501\n"
			   "21ms  A 101:1000 a501           = late\n"
			   "30ms  B 501 a101 s1101-2101     = sack 10ms network\n"
			   "31ms  B 501 a2101               = ack 10ms network\n");
}

static void implausible_segments_need_company(void **state)
{
	(void)state;
	scenario(HANDSHAKE "20ms  A 2000000101:100 a501\n"
			   "21ms  A 101:100 a501\n"
			   "31ms  B 501 a201                = ack 10ms response\n"
			   "40ms  A 3000000000:100 a501\n"
			   "41ms  A 3000000100:100 a501\n"
			   "51ms  B 501 a3000000200         = ack 10ms response\n");
}

static void first_fragment_proves_its_own_part(void **state)
{
	(void)state;
	scenario(HANDSHAKE "20ms  A 101:400 a501 +\n"
			   "30ms  B 501 a1101               = gap\n"
			   "40ms  A 1101:100 a501\n"
			   "50ms  B 501 a1201               = ack 10ms response\n");
}

static void frames_cut_by_the_snap_length(void **state)
{
	(void)state;
	/* The options are gone, the lengths are not. */
	scenario(HANDSHAKE_TS "20ms  A 101:100 a501 t1020/7000 x10\n"
			      "30ms  B 501 a201 t7030/1020 x10  = ack 10ms response\n");
}

static void acknowledgement_and_sack_of_later_data(void **state)
{
	(void)state;
	/* The receiver held back its answer to 101 when 2101 came out of order. */
	scenario(HANDSHAKE "20ms  A 101:1000 a501\n"
			   "21ms  A 2101:1000 a501\n"
			   "31ms  B 501 a1101 s2101-3101    = sack 10ms network\n"
			   "40ms  A 1101:1000 a501          = late\n"
			   "50ms  B 501 a3101               = ack 10ms network\n");
	/* A hole filled after what lies behind it was sent: that came last. */
	scenario(HANDSHAKE "20ms  A 1101:1000 a501\n"
			   "21ms  A 3101:1000 a501\n"
			   "22ms  A 101:1000 a501           = late\n"
			   "32ms  B 501 a2101 s3101-4101    = ack 10ms network\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshake_is_timed_on_both_sides),
		cmocka_unit_test(handshake_that_waits_for_data_is_a_response),
		cmocka_unit_test(refused_connection_is_timed),
		cmocka_unit_test(syn_retransmitted_without_timestamps_is_ambiguous),
		cmocka_unit_test(syn_retransmitted_is_resolved_by_the_echo),
		cmocka_unit_test(one_small_segment_is_a_response),
		cmocka_unit_test(two_full_segments_are_network),
		cmocka_unit_test(one_full_segment_is_a_response),
		cmocka_unit_test(answers_carry_acknowledgements),
		cmocka_unit_test(retransmitted_without_timestamps_is_ambiguous),
		cmocka_unit_test(retransmitted_is_resolved_by_the_echo),
		cmocka_unit_test(coarse_clock_cannot_resolve),
		cmocka_unit_test(two_retransmissions_in_one_tick_are_ambiguous),
		cmocka_unit_test(echo_of_the_last_but_one),
		cmocka_unit_test(echo_of_the_original_needs_proof),
		cmocka_unit_test(everything_a_retransmission_held_back_is_silent),
		cmocka_unit_test(hole_filled_at_the_capture_point),
		cmocka_unit_test(hole_never_filled_is_a_gap),
		cmocka_unit_test(data_never_seen),
		cmocka_unit_test(super_segment_is_timed_by_its_first_part),
		cmocka_unit_test(part_of_a_super_segment_sent_again),
		cmocka_unit_test(selective_acknowledgements),
		cmocka_unit_test(sacked_segments_do_not_trigger),
		cmocka_unit_test(duplicate_reports_are_no_samples),
		cmocka_unit_test(sack_of_retransmitted_data_is_ambiguous),
		cmocka_unit_test(two_sack_blocks_merge),
		cmocka_unit_test(newer_echo_contradicts),
		cmocka_unit_test(retransmission_with_new_data_behind_it),
		cmocka_unit_test(keep_alives_are_no_segments),
		cmocka_unit_test(copies_are_dropped),
		cmocka_unit_test(retransmission_is_no_copy),
		cmocka_unit_test(copies_over_ipv6),
		cmocka_unit_test(start_in_mid_flow),
		cmocka_unit_test(retransmission_of_what_was_sent_before_the_capture),
		cmocka_unit_test(one_side_only),
		cmocka_unit_test(sequence_numbers_wrap),
		cmocka_unit_test(timestamps_wrap),
		cmocka_unit_test(time_steps_back),
		cmocka_unit_test(no_round_trip_takes_minutes),
		cmocka_unit_test(frames_without_a_time_prove_nothing),
		cmocka_unit_test(fin_takes_a_number),
		cmocka_unit_test(late_acknowledgements_say_nothing),
		cmocka_unit_test(reordered_before_the_capture_point),
		cmocka_unit_test(implausible_segments_need_company),
		cmocka_unit_test(first_fragment_proves_its_own_part),
		cmocka_unit_test(frames_cut_by_the_snap_length),
		cmocka_unit_test(acknowledgement_and_sack_of_later_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
