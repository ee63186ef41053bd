/*
 * Matching what real stacks and captures do: segments without timestamps, tail loss probes,
 * acknowledgements that were not captured, options that were cut off, duplicate acknowledgements
 * without SACK, TCP Fast Open, and reports of SACK blocks that got lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "scenario.h"

/* Path 10 ms: B answers A's SYN. Data of A begins at 101, that of B at 501. */

/* clang-format off */
#define SACK_10MS                                                                                  \
	"0      A S 100 m1460 p \n"                                                                \
	"10ms   B S 500 a101 m1460 p            = syn 10ms network\n"                              \
	"10.1ms A 101 a501                      = syn 100us network\n"

#define SACK_TS_10MS                                                                               \
	"0      A S 100 m1460 p t10/0 \n"                                                          \
	"10ms   B S 500 a101 m1460 p t900/10    = syn 10ms network\n"                              \
	"10.1ms A 101 a501 t20/900              = syn 100us network\n"

#define NO_SACK_10MS                                                                               \
	"0      A S 100 m1460 \n"                                                                  \
	"10ms   B S 500 a101 m1460              = syn 10ms network\n"                              \
	"10.1ms A 101 a501                      = syn 100us network\n"
/* clang-format on */

static void segment_without_timestamp_is_not_contradicted(void **state)
{
	(void)state;
	scenario("0      A S 100 m1460 p t10/0 \n"
		 "50ms   B S 900 a101 m1460 p t900/10   = syn 50ms network\n"
		 "50.1ms A 101 a901 t60/900             = syn 100us network\n"
		 "60ms   B 901:1448 a101 \n"
		 "61ms   B 2349:1448 a101 \n"
		 "61.5ms A 101 a3797 t71/900            = ack 500us network\n");
	/* Some segments carry it, some do not; then the acknowledgement has none. */
	scenario("0      A S 100 m1460 p t10/0 \n"
		 "50ms   B S 900 a101 m1460 p t900/10   = syn 50ms network\n"
		 "50.1ms A 101 a901 t60/900             = syn 100us network\n"
		 "60ms   B 901:1448 a101 t950/60\n"
		 "61ms   B 2349:1448 a101 \n"
		 "61.5ms A 101 a3797 t71/950            = ack 500us network\n"
		 "70ms   B 3797:1448 a101 \n"
		 "71ms   B 5245:1448 a101 t960/60\n"
		 "71.5ms A 101 a6693 t81/960            = ack 500us network\n"
		 "80ms   B 6693:1448 a101 t970/60\n"
		 "81ms   B 8141:1448 a101 t971/60\n"
		 "81.5ms A 101 a9589                    = ack 500us network\n");
	/* An echo that is older than the segment which starts at una still contradicts. */
	scenario("0      A S 100 m1460 p t10/0 \n"
		 "50ms   B S 900 a101 m1460 p t900/10   = syn 50ms network\n"
		 "50.1ms A 101 a901 t60/900             = syn 100us network\n"
		 "60ms   B 901:1448 a101 t950/60\n"
		 "61ms   B 2349:1448 a101 \n"
		 "61.5ms A 101 a3797 t71/900            = contradiction\n");
}

