/*
 * Situations of real captures in which common tools give wrong samples, rebuilt in a few
 * packets each, with numbers of our own. What test_match.c and test_handshake.c hold
 * already, rule by rule, is not repeated.
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

/* The acknowledgement that crosses the retransmission comes 2 ms after it, much sooner than
 * any round trip; the duplicate's own answer says so by D-SACK. Neither advances. */
static void spurious_retransmission_after_its_acknowledgement(void **state)
{
	struct scenario_settings settings = {0};
	struct tcpm_counters counters;

	(void)state;
	scenario_with(&settings,
		      HANDSHAKE_TS "20ms  A 101:1000 a501 t1020/7000\n"
				   "21ms  A 1101:1000 a501 t1021/7000\n"
				   "40ms  B 501 a2101 t7040/1020    = ack 19ms network\n"
				   "60ms  A 1101:1000 a501 t1060/7040 = resent\n"
				   "62ms  B 501 a2101 t7062/1021\n"
				   "80ms  B 501 a2101 t7080/1060 s1101-2101\n"
				   "90ms  A 2101:1000 a501 t1090/7080\n"
				   "99ms  B 501 a3101 t7099/1090    = ack 9ms response\n",
		      &counters);
	assert_int_equal(counters.acks, 4);
	assert_int_equal(counters.sacks, 0);
}

/* Sent six times: only the echo of the last, and only because no other bore it. */
static void sent_many_times(void **state)
{
	(void)state;
	scenario(HANDSHAKE_TS "1s    A 101:100 a501 t2000/7000\n"
			      "1.3s  A 101:100 a501 t2300/7000  = resent\n"
			      "1.9s  A 101:100 a501 t2900/7000  = resent\n"
			      "3.1s  A 101:100 a501 t4100/7000  = resent\n"
			      "5.5s  A 101:100 a501 t6500/7000  = resent\n"
			      "9.5s  A 101:100 a501 t10500/7000 = resent\n"
			      "9.511s B 501 a201 t16500/10500   = echo 11ms response\n");
	/* The echo of one in the middle: a later one may have made the answer leave. */
	scenario(HANDSHAKE_TS "1s    A 101:100 a501 t2000/7000\n"
			      "1.3s  A 101:100 a501 t2300/7000  = resent\n"
			      "1.9s  A 101:100 a501 t2900/7000  = resent\n"
			      "1.95s B 501 a201 t8950/2300      = ambiguous\n");
}

/* The hole was lost before the capture point; what lies around it was answered by SACK. The
 * acknowledgement that jumps answers what filled the hole, not the first nor the last. */
static void hole_filled_with_selectively_acknowledged_data_around_it(void **state)
{
	(void)state;
	scenario(HANDSHAKE_TS "20ms  A 101:1000 a501 t1020/7000\n"
			      "22ms  A 2101:1000 a501 t1022/7000\n"
			      "23ms  A 3101:1000 a501 t1023/7000\n"
			      "31ms  B 501 a1101 t7031/1020     = ack 11ms response\n"
			      "32ms  B 501 a1101 t7032/1020 s2101-3101 = sack 10ms network\n"
			      "33ms  B 501 a1101 t7033/1020 s2101-4101 = sack 10ms network\n"
			      "50ms  A 1101:1000 a501 t1050/7033 = late\n"
			      "51ms  A 4101:1000 a501 t1051/7033\n"
			      "60ms  B 501 a4101 t7060/1050     = ack 10ms network\n"
			      "61ms  B 501 a5101 t7061/1051     = ack 10ms response\n");
}

/* No timestamps: what the retransmission of the first held back is acknowledged in steps,
 * and the second lost segment holds back the rest, also what was sent once and after it. All
 * of it is silent. */
static void many_segments_held_back_without_timestamps(void **state)
{
	struct scenario_settings settings = {0};
	struct tcpm_counters counters;

	(void)state;
	scenario_with(&settings,
		      HANDSHAKE "20ms  A 101:1000 a501\n"
				"21ms  A 1101:1000 a501\n"
				"22ms  A 2101:1000 a501\n"
				"23ms  A 3101:1000 a501\n"
				"24ms  A 4101:1000 a501\n"
				"25ms  A 5101:1000 a501\n"
				"26ms  A 6101:1000 a501\n"
				"31ms  B 501 a101\n"
				"32ms  B 501 a101\n"
				"33ms  B 501 a101\n"
				"34ms  A 101:1000 a501           = resent\n"
				"44ms  B 501 a3101               = ambiguous\n"
				"45ms  A 3101:1000 a501          = resent\n"
				"46ms  A 7101:1000 a501\n"
				"56ms  B 501 a8101               = ambiguous\n"
				"60ms  A 8101:1000 a501\n"
				"61ms  A 9101:1000 a501\n"
				"70ms  B 501 a10101              = ack 9ms network\n",
		      &counters);
	assert_int_equal(counters.ack_reasons[TCPM_REASON_AMBIGUOUS], 2);
}

