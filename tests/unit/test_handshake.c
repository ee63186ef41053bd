/*
 * Port reuse, forged SYNs, and which packets belong to which connection.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "scenario.h"

#define LIVE                                                                                       \
	"0     A S 100\n"                                                                          \
	"10ms  B S 500 a101              = syn 10ms network\n"                                     \
	"11ms  A 101 a501                = syn 1ms network\n"                                      \
	"20ms  A 101:100 a501\n"                                                                   \
	"30ms  B 501 a201                = ack 10ms response\n"

#define ENDED                                                                                      \
	LIVE "40ms  A F 201 a501\n"                                                                \
	     "50ms  B F 501 a202              = ack 10ms response\n"                               \
	     "51ms  A 202 a502                = ack 1ms response\n"

static void forged_syn_does_not_disturb_a_live_flow(void **state)
{
	(void)state;
	scenario(LIVE "35ms  A 201:100 a501\n"
		      "36ms  A S 77777\n"
		      "37ms  B S 88888 a33\n"
		      "45ms  B 501 a301                = ack 10ms response\n"
		      "50ms  A 301:100 a501\n"
		      "60ms  B 501 a401                = ack 10ms response\n");
}

static void reused_ports_without_an_end(void **state)
{
	(void)state;
	scenario(LIVE "1s    A S 9000\n"
		      "1.01s B S 7000 a9001            = syn 10ms network\n"
		      "1.012s A 9001 a7001             = syn 2ms network\n"
		      "1.02s A 9001:100 a7001\n"
		      "1.03s B 7001 a9101              = ack 10ms response\n");
}

static void reused_ports_after_the_end(void **state)
{
	(void)state;
	scenario(ENDED "60ms  A S 9000\n"
		       "65ms  A 202 a502\n"
		       "70ms  B S 7000 a9001            = syn 10ms network\n"
		       "72ms  A 9001 a7001              = syn 2ms network\n");
}

static void reused_ports_after_a_reset(void **state)
{
	(void)state;
	scenario(LIVE "40ms  B R 501 a201\n"
		      "60ms  A S 9000\n"
		      "70ms  B R 0 a9001               = syn 10ms network\n");
}

static void reset_out_of_the_blue_does_not_end_a_flow(void **state)
{
	(void)state;
	scenario(LIVE "40ms  B R 31337\n"
		      "41ms  A S 9000\n"
		      "42ms  A 201:100 a501\n"
		      "52ms  B 501 a301                = ack 10ms response\n");
}

static void refused_while_another_flow_lives(void **state)
{
	(void)state;
	scenario(LIVE "60ms  A S 9000\n"
		      "70ms  B R 0 a9001               = syn 10ms network\n"
		      "80ms  A 201:100 a501\n"
		      "90ms  B 501 a301                = ack 10ms response\n");
}

static void challenge_retransmitted_is_ambiguous(void **state)
{
	(void)state;
	scenario(LIVE "1s    A S 9000\n"
		      "2s    A S 9000                  = resent\n"
		      "2.01s B S 7000 a9001            = ambiguous\n"
		      "2.012s A 9001 a7001             = syn 2ms network\n");
}

static void later_challenge_replaces_an_earlier_one(void **state)
{
	(void)state;
	scenario(LIVE "1s    A S 9000\n"
		      "2s    A S 19000\n"
		      "2.01s B S 7000 a19001           = syn 10ms network\n"
		      "2.012s A 19001 a7001            = syn 2ms network\n");
}

static void half_open_flow_syn_with_another_isn(void **state)
{
	(void)state;
	scenario("0     A S 100\n"
		 "1s    A S 9000\n"
		 "1.01s B S 7000 a9001            = syn 10ms network\n"
		 "1.02s A 9001 a7001              = syn 10ms network\n");
}

static void server_repeats_syn_ack_with_another_isn(void **state)
{
	(void)state;
	scenario("0     A S 100\n"
		 "10ms  B S 500 a101              = syn 10ms network\n"
		 "20ms  B S 90000 a101\n"
		 "21ms  A 101 a90001              = syn 1ms network\n"
		 "30ms  A 101:100 a90001\n"
		 "40ms  B 90001 a201              = ack 10ms response\n");
}

static void syn_captured_after_its_answer(void **state)
{
	(void)state;
	scenario("0     B S 500 a101\n"
		 "-10us A S 100\n"
		 "11ms  A 101 a501                = syn 11ms network\n"
		 "20ms  A 101:100 a501\n"
		 "30ms  B 501 a201                = ack 10ms response\n");
}

static void new_connection_of_which_one_side_is_seen(void **state)
{
	(void)state;
	scenario("0     A S 100\n"
		 "10ms  A 101 a501\n"
		 "20ms  A 101:100 a501\n"
		 "1s    A S 9000\n"
		 "1.01s A 9001 a7001\n"
		 "1.02s A 9001:100 a7001\n"
		 "1.03s A 9101:100 a7500           = one_sided\n");
}

static void simultaneous_open(void **state)
{
	(void)state;
	scenario("0     A S 100\n"
		 "1ms   B S 500\n"
		 "10ms  B S 500 a101              = syn 10ms network resent\n"
		 "11ms  A S 100 a501              = ambiguous resent\n");
}

static void syn_with_data(void **state)
{
	(void)state;
	/* TCP Fast Open (RFC 7413): the answer takes the data or leaves it. */
	scenario("0     A S 100:200\n"
		 "10ms  B S 500 a301              = syn 10ms network\n"
		 "11ms  A 301 a501                = syn 1ms network\n");
	scenario("0     A S 100:200\n"
		 "10ms  B S 500 a101              = syn 10ms network\n"
		 "11ms  A 101:200 a501            = syn 1ms network resent\n"
		 "22ms  B 501 a301                = ack 11ms response\n");
}

