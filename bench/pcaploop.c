/*
 * What reading a capture by libpcap costs: pcap_loop() with a callback that does nothing.
 *
 *	pcaploop FILE
 *
 * Times are asked for in nanoseconds, so that libpcap does not convert them.
 */
#include <pcap/pcap.h>
#include <stdio.h>

static void nothing(unsigned char *user, const struct pcap_pkthdr *header,
		    const unsigned char *bytes)
{
	(void)user;
	(void)header;
	(void)bytes;
}

int main(int argc, char **argv)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap;

	if (argc != 2) {
		fprintf(stderr, "usage: pcaploop FILE\n");
		return 2;
	}
	pcap = pcap_open_offline_with_tstamp_precision(argv[1], PCAP_TSTAMP_PRECISION_NANO, error);
	if (pcap == NULL) {
		fprintf(stderr, "pcaploop: %s\n", error);
		return 1;
	}
	if (pcap_loop(pcap, -1, nothing, NULL) != 0) {
		fprintf(stderr, "pcaploop: %s\n", pcap_geterr(pcap));
		return 1;
	}
	pcap_close(pcap);
	return 0;
}
