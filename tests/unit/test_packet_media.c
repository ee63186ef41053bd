/* Links that are not Ethernet, and what else they carry than IP. */
#include "packet_sound.h"
#include "wrappings.h"

static void build(struct frame_builder *b, void (*begin)(struct frame_builder *b))
{
	begin(b);
	frame_ipv4(b, "192.0.2.1", "198.51.100.2");
	frame_some_tcp(b);
	frame_data(b, 50);
	frame_end(b);
}

static void assert_changed(void (*begin)(struct frame_builder *b), size_t at, unsigned value,
			   enum tcpm_decode expected)
{
	struct frame_builder b;
	struct packet packet;

	build(&b, begin);
	assert_int_equal(decode_whole(frame_whole(&b), &packet), TCPM_DECODE_TCP);
	frame_set8(&b, at, value);
	assert_int_equal(decode_whole(frame_whole(&b), &packet), expected);
}

static void test_wlan(void **state)
{
	(void)state;
	assert_changed(wrap_wlan, 1, 0x41, TCPM_DECODE_NOT_IP); /* protected */
	assert_changed(wrap_wlan, 0, 0x80, TCPM_DECODE_NOT_IP); /* a beacon */
	assert_changed(wrap_wlan, 0, 0xb4, TCPM_DECODE_NOT_IP); /* a request to send */
	assert_changed(wrap_wlan, 0, 0x48, TCPM_DECODE_NOT_IP); /* without data */
	assert_changed(wrap_wlan_qos, 0, 0xc8, TCPM_DECODE_NOT_IP);
	assert_changed(wrap_wlan, 0, 0x0c, TCPM_DECODE_NOT_IP);    /* an extension */
	assert_changed(wrap_wlan, 0, 0x09, TCPM_DECODE_NOT_IP);    /* version */
	assert_changed(wrap_wlan, 22, 0x03, TCPM_DECODE_FRAGMENT); /* a later fragment */
	assert_changed(wrap_wlan, 24, 0x42, TCPM_DECODE_NOT_IP);   /* no SNAP */
}

static void test_radio(void **state)
{
	(void)state;
	assert_changed(wrap_radiotap, 0, 1, TCPM_DECODE_MALFORMED);
	assert_changed(wrap_radiotap, 2, 7, TCPM_DECODE_MALFORMED);
	assert_changed(wrap_radiotap, 8, 0x50, TCPM_DECODE_MALFORMED); /* bad checksum */
	assert_changed(wrap_radiotap, 4, 0, TCPM_DECODE_TCP);          /* no flags */
	assert_changed(wrap_radiotap_padded, 24, 0x60, TCPM_DECODE_MALFORMED);
	assert_changed(wrap_radiotap_padded, 24, 0x00, TCPM_DECODE_NOT_IP); /* not padded */
	/* A third word of what is present, where the padding was. */
	assert_changed(wrap_radiotap_padded, 11, 0x80, TCPM_DECODE_TCP);
	assert_changed(wrap_ppi, 0, 1, TCPM_DECODE_MALFORMED);
	assert_changed(wrap_ppi, 2, 4, TCPM_DECODE_MALFORMED);
	assert_changed(wrap_ppi, 20, 5, TCPM_DECODE_MALFORMED); /* bad checksum */
	assert_changed(wrap_ppi, 10, 4, TCPM_DECODE_TCP);       /* too short to tell */
	assert_changed(wrap_ppi, 4, 147, TCPM_DECODE_LINKTYPE);
	assert_changed(wrap_ppi, 7, 1, TCPM_DECODE_LINKTYPE);
	assert_changed(wrap_avs, 1, 0x22, TCPM_DECODE_MALFORMED);
	assert_changed(wrap_avs, 7, 4, TCPM_DECODE_MALFORMED);
}

/* Presence words that continue to the header's end: it has no flags. */
static void test_radiotap_bound(void **state)
{
	struct frame_builder b;
	struct packet packet;
	(void)state;

	frame_begin_with(&b, 127, "\0\0\x10\0\2\0\0\x80\0\0\0\x80\0\0\0\x80", 16, FRAME_NEXT_NONE,
			 0);
	frame_wlan(&b, 0x08, 0x02, 0, 0);
	frame_some_ipv4(&b);
	assert_int_equal(decode_end(&b, &packet), TCPM_DECODE_TCP);
}

/* Headers that name themselves: only the bound on layers ends it. */
static void test_ppi_in_ppi(void **state)
{
	static struct frame_builder b;
	struct packet packet;
	(void)state;

	frame_begin_with(&b, 192, "", 0, FRAME_NEXT_NONE, 0);
	for (unsigned i = 0; i < 100; i++)
		frame_bytes(&b, "\0\0\x08\0\xc0\0\0\0", 8);
	assert_int_equal(decode_whole(frame_whole(&b), &packet), TCPM_DECODE_TOO_DEEP);
}