static void probe_that_cannot_have_been_answered_is_no_ambiguity(void **state)
{
	(void)state;
	scenario("0      A S 100 m1460 p \n"
		 "50ms   B S 500 a101 m1460 p           = syn 50ms network\n"
		 "50.1ms A 101 a501                     = syn 100us network\n"
		 "60ms   A 101:1000 a501 \n"
		 "100ms  A 101:1000 a501                = resent\n"
		 "111ms  B 501 a1101                    = ack 51ms response\n"
		 "150ms  B 501 a1101 s101-1101 \n");
	/* 40 ms after it left it may have been answered. */
	scenario("0      A S 100 m1460 p \n"
		 "50ms   B S 500 a101 m1460 p           = syn 50ms network\n"
		 "50.1ms A 101 a501                     = syn 100us network\n"
		 "60ms   A 101:1000 a501 \n"
		 "71ms   A 101:1000 a501                = resent\n"
		 "111ms  B 501 a1101                    = ambiguous\n");
	/* Of three transmissions the first two cannot be distinguished. */
	scenario("0      A S 100 m1460 p \n"
		 "50ms   B S 500 a101 m1460 p           = syn 50ms network\n"
		 "50.1ms A 101 a501                     = syn 100us network\n"
		 "60ms   A 101:1000 a501 \n"
		 "80ms   A 101:1000 a501                = resent\n"
		 "130ms  A 101:1000 a501                = resent\n"
		 "140ms  B 501 a1101                    = ambiguous\n");
	/* Two segments of one clock tick, the first sent again: the second is the trigger. */
	scenario("0      A S 100 m1460 p t1000/0 \n"
		 "48ms   B S 500 a101 m1460 p t7/1000   = syn 48ms network\n"
		 "48.1ms A 101 a501 t1048/7             = syn 100us network\n"
		 "1.075s A 101:1000 a501 t2075/7 \n"
		 "1.0757s A 1101:1000 a501 t2075/7 \n"
		 "1.090s A 101:1000 a501 t2090/7        = resent\n"
		 "1.1237s B 501 a2101 t900/2075         = ack 48ms network\n");
	/* The echo names the retransmission: the path has become shorter. */
	scenario("0      A S 100 m1460 p t1000/0 \n"
		 "48ms   B S 500 a101 m1460 p t7/1000   = syn 48ms network\n"
		 "48.1ms A 101 a501 t1048/7             = syn 100us network\n"
		 "1.000s A 101:1000 a501 t2000/7 \n"
		 "1.090s A 101:1000 a501 t2090/7        = resent\n"
		 "1.110s B 501 a1101 t900/2090          = echo 20ms response\n");
}

static void duplicate_acknowledgements_behind_a_snap_length(void **state)
{
	(void)state;
	scenario("0      A S 100 m1460 p \n"
		 "50ms   B S 500 a101 m1460 p           = syn 50ms network\n"
		 "50.1ms A 101 a501                     = syn 100us network\n"
		 "60ms   A 101:1000 a501 \n"
		 "60.1ms A 1101:1000 a501 \n"
		 "60.2ms A 2101:1000 a501 \n"
		 "110.2ms B 501 a101 s1101-2101 x8 \n"
		 "110.3ms B 501 a101 s1101-3101 x8 \n"
		 "118ms  B 501 a3101                    = ambiguous\n"
		 /* No sign of reordering: samples continue. */
		 "200ms  A 3101:1000 a501 \n"
		 "200.1ms A 4101:1000 a501 \n"
		 "250.1ms B 501 a5101                   = ack 50ms network\n");
	/* The same with the blocks visible. */
	scenario("0      A S 100 m1460 p \n"
		 "50ms   B S 500 a101 m1460 p           = syn 50ms network\n"
		 "50.1ms A 101 a501                     = syn 100us network\n"
		 "60ms   A 101:1000 a501 \n"
		 "60.1ms A 1101:1000 a501 \n"
		 "60.2ms A 2101:1000 a501 \n"
		 "110.2ms B 501 a101 s1101-2101         = sack 50.1ms network\n"
		 "110.3ms B 501 a101 s1101-3101         = sack 50.1ms network\n"
		 "118ms  B 501 a3101                    = ack 58ms network\n");
}

static void duplicate_acknowledgements_are_explained_or_counted(void **state)
{
	(void)state;
	/* A retransmission of what was acknowledged explains one. */
	scenario(NO_SACK_10MS "100ms    A 101:1000 a501 \n"
			      "100.01ms A 1101:1000 a501 \n"
			      "110.01ms B 501 a2101              = ack 10ms network\n"
			      "111ms    A 2101:1000 a501 \n"
			      "111.5ms  A 101:1000 a501          = resent\n"
			      "112.01ms A 3101:1000 a501 \n"
			      "112.02ms A 4101:1000 a501 \n"
			      "112.03ms A 5101:1000 a501 \n"
			      "121.5ms  B 501 a2101 \n"
			      "122.01ms B 501 a4101              = ack 10ms network\n"
			      "122.03ms B 501 a6101              = ack 10ms network\n");
	/* Others are counted; an acknowledgement of n segments accounts for n - 1 of them. */
	scenario(NO_SACK_10MS "100ms    A 101:1000 a501 \n"
			      "100.01ms A 1101:1000 a501 \n"
			      "100.02ms A 2101:1000 a501 \n"
			      "100.03ms A 3101:1000 a501 \n"
			      "100.04ms A 4101:1000 a501 \n"
			      "100.05ms A 5101:1000 a501 \n"
			      "100.06ms A 6101:1000 a501 \n"
			      "110.01ms B 501 a101 \n"
			      "110.02ms B 501 a101 \n"
			      "110.03ms B 501 a3101              = ambiguous\n"
			      "110.04ms B 501 a5101              = ack 10ms network\n"
			      "110.06ms B 501 a7101              = ack 10ms network\n");
}