/* The byte beyond the window is probed with until it opens; then the rest follows. */
static void zero_window_probe_sent_until_the_window_opens(void **state)
{
	(void)state;
	scenario(HANDSHAKE "1s    A 101:1 a501\n"
			   "1.01s B 501 a101\n"
			   "2s    A 101:1 a501              = resent\n"
			   "2.01s B 501 a101\n"
			   "4s    A 101:1 a501              = resent\n"
			   "4.01s B 501 a101\n"
			   "4.5s  B 501 a101\n"
			   "4.51s A 101:1 a501              = resent\n"
			   "4.52s B 501 a102                = ambiguous\n"
			   "4.53s A 102:1000 a501\n"
			   "4.54s A 1102:1000 a501\n"
			   "4.55s B 501 a2102               = ack 10ms network\n");
}

static void syn_sent_three_times(void **state)
{
	(void)state;
	scenario("0     A S 100 t1000/0\n"
		 "1s    A S 100 t2000/0           = resent\n"
		 "3s    A S 100 t4000/0           = resent\n"
		 "3.02s B S 500 a101 t7000/4000   = echo 20ms network\n"
		 "3.021s A 101 a501 t4021/7000    = syn 1ms network\n");
	/* The answer to the second, under way when the third left: nothing proves it. */
	scenario("0     A S 100 t1000/0\n"
		 "1s    A S 100 t2000/0           = resent\n"
		 "3s    A S 100 t4000/0           = resent\n"
		 "3.02s B S 500 a101 t7000/2000   = ambiguous\n");
}

/* One byte at the edge, sent again, looks like a keep-alive. It is data. */
static void one_byte_that_looks_like_a_keep_alive(void **state)
{
	struct scenario_settings settings = {0};
	struct tcpm_counters counters;

	(void)state;
	scenario_with(&settings,
		      HANDSHAKE "20ms  A 101:1 a501\n"
				"30ms  B 501 a102                = ack 10ms response\n"
				"40ms  A 102:1 a501\n"
				"240ms A 102:1 a501              = resent\n"
				"250ms B 501 a103                = ambiguous\n",
		      &counters);
	assert_int_equal(counters.segments, 5);
	scenario(HANDSHAKE_TS "40ms  A 101:1 a501 t1040/7000\n"
			      "240ms A 101:1 a501 t1240/7000    = resent\n"
			      "250ms B 501 a102 t7250/1240      = echo 10ms response\n");
}

/* Nothing is outstanding: the probe's byte was acknowledged long ago, and an answer, sent
 * again or not, acknowledges nothing. */
static void keep_alives_sent_again(void **state)
{
	(void)state;
	scenario(HANDSHAKE "20ms  A 101:100 a501\n"
			   "30ms  B 501 a201                = ack 10ms response\n"
			   "45s   A 200:1 a501\n"
			   "48s   A 200:1 a501\n"
			   "48.05s B 501 a201\n"
			   "93s   B 500 a201\n"
			   "93.02s A 201 a501\n"
			   "94s   A 201:100 a501\n"
			   "94.01s B 501 a301               = ack 10ms response\n");
}

#define ONE_CONNECTION(tag, syn, ack, data, answer, fin, last)                                     \
	syn " A S 100 i1 " tag "\n" ack " B S 500 a101 i1 " tag "    = syn 10ms network\n" data    \
	    " A 101:50 a501 i2 " tag "   = syn 2ms response\n" answer " B 501:70 a151 i2 " tag     \
	    " = ack 12ms response\n" fin " A F 151 a571 i3 " tag "     = ack 1ms response\n" last  \
	    " B F 571 a152 i3 " tag "    = ack 11ms response\n"