static void two_connections_do_not_mix(void **state)
{
	(void)state;
	scenario("0     A S 100\n"
		 "1ms   a S 100\n"
		 "10ms  B S 500 a101              = syn 10ms network\n"
		 "12ms  b S 500 a101              = syn 11ms network\n");
}

static void vlans_are_networks_of_their_own(void **state)
{
	(void)state;
	scenario("0     A S 100\n"
		 "1ms   A S 100 v42\n"
		 "3ms   B S 500 a101 v42          = syn 2ms network\n"
		 "10ms  B S 500 a101              = syn 10ms network\n"
		 "13ms  A 101 a501 v42            = syn 10ms network\n"
		 "14ms  A 101 a501                = syn 4ms network\n");
}

static void directions_in_different_vlans(void **state)
{
	(void)state;
	scenario("0     A S 100 v81\n"
		 "10ms  B S 500 a101 v80          = syn 10ms network\n"
		 "11ms  A 101 a501 v81            = syn 1ms network\n"
		 "20ms  A 101:100 a501 v81\n"
		 "30ms  B 501 a201 v80            = ack 10ms response\n"
		 "31ms  B 501:100 a201 v80\n"
		 "35ms  A 201 a601 v81            = ack 4ms response\n"
		 /* The ports are used again. */
		 "2s    A S 9000 v81\n"
		 "2.01s B S 7000 a9001 v80        = syn 10ms network\n"
		 "2.012s A 9001 a7001 v81         = syn 2ms network\n"
		 "2.02s A 9001:10 a7001 v81\n"
		 "2.05s B 7001 a9011 v80          = ack 30ms response\n");
	/* Another number is no answer. */
	scenario("0     A S 100 v81\n"
		 "10ms  B S 500 a102 v80\n");
	/* A router on a stick: seen before and after it, two capture points. */
	scenario("0     A S 100 v81\n"
		 "1ms   A S 100 v80\n"
		 "10ms  B S 500 a101 v80          = syn 9ms network\n"
		 "11ms  B S 500 a101 v81          = syn 11ms network\n");
}

static void same_over_ipv6(void **state)
{
	struct scenario_settings settings = {.ipv6 = true};

	(void)state;
	scenario_with(&settings,
		      ENDED "60ms  A S 9000\n"
			    "70ms  B S 7000 a9001            = syn 10ms network\n",
		      NULL);
}

static void half_open_flows_are_forgotten(void **state)
{
	struct scenario_settings settings = {0};
	struct tcpm_counters counters;

	(void)state;
	scenario_with(&settings,
		      "0     A S 100\n"
		      "1s    a S 100\n"
		      "1.01s b S 500 a101              = syn 10ms network\n"
		      "1.02s a 101 a501                = syn 10ms network\n"
		      "200s  a 101:10 a501\n"
		      "201s  a 111:10 a501\n",
		      &counters);
	assert_int_equal(counters.flows_opened, 2);
	assert_int_equal(counters.flows_now, 1);
	assert_int_equal(counters.flows_evicted, 0);
}

static void syn_retransmissions_belong_together_for_two_minutes(void **state)
{
	(void)state;
	scenario("0     A S 100\n"
		 "63s   A S 100                   = resent\n"
		 "127s  A S 100                   = resent\n"
		 "127.1s B S 500 a101             = ambiguous\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forged_syn_does_not_disturb_a_live_flow),
		cmocka_unit_test(reused_ports_without_an_end),
		cmocka_unit_test(reused_ports_after_the_end),
		cmocka_unit_test(reused_ports_after_a_reset),
		cmocka_unit_test(reset_out_of_the_blue_does_not_end_a_flow),
		cmocka_unit_test(refused_while_another_flow_lives),
		cmocka_unit_test(challenge_retransmitted_is_ambiguous),
		cmocka_unit_test(later_challenge_replaces_an_earlier_one),
		cmocka_unit_test(half_open_flow_syn_with_another_isn),
		cmocka_unit_test(server_repeats_syn_ack_with_another_isn),
		cmocka_unit_test(syn_captured_after_its_answer),
		cmocka_unit_test(new_connection_of_which_one_side_is_seen),
		cmocka_unit_test(simultaneous_open),
		cmocka_unit_test(syn_with_data),
		cmocka_unit_test(two_connections_do_not_mix),
		cmocka_unit_test(vlans_are_networks_of_their_own),
		cmocka_unit_test(directions_in_different_vlans),
		cmocka_unit_test(same_over_ipv6),
		cmocka_unit_test(half_open_flows_are_forgotten),
		cmocka_unit_test(syn_retransmissions_belong_together_for_two_minutes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