static void filler_explains_duplicates_only_at_una(void **state)
{
	(void)state;
	scenario(NO_SACK_10MS "100ms    A 101:1000 a501 \n"
			      "100.01ms A 1101:1000 a501 \n"
			      "100.02ms A 3101:1000 a501 \n"
			      "103ms    A 2101:1000 a501         = late\n"
			      "110.01ms B 501 a101 \n"
			      "110.02ms B 501 a101 \n"
			      "113ms    B 501 a101 \n"
			      "114ms    B 501 a4101              = ambiguous\n");
}

static void fast_open_data_that_was_not_taken(void **state)
{
	(void)state;
	scenario("0       A S 100:200 m1460 p \n"
		 "50ms    B S 500 a101 m1460 p          = syn 50ms network\n"
		 "50.1ms  A 101:200 a501                = syn 100us network resent\n"
		 "100.3ms B 501 a301                    = ack 50.2ms response\n");
	/* It was taken: one acknowledgement for both. */
	scenario("0       A S 100:200 m1460 p \n"
		 "50ms    B S 500 a301 m1460 p          = syn 50ms network\n"
		 "50.1ms  A 301:100 a501                = syn 100us response\n"
		 "100.3ms B 501 a401                    = ack 50.2ms response\n");
}

static void copies_have_one_sequence_number(void **state)
{
	(void)state;
	/* Neither IP id nor checksum tells these apart. */
	scenario("0       A S 100 m1460 p i0 c1 \n"
		 "10ms    B S 500 a101 m1460 p          = syn 10ms network\n"
		 "10.1ms  A 101 a501 i0 c1              = syn 100us network\n"
		 "20ms    A 101:1000 a501 i0 c7 \n"
		 "20.01ms A 1101:1000 a501 i0 c7 \n"
		 "30.01ms B 501 a2101                   = ack 10ms network\n"
		 "30.02ms A 2101:1000 a501 i0 c7 \n"
		 "30.03ms A 101:1000 a501 i0 c7         = resent\n"
		 "30.04ms A 101:1000 a501 i0 c7         = copy\n");
}

static void acknowledgement_later_than_tcp_allows(void **state)
{
	(void)state;
	scenario("0      A S 100 m1460 p \n"
		 "30ms   B S 500 a101 m1460 p           = syn 30ms network\n"
		 "30.1ms A 101 a501                     = syn 100us network\n"
		 "40ms   A 101:100 a501 \n"
		 "60.1s  B 501:100 a201                 = overdue\n"
		 "60.2s  A 201:100 a601                 = ack 100ms response\n"
		 "62.9s  B 601:100 a301                 = ack 2.7s response\n");
	/* The path has become slow by and by. */
	scenario("0      A S 100 m1460 p \n"
		 "600ms  B S 500 a101 m1460 p           = syn 600ms network\n"
		 "600.1ms A 101 a501                    = syn 100us network\n"
		 "1s     A 101:100 a501 \n"
		 "3.5s   B 501 a201                     = ack 2.5s response\n"
		 "4s     A 201:100 a501 \n"
		 "14s    B 501 a301                     = ack 10s response\n");
	/* Nothing is known of the path. */
	scenario("0      A 101:100 a501 \n"
		 "1s     B 501 a201                     = ack 1s response\n");
	scenario("0      A 101:100 a501 \n"
		 "6s     B 501 a201                     = ack 6s response\n");
	scenario("0      A 101:100 a501 \n"
		 "7s     B 501 a201                     = overdue\n");
	/* Sent again after 2 s: the next timeout is a long one. */
	scenario("0      A S 100 m1460 p t1/0 \n"
		 "30ms   B S 500 a101 m1460 p t900/1    = syn 30ms network\n"
		 "30.1ms A 101 a501 t31/900             = syn 100us network\n"
		 "40ms   A 101:100 a501 t41/900 \n"
		 "2.04s  A 101:100 a501 t2041/900       = resent\n"
		 "8.04s  B 501 a201 t1800/2041          = echo 6s response\n"
		 "8.1s   A 201:100 a501 t8101/1800 \n"
		 "8.4s   A 201:100 a501 t8401/1800      = resent\n"
		 "77.4s  B 501 a301 t9900/8401          = overdue\n");
}

