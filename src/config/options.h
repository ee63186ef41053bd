/*
 * The options of the program: one table, read in several ways.
 *
 * A row (options_table.h) says what an option is called, what it takes, what it means and
 * where its value goes. The command line, --help and the configuration file of a service
 * (service.h) are read by it.
 */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log_level.h"
#include "base/prefix_set.h"
#include "tcpmetro.h"

/* What the program is to do besides measuring. */
enum action {
	ACTION_RUN,
	ACTION_HELP,
	ACTION_VERSION,
	ACTION_LIST_INTERFACES,
};

enum format {
	FORMAT_TABLE,
	FORMAT_JSON,
	FORMAT_CSV,
};

/* Bytes of a packet that a live capture keeps, if nothing else is asked: Ethernet with two
 * tags, IPv6, UDP, a GENEVE header with 64 bytes of options, Ethernet with a tag, IPv6 with
 * an extension header of 24, TCP with all its options, and some room. */
#define OPTIONS_SNAPLEN 320

/* The kernel's buffer of a live capture: more than 50 ms of a million packets a second,
 * for the times that the program does not run. */
#define OPTIONS_BUFFER_KIB 16384

/* Bytes for what is remembered of packets, if nothing else is asked: a million idle flows
 * and some tens of thousands of groups; and the least and the most that may be asked. */
#define OPTIONS_MAX_MEMORY   (UINT64_C(256) << 20)
#define OPTIONS_LEAST_MEMORY (UINT64_C(16) << 20)
#define OPTIONS_MOST_MEMORY  (UINT64_C(1) << 40)

/* What a service does with its results, and how it speaks; by its configuration file
 * (config/service_config.h) or the command line. */
struct service_options {
	bool statsd;           /* send to a StatsD agent: */
	const char *statsd_ip; /* an address, or unix:///path of a datagram socket */
	uint64_t statsd_port;
	int64_t statsd_interval_ns; /* between two reports */
	bool statsd_last;           /* also send ...rtt.last, which is ...rtt by another name */
	bool statsd_details;        /* also min, quantiles, counts, class response */
	bool statsd_distributions;  /* also distributions */
	bool statsd_smooth;         /* the mean is a smoothed round trip (RFC 6298 section 2) */
	uint64_t max_pairs;         /* in one report; the rest is summed up in one */

	const char *prometheus_ip; /* an address to listen on */
	uint64_t prometheus_port;  /* 0: nobody is answered */
	uint64_t prometheus_max_pairs;

	bool reverse_lookup;      /* ask for the names of the addresses of whitelists */
	const char **nameservers; /* "192.0.2.1", "192.0.2.1:53", "[2001:db8::1]:53" */
	size_t nameserver_count;  /* 0: the system's */

	unsigned log_level; /* enum log_level */
	bool log_to_file;
	const char *log_file; /* where that is */
	bool log_local_time;  /* else UTC */

	int64_t idle_ns;    /* an idle flow is forgotten after; 0: the engine's default */
	int64_t expired_ns; /* one that ended, after; 0: the engine's default */
};

/* Defaults of a service. */
#define OPTIONS_STATSD_IP            "127.0.0.1"
#define OPTIONS_STATSD_PORT          8125
#define OPTIONS_STATSD_INTERVAL_NS   (INT64_C(30) * 1000000000)
#define OPTIONS_IDLE_NS              (INT64_C(300) * 1000000000)
#define OPTIONS_EXPIRED_AS_IDLE      1 /* ns: what the file's 0 is until it is known */
#define OPTIONS_MAX_PAIRS            2000
#define OPTIONS_PROMETHEUS_IP        "127.0.0.1"
#define OPTIONS_PROMETHEUS_MAX_PAIRS 500
#define OPTIONS_LOG_FILE             "/var/log/tcpmetro/tcpmetro.log"

/* All values, with their defaults filled in. Strings are the caller's argv, or
 * the service's (service.h). */
struct options {
	enum action action;
	const char *config; /* -c: run as a service by this file; NULL: do not */
	bool check;         /* only look whether the file is right */
	struct service_options service;
	uint64_t given;     /* private: a bit for each row of the table that was given */
	const char **files; /* -r, in order */
	size_t file_count;
	const char **interfaces; /* -i, in order */
	size_t interface_count;
	char *filter; /* the words behind the options, joined; NULL: none */
	bool samples;
	bool names;
	bool quiet;
	unsigned format;      /* enum format */
	const char *group_by; /* hosts, flow, receiver or prefix */
	bool by_interface;
	bool by_tunnel;
	uint64_t prefix_v4;
	uint64_t prefix_v6;
	const char *sort; /* NULL: the default column */
	uint64_t limit;   /* rows; 0: all */
	struct tcpm_tunnel_port *tunnel_ports;
	size_t tunnel_port_count;
	/* Bytes of memory for flows, their outstanding segments, groups and histograms together:
	 * of the whole run, or of each instance of a service; divided between threads. */
	uint64_t max_memory;
	uint64_t max_flows;   /* 0: the default; also divided between threads */
	uint64_t max_groups;  /* 0: the default */
	struct prefix *local; /* networks of local hosts */
	size_t local_count;
	bool both_sides;
	uint64_t count;             /* packets to read; 0: all */
	uint64_t partitions;        /* threads that share what -r reads; 0: as many as help */
	int64_t sample_duration_ns; /* look for so long; 0: always, */
	int64_t sample_interval_ns; /* and then not for so long */

	/* Of live captures. */
	uint64_t snaplen;    /* bytes of a packet that are captured */
	uint64_t buffer_kib; /* of the kernel's buffer */
	const char *stamps;  /* the type of time stamp, by libpcap's name; NULL: the default */
	bool promiscuous;    /* see what is sent to others, too */
	const char *user;    /* whom to become, if started as root; NULL: the default */
	uint64_t threads;    /* that capture on each interface */
	int64_t interval_ns; /* between two reports; 0: only one, at the end */
	int64_t duration_ns; /* of the whole capture; 0: until a signal */
};

/*
 * Reads a command line. 0: *options is filled and must be given to options_done.
 * -EINVAL: *error says which word is wrong and what was expected, *options is
 * untouched. -ENOMEM. argv is permuted as getopt_long does.
 */
int options_parse(int argc, char **argv, struct options *options, struct error *error);

/* Frees what options_parse allocated. */
void options_done(struct options *options);

/* The text of --help, which fits a screen: lines of at most 80 columns, made from the
 * table. Freed by the caller; NULL: no memory. */
char *options_help(void);

#endif
