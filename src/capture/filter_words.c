/*
 * What an expression's words are: see filter.h.
 */
#include "capture/filter.h"

#include <string.h>

#define HEXADECIMAL "0123456789abcdefABCDEF"
#define OF_WORDS    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."

/* The words of pcap-filter(7) that are no names. */
static const char *const words[] = {
	"and",       "or",      "not",      "host",       "net",       "mask",      "port",
	"portrange", "src",     "dst",      "gateway",    "broadcast", "multicast", "less",
	"greater",   "len",     "inbound",  "outbound",   "ifname",    "ether",     "link",
	"ip",        "ip6",     "arp",      "rarp",       "tcp",       "udp",       "icmp",
	"icmp6",     "igmp",    "igrp",     "sctp",       "ah",        "esp",       "pim",
	"vrrp",      "carp",    "proto",    "protochain", "vlan",      "mpls",      "pppoes",
	"pppoed",    "geneve",  "vxlan",    "llc",        "wlan",      "type",      "subtype",
	"dir",       "tcp-syn", "tcp-ack",  "tcp-fin",    "tcp-rst",   "tcp-push",  "tcp-urg",
	"tcp-ece",   "tcp-cwr", "tcpflags", "icmptype",   "icmpcode",  "icmp6type", "icmp6code",
	"http",      "https",   "ssh",      "domain",
};

static bool is_word(const char *at, size_t length)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == length && memcmp(words[i], at, length) == 0)
			return true;
	return false;
}

/* A number, a range of them, an IPv4 address or network, or a part of an IPv6 or Ethernet address;
 * the expression goes on behind it, and began before unless it is the first. */
static bool is_number(const char *at, size_t length, bool first)
{
	bool in_colons = (!first && at[-1] == ':') || at[length] == ':';

	if (length > 2 && at[0] == '0' && (at[1] == 'x' || at[1] == 'X'))
		return strspn(at + 2, HEXADECIMAL) >= length - 2;
	return strspn(at, "0123456789.-") >= length ||
	       (in_colons && strspn(at, HEXADECIMAL) >= length);
}

bool filter_may_ask(const char *expression)
{
	for (const char *at = expression; *at;) {
		size_t length = strspn(at, OF_WORDS);

		if (length && !is_word(at, length) && !is_number(at, length, at == expression))
			return true;
		at += length ? length : 1;
	}
	return false;
}

/* `vlan` is a word; the bytes of the link header are `ether[12:2]`, `link[...]`. */
enum filter_tags filter_tags(const char *expression)
{
	enum filter_tags tags = FILTER_TAGS_NONE;

	for (const char *at = expression; *at;) {
		const size_t length = strspn(at, OF_WORDS);

		if (length == 4 && memcmp(at, "vlan", 4) == 0)
			tags = FILTER_TAGS_WORD;
		const bool link = (length == 5 && memcmp(at, "ether", 5) == 0) ||
				  (length == 4 && memcmp(at, "link", 4) == 0);
		at += length ? length : 1;
		if (link && at[strspn(at, " \t\r\n")] == '[')
			return FILTER_TAGS_BYTES;
	}
	return tags;
}