static void duplicate_of_a_fin_is_not_reported(void **state)
{
	(void)state;
	/* In TIME-WAIT there is no D-SACK; the receiver has reported a duplicate before. */
	scenario("0      A S 100 m1460 p t10/0 \n"
		 "60ms   B S 500 a101 m1460 p t900/10   = syn 60ms network\n"
		 "60.1ms A 101 a501 t70/900             = syn 100us network\n"
		 "100ms  A 101:1000 a501 t110/900 \n"
		 "160ms  B 501 a1101 t960/110           = ack 60ms response\n"
		 "161ms  A 101:1000 a501 t171/960       = resent\n"
		 "221ms  B 501 a1101 t961/110 s101-1101 \n"
		 "300ms  A F 1101 a501 t310/961 \n"
		 "570ms  A F 1101 a501 t580/961         = resent\n"
		 "630ms  B 501 a1102 t970/310           = ambiguous\n");
}

static void echo_that_stood_before_names_nothing(void **state)
{
	(void)state;
	/* The first transmission is one tick older than what was echoed before it arrived. */
	scenario("0      A S 100 m1460 p t40/0 \n"
		 "400us  B S 500 a101 m1460 p t900/40   = syn 400us network\n"
		 "500us  A 101 a501 t50/900             = syn 100us network\n"
		 "100ms  A 101:1000 a501 t100/900 \n"
		 "100.1ms A 1101:1000 a501 t100/900 \n"
		 "100.2ms A 2101:1000 a501 t101/900 \n"
		 "100.5ms B 501 a101 t901/101 s1101-2101 = sack 400us network\n"
		 "101ms  A 101:1000 a501 t101/901       = resent\n"
		 "101.5ms B 501 a2101 t901/101          = ambiguous\n");
}

static void echo_one_tick_newer_that_was_echoed_before(void **state)
{
	(void)state;
	scenario("0       A S 100 m1460 p t40/0 \n"
		 "600us   B S 500 a101 m1460 p t900/40  = syn 600us network\n"
		 "700us   A 101 a501 t50/900            = syn 100us network\n"
		 "100ms    A 101:1000 a501 t100/900 \n"
		 "100.01ms A 1101:1000 a501 t100/900 \n"
		 "100.02ms A 2101:1000 a501 t100/900 \n"
		 "100.03ms A 3101:1000 a501 t100/900 \n"
		 "100.62ms B 501 a101 t901/50 s2101-3101  = sack 600us network\n"
		 "100.63ms B 501 a101 t901/50 s2101-4101  = sack 600us network\n"
		 "100.70ms A 101:1000 a501 t101/901     = resent\n"
		 "101.30ms B 501 a1101 t902/101 s2101-4101 = echo 600us response\n"
		 "101.50ms B 501 a4101 t902/101         = ack 1.49ms network\n");
}

static void advance_and_new_block_that_disagree(void **state)
{
	(void)state;
	scenario(SACK_TS_10MS "100ms A 101:1000 a501 t100/900 \n"
			      "104ms A 3101:1000 a501 t104/900 \n"
			      "105ms A 1101:1000 a501 t105/900   = late\n"
			      "110ms B 501 a1101 t901/100        = ack 10ms response\n"
			      "112ms A 1101:1000 a501 t112/901   = resent\n"
			      "114ms B 501 a2101 t902/105 s3101-4101 = ambiguous\n");
	scenario(SACK_TS_10MS "100ms A 101:1000 a501 t100/900 \n"
			      "104ms A 2101:1000 a501 t104/900 \n"
			      "112ms A 101:1000 a501 t112/900    = resent\n"
			      "114ms B 501 a1101 t902/100 s2101-3101 = ambiguous\n");
}