static void test_llc(void **state)
{
	(void)state;
	assert_changed(wrap_snap, 14, 0x42, TCPM_DECODE_NOT_IP); /* two services */
	assert_changed(wrap_snap, 16, 0xaf, TCPM_DECODE_NOT_IP); /* XID */
	assert_changed(wrap_snap, 19, 0x0c, TCPM_DECODE_NOT_IP); /* Cisco's own numbers */
	assert_changed(wrap_snap, 20, 0x00, TCPM_DECODE_NOT_IP); /* protocol 0 */
	assert_changed(wrap_llc_ip, 14, 0xe0, TCPM_DECODE_NOT_IP);
	assert_changed(wrap_sll_llc, 15, 0x01, TCPM_DECODE_NOT_IP);
}

static void test_mpls(void **state)
{
	(void)state;
	assert_changed(wrap_mpls, 18, 0x15, TCPM_DECODE_NOT_IP); /* an associated channel */
	assert_changed(wrap_mpls, 16, 0x00, TCPM_DECODE_NOT_IP); /* no bottom: IP as labels */
	assert_changed(wrap_mpls_ethernet, 30, 0x99, TCPM_DECODE_NOT_IP); /* not IP inside */
	assert_changed(wrap_mpls_ethernet, 24, 0x03, TCPM_DECODE_NOT_IP); /* sent by a group */
}

static void test_ppp(void **state)
{
	(void)state;
	assert_changed(wrap_pppoe, 18, 0x12, TCPM_DECODE_NOT_IP); /* type */
	assert_changed(wrap_pppoe, 19, 0xa7, TCPM_DECODE_NOT_IP); /* termination */
	assert_changed(wrap_pppoe, 25, 0x2d, TCPM_DECODE_NOT_IP); /* compressed TCP */
	assert_changed(wrap_ppp, 2, 0xc0, TCPM_DECODE_NOT_IP);    /* LCP */
	assert_changed(wrap_cisco_hdlc, 2, 0x80, TCPM_DECODE_NOT_IP);
	assert_changed(wrap_frame_relay, 3, 0x08, TCPM_DECODE_NOT_IP); /* Q.933 */
	assert_changed(wrap_frame_relay, 0, 0x19, TCPM_DECODE_NOT_IP); /* address of one byte */
	assert_changed(wrap_frame_relay_pad, 3, 0x40, TCPM_DECODE_NOT_IP);
}

static void test_taps(void **state)
{
	(void)state;
	assert_changed(wrap_pflog, 0, 3, TCPM_DECODE_MALFORMED);
	assert_changed(wrap_pflog, 1, 1, TCPM_DECODE_NOT_IP);
	assert_changed(wrap_nflog, 0, 7, TCPM_DECODE_NOT_IP);
	assert_changed(wrap_nflog, 1, 1, TCPM_DECODE_MALFORMED);
	assert_changed(wrap_nflog, 4, 3, TCPM_DECODE_MALFORMED);
	assert_changed(wrap_nflog, 22, 8, TCPM_DECODE_TRUNCATED); /* no payload, and then none */
	assert_changed(wrap_enc, 0, 1, TCPM_DECODE_NOT_IP);
	assert_changed(wrap_pktap, 0, 11, TCPM_DECODE_MALFORMED);
	assert_changed(wrap_pktap, 4, 0, TCPM_DECODE_NOT_IP);
	assert_changed(wrap_pktap, 8, 147, TCPM_DECODE_LINKTYPE);
	assert_changed(wrap_pktap, 11, 1, TCPM_DECODE_LINKTYPE);
}

/* Attributes without end, none of them the packet. */
static void test_nflog_bound(void **state)
{
	static struct frame_builder b;
	struct packet packet;
	(void)state;

	frame_begin_with(&b, 239, "\2\0\0\0", 4, FRAME_NEXT_NONE, 0);
	for (unsigned i = 0; i < 1000; i++)
		frame_bytes(&b, "\4\0\2\0", 4);
	assert_int_equal(decode_whole(frame_whole(&b), &packet), TCPM_DECODE_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wlan),
		cmocka_unit_test(test_radio),
		cmocka_unit_test(test_radiotap_bound),
		cmocka_unit_test(test_ppi_in_ppi),
		cmocka_unit_test(test_llc),
		cmocka_unit_test(test_mpls),
		cmocka_unit_test(test_ppp),
		cmocka_unit_test(test_taps),
		cmocka_unit_test(test_nflog_bound),
	};
	return cmocka_run_group_tests_name("packet: media", tests, NULL, NULL);
}
