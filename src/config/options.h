/*
 * The program's options and their values.
 *
 * One table (config/options_table.h) defines each option: its name, argument, help and the
 * field of its value. The command line, --help and the configuration file of a service
 * (config/service_config.h) all use this table.
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

/* What the program does. */
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

/* Default snapshot length in bytes. It holds Ethernet with two tags, IPv6, UDP, a GENEVE
 * header with 64 bytes of options, Ethernet with a tag, IPv6 with an extension header of 24
 * bytes, TCP with all its options, and some reserve. */
#define OPTIONS_SNAPLEN 320

/* Default size of the kernel's capture buffer: more than 50 ms at a million packets per
 * second, for the time that the program is not scheduled. */
#define OPTIONS_BUFFER_KIB 16384

/* Memory for connections and groups in bytes: the default, which holds a million idle flows
 * and some tens of thousands of groups, and the bounds of the option. */
#define OPTIONS_DEFAULT_MEMORY (UINT64_C(256) << 20)
#define OPTIONS_MIN_MEMORY     (UINT64_C(16) << 20)
#define OPTIONS_MAX_MEMORY     (UINT64_C(1) << 40)

/* Maximum number of rows in the options table. */
#define OPTIONS_MAX_ROWS 128

/* A set of options: one bit per row of the table. */
struct option_set {
	uint64_t words[(OPTIONS_MAX_ROWS + 63) / 64];
};

/* Settings of a service, from its configuration file (config/service_config.h) or the
 * command line. */
struct service_options {
	bool statsd;           /* send to a StatsD agent */
	const char *statsd_ip; /* address, or unix:///path of a datagram socket */
	uint64_t statsd_port;
	int64_t statsd_interval_ns; /* between two reports */
	bool statsd_last;           /* also send ...rtt.last, which has the value of ...rtt */
	bool statsd_details;        /* also send min, quantiles, counts, class response */
	bool statsd_distributions;  /* also send distributions */
	bool statsd_smooth;         /* the mean is the smoothed RTT (RFC 6298 section 2) */
	uint64_t max_pairs;         /* maximum per report; the others are summed in one */

	const char *prometheus_ip; /* address to listen on */
	uint64_t prometheus_port;  /* 0: no listener */
	uint64_t prometheus_max_pairs;

	bool reverse_lookup;      /* resolve the addresses in whitelists to names */
	const char **nameservers; /* "192.0.2.1", "192.0.2.1:53", "[2001:db8::1]:53" */
	size_t nameserver_count;  /* 0: use the system's */

	unsigned log_level; /* enum log_level */
	bool log_to_file;
	const char *log_file; /* its path */
	bool log_local_time;  /* false: UTC */

	int64_t idle_ns;    /* timeout of idle flows; 0: the engine's default */
	int64_t expired_ns; /* timeout of ended flows; 0: the engine's default */
};

/* Defaults of a service. */
#define OPTIONS_STATSD_IP            "127.0.0.1"
#define OPTIONS_STATSD_PORT          8125
#define OPTIONS_STATSD_INTERVAL_NS   (INT64_C(30) * 1000000000)
#define OPTIONS_IDLE_NS              (INT64_C(300) * 1000000000)
#define OPTIONS_EXPIRED_AS_IDLE      1 /* ns: stands for the file's 0 until idle_ns is known */
#define OPTIONS_MAX_PAIRS            2000
#define OPTIONS_PROMETHEUS_IP        "127.0.0.1"
#define OPTIONS_PROMETHEUS_MAX_PAIRS 500
#define OPTIONS_LOG_FILE             "/var/log/tcpmetro/tcpmetro.log"

/* All values, with defaults filled in. Strings belong to the caller's argv, or to the
 * struct service_config (config/service_config.h). */
struct options {
	enum action action;
	const char *config; /* -c: the configuration file of a service; NULL: not a service */
	bool check;         /* only check the configuration file */
	struct service_options service;
	struct option_set given; /* private: options on the command line */
	const char **files;      /* -r, in order */
	size_t file_count;
	const char **interfaces; /* -i, in order */
	size_t interface_count;
	char *filter; /* the words after the options, joined; NULL: none */
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
	/* Bytes of memory for flows, outstanding segments, groups and histograms together: for
	 * the whole run, or for each instance of a service; divided between threads. */
	uint64_t max_memory;
	uint64_t max_flows;   /* 0: the default; divided between threads */
	uint64_t max_groups;  /* 0: the default */
	struct prefix *local; /* networks of local hosts */
	size_t local_count;
	bool both_sides;
	uint64_t count;             /* packets to read; 0: all */
	uint64_t partitions;        /* threads that measure -r; 0: chosen by the input */
	int64_t sample_duration_ns; /* length of a sampling window; 0: always measure */
	int64_t sample_interval_ns; /* pause between two sampling windows */

	/* Live capture. */
	uint64_t snaplen;    /* captured bytes per packet */
	uint64_t buffer_kib; /* size of the kernel's buffer */
	const char *stamps;  /* libpcap's name of the time stamp type; NULL: the default */
	bool promiscuous;    /* also capture packets for other hosts */
	const char *user;    /* user to switch to after start-up as root; NULL: the default */
	uint64_t threads;    /* capture threads per interface */
	int64_t interval_ns; /* between two reports; 0: one report at the end */
	int64_t duration_ns; /* of the capture; 0: until a signal */
};

/*
 * Parses a command line. 0: *options is filled; the caller frees it with options_done.
 * -EINVAL: *error names the wrong word and what was expected; *options is unchanged. -ENOMEM.
 * argv is permuted as by getopt_long.
 */
int options_parse(int argc, char **argv, struct options *options, struct error *error);

/* Frees the memory that options_parse allocated. */
void options_done(struct options *options);

/* The text of --help, made from the table: lines of at most 80 columns. The caller frees
 * it; NULL: out of memory. */
char *options_help(void);

#endif