static void hole_filled_with_a_block_reported_late(void **state)
{
	(void)state;
	/* SACK compression: the report of 3101 waits, until what was overtaken fills the hole. */
	scenario(SACK_10MS "100ms    A 101:1000 a501 \n"
			   "100.5ms  A 1101:1000 a501 \n"
			   "105ms    A 2101:1000 a501 \n"
			   "106ms    A 3101:1000 a501 \n"
			   "110.5ms  B 501 a101 s1101-2101    = sack 10ms network\n"
			   "116.5ms  B 501 a2101 s3101-4101   = ambiguous\n");
}

static void echo_decides_between_two_ends(void **state)
{
	(void)state;
	scenario(SACK_TS_10MS "100ms    A 101:1000 a501 t100/900 \n"
			      "100.01ms A 1101:1000 a501 t100/900 \n"
			      "100.02ms A 2101:1000 a501 t100/900 \n"
			      "105ms    A 3101:1000 a501 t105/900 \n"
			      "110.01ms B 501 a101 t901/20 s1101-2101 = sack 10ms network\n"
			      "110.02ms B 501 a101 t901/20 s1101-3101 = sack 10ms network\n"
			      "115.01ms B 501 a4101 t902/100     = ack 15.01ms network\n");
	/* The tail. */
	scenario(SACK_TS_10MS "100ms    A 101:1000 a501 t100/900 \n"
			      "100.01ms A 1101:1000 a501 t100/900 \n"
			      "105ms    A 2101:1000 a501 t105/900 \n"
			      "110.01ms B 501 a101 t901/20 s1101-2101 = sack 10ms network\n"
			      "115.01ms B 501 a3101 t902/105     = ack 10.01ms network\n");
	/* Without timestamps nothing tells. */
	scenario(SACK_10MS "100ms    A 101:1000 a501 \n"
			   "100.01ms A 1101:1000 a501 \n"
			   "105ms    A 2101:1000 a501 \n"
			   "110.01ms B 501 a101 s1101-2101    = sack 10ms network\n"
			   "115.01ms B 501 a3101              = ambiguous\n");
	/* Unless it makes no difference. */
	scenario(SACK_10MS "100ms    A 101:1000 a501 \n"
			   "100.01ms A 1101:1000 a501 \n"
			   "100.02ms A 2101:1000 a501 \n"
			   "110.01ms B 501 a101 s1101-2101    = sack 10ms network\n"
			   "110.02ms B 501 a3101              = ack 10ms network\n");
}

static void merge_of_blocks_in_a_second_block(void **state)
{
	(void)state;
	scenario(SACK_10MS
		 "100ms    A 101:1000 a501 \n"
		 "101ms    A 1101:1000 a501 \n"
		 "102ms    A 2101:1000 a501 \n"
		 "103ms    A 3101:1000 a501 \n"
		 "104ms    A 4101:1000 a501 \n"
		 "105ms    A 5101:1000 a501 \n"
		 "109ms    A 6101:1000 a501 \n"
		 "109.01ms A 7101:1000 a501 \n"
		 "111ms    B 501 a101 s1101-2101        = sack 10ms network\n"
		 "113ms    B 501 a101 s3101-4101,1101-2101 = sack 10ms network\n"
		 "115ms    B 501 a101 s5101-6101,3101-4101,1101-2101 = sack 10ms network\n"
		 "119.01ms B 501 a101 s7101-8101,3101-6101,1101-2101 = sack 10ms network\n"
		 "119.50ms B 501 a101 s1101-6101,7101-8101 = sack 17.5ms network\n");
}