/* The same endpoints, numbers, even IPv4 ids: only the tags tell the three apart. */
static void one_connection_in_no_vlan_in_one_and_in_two(void **state)
{
	struct scenario_settings settings = {0};
	struct tcpm_counters counters;

	(void)state;
	scenario_with(&settings,
		      "0     A S 100 i1\n"
		      "2ms   A S 100 i1 v42\n"
		      "4ms   A S 100 i1 v10/20\n"
		      "6ms   A S 100 i1 v20/10\n"
		      "8ms   A S 100 i1 v10\n"
		      "10ms  B S 500 a101 i1 v42        = syn 8ms network\n"
		      "11ms  B S 500 a101 i1 v20/10     = syn 5ms network\n"
		      "12ms  B S 500 a101 i1            = syn 12ms network\n"
		      "13ms  B S 500 a101 i1 v10/20     = syn 9ms network\n"
		      "14ms  B S 500 a101 i1 v10        = syn 6ms network\n"
		      "15ms  A 101 a501 i2 v10/20       = syn 2ms network\n"
		      "16ms  A 101 a501 i2              = syn 4ms network\n"
		      "17ms  A 101 a501 i2 v42          = syn 7ms network\n"
		      "20ms  A 101:100 a501 i3 v42\n"
		      "21ms  A 101:100 a501 i3\n"
		      "22ms  A 101:100 a501 i3 v10/20\n"
		      "30ms  B 501 a201 i2              = ack 9ms response\n"
		      "31ms  B 501 a201 i2 v42          = ack 11ms response\n"
		      "32ms  B 501 a201 i2 v10/20       = ack 10ms response\n",
		      &counters);
	assert_int_equal(counters.flows_opened, 5);
	assert_int_equal(counters.copies, 0);
	assert_int_equal(counters.retransmitted, 0);
	/* One after the other, each is a connection from its beginning to its end. */
	scenario(ONE_CONNECTION("", "0", "10ms", "12ms", "24ms", "25ms", "36ms")
			 ONE_CONNECTION("v42", "50ms", "60ms", "62ms", "74ms", "75ms", "86ms")
				 ONE_CONNECTION("v10/20", "100ms", "110ms", "112ms", "124ms",
						"125ms", "136ms"));
}

/* A clock of 500 ms that stood still for a minute: original and retransmission bear one
 * TSval, and the echo names neither. */
static void one_timestamp_for_two_transmissions_a_minute_apart(void **state)
{
	(void)state;
	scenario("0     A S 100 t50/0\n"
		 "900ms B S 500 a101 t70/50       = syn 900ms network\n"
		 "901ms A 101 a501 t51/70         = syn 1ms network\n"
		 "2s    A 101:1000 a501 t54/70\n"
		 "65s   A 101:1000 a501 t54/70    = resent\n"
		 "65.9s B 501 a1101 t200/54       = ambiguous\n"
		 /* The next ones again have ticks of their own. */
		 "66s   A 1101:1000 a501 t181/200\n"
		 "68s   A 1101:1000 a501 t185/200 = resent\n"
		 "68.9s B 501 a2101 t206/185      = echo 900ms response\n");
}

/* A record years early, as in a damaged file: it is ignored, and the flow continues. One
 * years late ends the flow by idleness; what follows starts a new flow. */
static void wild_stamps(void **state)
{
	(void)state;
	scenario(HANDSHAKE "20ms  A 101:100 a501\n"
			   "-660000000s B 501:100 a201      = clock\n"
			   "31ms  A 201:100 a601            = clock\n"
			   "32ms  A 301:100 a601\n"
			   "42ms  B 601 a401                = ack 10ms response\n");
	scenario(HANDSHAKE "20ms  A 101:100 a501\n"
			   "660000000s B 501:100 a201       = clock\n"
			   "31ms  A 201:100 a601            = clock\n"
			   "41ms  B 601 a301                = ack 10ms response\n");
}

/* The acknowledgement stands before its segment in the file, which then looks like one sent
 * again: nothing is timed backwards, and what follows is not spoilt. */
static void acknowledged_before_it_was_written_down(void **state)
{
	(void)state;
	scenario(HANDSHAKE "20.03ms B 501 a201             = unseen\n"
			   "20ms  A 101:100 a501\n"
			   "30ms  A 201:100 a501\n"
			   "40ms  B 501 a301                = ack 10ms response\n");
	scenario(HANDSHAKE "20ms  A 101:100 a501\n"
			   "20.5ms B 501:50 a301             = gap\n"
			   "20.4ms A 201:100 a501\n"
			   "21ms  A 301 a551                = ack 500us response\n");
}