static void block_that_newly_covers_two_pieces(void **state)
{
	(void)state;
	scenario(SACK_10MS
		 "100ms    A 101:1000 a501 \n"
		 "100.01ms A 1101:1000 a501 \n"
		 "100.02ms A 2101:1000 a501 \n"
		 "100.03ms A 3101:1000 a501 \n"
		 "105ms    A 4101:1000 a501 \n"
		 "105.01ms A 5101:1000 a501 \n"
		 "110.01ms B 501 a101 s1101-2101        = sack 10ms network\n"
		 "110.03ms B 501 a101 s3101-4101,1101-2101 = sack 10ms network\n"
		 "115.01ms B 501 a101 s5101-6101,3101-4101,1101-2101 = sack 10ms network\n"
		 "115.30ms B 501 a101 s1101-6101        = ambiguous\n");
}

static void data_that_joins_the_third_block(void **state)
{
	(void)state;
	/* 2101 was overtaken and came last, but the block that it joined is not at the front. */
	scenario(SACK_10MS
		 "100ms    A 101:1000 a501 \n"
		 "100.01ms A 1101:1000 a501 \n"
		 "100.02ms A 2101:1000 a501 \n"
		 "100.03ms A 3101:1000 a501 \n"
		 "100.04ms A 4101:1000 a501 \n"
		 "100.05ms A 5101:1000 a501 \n"
		 "100.06ms A 6101:1000 a501 \n"
		 "105ms    A 7101:1000 a501 \n"
		 "110.01ms B 501 a101 s1101-2101        = sack 10ms network\n"
		 "110.03ms B 501 a101 s3101-4101,1101-2101 = sack 10ms network\n"
		 "110.05ms B 501 a101 s5101-6101,3101-4101,1101-2101 = sack 10ms network\n"
		 "115.01ms B 501 a101 s7101-8101,5101-6101,3101-4101,1101-3101 = ambiguous\n");
}

static void acknowledgement_of_a_tail_may_wait(void **state)
{
	(void)state;
	scenario(SACK_10MS "50ms     A 101:1000 a501 \n"
			   "50.01ms  A 1101:1000 a501 \n"
			   "60.01ms  B 501 a2101              = ack 10ms network\n"
			   "100ms    A 2101:1000 a501 \n"
			   "100.01ms A 3101:1000 a501 \n"
			   "100.02ms A 4101:500 a501 \n"
			   "150.02ms B 501 a4601              = ack 50ms response\n");
	/* More was sent after it: what it answers is not the tail. */
	scenario(SACK_10MS "50ms     A 101:1000 a501 \n"
			   "50.01ms  A 1101:1000 a501 \n"
			   "60.01ms  B 501 a2101              = ack 10ms network\n"
			   "100ms    A 2101:1000 a501 \n"
			   "100.01ms A 3101:1000 a501 \n"
			   "100.02ms A 4101:1000 a501 \n"
			   "140ms    A 5101:1000 a501 \n"
			   "150.02ms B 501 a5101              = ack 50ms network\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segment_without_timestamp_is_not_contradicted),
		cmocka_unit_test(probe_that_cannot_have_been_answered_is_no_ambiguity),
		cmocka_unit_test(duplicate_acknowledgements_behind_a_snap_length),
		cmocka_unit_test(duplicate_acknowledgements_are_explained_or_counted),
		cmocka_unit_test(filler_explains_duplicates_only_at_una),
		cmocka_unit_test(fast_open_data_that_was_not_taken),
		cmocka_unit_test(copies_have_one_sequence_number),
		cmocka_unit_test(acknowledgement_later_than_tcp_allows),
		cmocka_unit_test(duplicate_of_a_fin_is_not_reported),
		cmocka_unit_test(echo_that_stood_before_names_nothing),
		cmocka_unit_test(echo_one_tick_newer_that_was_echoed_before),
		cmocka_unit_test(advance_and_new_block_that_disagree),
		cmocka_unit_test(hole_filled_with_a_block_reported_late),
		cmocka_unit_test(echo_decides_between_two_ends),
		cmocka_unit_test(merge_of_blocks_in_a_second_block),
		cmocka_unit_test(block_that_newly_covers_two_pieces),
		cmocka_unit_test(data_that_joins_the_third_block),
		cmocka_unit_test(acknowledgement_of_a_tail_may_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