/* Too large for a link behind the capture point; sent again as two smaller segments. */
static void sent_again_in_smaller_segments(void **state)
{
	(void)state;
	scenario(HANDSHAKE_TS "20ms  A 101:1400 a501 t1020/7000\n"
			      "21ms  A 1501:600 a501 t1021/7000\n"
			      "31ms  B 501 a101 t7031/1011 s1501-2101 = sack 10ms network\n"
			      "40ms  A 101:1200 a501 t1040/7031 = resent\n"
			      "41ms  A 1301:200 a501 t1041/7031 = resent\n"
			      "50ms  B 501 a1301 t7050/1040 s1501-2101 = echo 10ms response\n"
			      "51ms  B 501 a2101 t7051/1041     = echo 10ms network\n");
	scenario(HANDSHAKE "20ms  A 101:1400 a501\n"
			   "40ms  A 101:1200 a501           = resent\n"
			   "41ms  A 1301:200 a501           = resent\n"
			   "50ms  B 501 a1301               = ambiguous\n"
			   "51ms  B 501 a1501               = ambiguous\n");
}

/* Captured before and after a router, or on two ports: each sample is from the first. Copies
 * of pure acknowledgements repeat what is known, and are not counted. */
static void every_packet_twice(void **state)
{
	struct scenario_settings settings = {0};
	struct tcpm_counters counters;

	(void)state;
	scenario_with(&settings,
		      "0      A S 100 i1\n"
		      "300us  A S 100 i1               = copy\n"
		      "10ms   B S 500 a101 i1          = syn 10ms network\n"
		      "10.3ms B S 500 a101 i1          = copy\n"
		      "13ms   A 101 a501 i2            = syn 3ms network\n"
		      "13.3ms A 101 a501 i2\n"
		      "20ms   A 101:1460 a501 i3\n"
		      "20.1ms A 1561:1460 a501 i4\n"
		      "20.3ms A 101:1460 a501 i3       = copy\n"
		      "20.4ms A 1561:1460 a501 i4      = copy\n"
		      "30ms   B 501 a3021 i2           = ack 9.9ms network\n"
		      "30.1ms B 501:700 a3021 i3\n"
		      "30.3ms B 501 a3021 i2\n"
		      "30.4ms B 501:700 a3021 i3       = copy\n"
		      "33ms   A F 3021 a1201 i5        = ack 2.9ms response\n"
		      "33.3ms A F 3021 a1201 i5        = copy\n"
		      "43ms   B F 1201 a3022 i4        = ack 10ms response\n"
		      "43.3ms B F 1201 a3022 i4        = copy\n"
		      "46ms   A 3022 a1202 i6          = ack 3ms response\n"
		      "46.3ms A 3022 a1202 i6\n",
		      &counters);
	assert_int_equal(counters.copies, 7);
	assert_int_equal(counters.retransmitted, 0);
	assert_int_equal(counters.acks, 6);
}

/* A lone segment, answered after a fifth of a second by a host whose handshake took 5 ms:
 * both are true, and only the class tells them apart. */
static void delayed_acknowledgement_beside_a_short_path(void **state)
{
	struct scenario_settings settings = {0};
	struct tcpm_counters counters;

	(void)state;
	scenario_with(&settings,
		      "0     A S 100 m1460\n"
		      "1ms   B S 500 a101 m1460        = syn 1ms network\n"
		      "6ms   A 101 a501                = syn 5ms network\n"
		      "10ms  B 501:700 a101\n"
		      "226ms A 101 a1201               = ack 216ms response\n",
		      &counters);
	assert_int_equal(counters.samples[TCPM_METHOD_SYN][TCPM_CLASS_NETWORK], 2);
	assert_int_equal(counters.samples[TCPM_METHOD_ACK][TCPM_CLASS_RESPONSE], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spurious_retransmission_after_its_acknowledgement),
		cmocka_unit_test(sent_many_times),
		cmocka_unit_test(hole_filled_with_selectively_acknowledged_data_around_it),
		cmocka_unit_test(many_segments_held_back_without_timestamps),
		cmocka_unit_test(zero_window_probe_sent_until_the_window_opens),
		cmocka_unit_test(syn_sent_three_times),
		cmocka_unit_test(one_byte_that_looks_like_a_keep_alive),
		cmocka_unit_test(keep_alives_sent_again),
		cmocka_unit_test(one_connection_in_no_vlan_in_one_and_in_two),
		cmocka_unit_test(one_timestamp_for_two_transmissions_a_minute_apart),
		cmocka_unit_test(wild_stamps),
		cmocka_unit_test(acknowledged_before_it_was_written_down),
		cmocka_unit_test(sent_again_in_smaller_segments),
		cmocka_unit_test(every_packet_twice),
		cmocka_unit_test(delayed_acknowledgement_beside_a_short_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
