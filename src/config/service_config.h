/*
 * The configuration of a service: one file, in YAML, and what it says.
 *
 * The file is go-metro's: two headings, init_config for what holds for all, and instances
 * (older files: config) for the places to capture at. Beyond go-metro's keys there are our
 * own under the same headings. Which keys there are, what they take and where their values
 * go is in the same table as the options of the command line (options_table.h); the man
 * page and dist/tcpmetro.yaml describe them.
 */
#ifndef CONFIG_SERVICE_CONFIG_H
#define CONFIG_SERVICE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/prefix_set.h"
#include "config/options.h"

/* The largest file, and the deepest nesting, that are read at all. */
#define SERVICE_CONFIG_MAX_BYTES ((size_t)256 * 1024)
#define SERVICE_CONFIG_MAX_DEPTH 16

/* The most instances that a file may have. */
#define SERVICE_CONFIG_MAX_INSTANCES 256

/* A place to capture at, with its whitelist, tags and sampling. Strings are the service's. */
struct instance {
	const char *interface;      /* never empty; "file": reads the capture pcap */
	const char *pcap;           /* a capture file; NULL unless interface is "file" */
	const char **ips;           /* addresses and networks to look at, as prefix_parse reads */
	size_t ip_count;            /* them; these and the addresses of hosts: if there are */
	const char **hosts;         /* neither, everything is looked at */
	size_t host_count;          /* names, resolved by the caller, and again when they age */
	const char **tags;          /* "key:value", for each metric of the instance */
	size_t tag_count;           /* */
	bool sample;                /* look only now and then: */
	int64_t sample_duration_ns; /* for so long, more than 0 if sample */
	int64_t sample_interval_ns; /* and then not for so long */
	unsigned line;              /* of the file, where the instance begins, */
	unsigned pcap_line;         /* and where pcap is; 0 without one */
};

struct service_config {
	struct options
		options; /* the command line's, with the file's values; see service_config_load.
			  * Not for options_done: what it holds is of given, or memory */
	struct instance *instances; /* at least one */
	size_t instance_count;
	unsigned filter_line; /* of the file; 0: options.filter is not from there */
	void *memory;         /* what strings and arrays above live in; private */
};

/* Told of each thing that is odd but harmless, such as an unknown key: one sentence, which
 * names file and line. */
typedef void service_config_warn(void *user, const char *sentence);

/*
 * Reads a configuration file. Values go into a copy of `given` (the command line), whose
 * own options, where they were given, win over the file's. 0: *service is filled, and must
 * be given to service_config_free; given must outlive it. -EINVAL: the file is wrong; -ENOENT,
 * -EACCES and others: it cannot be read. *error is one sentence: file, line, key, what is
 * wrong and what was expected; *service is untouched. warn may be NULL. With given->check,
 * what would only be warned of is -EINVAL.
 */
int service_config_load(const char *path, const struct options *given,
			struct service_config **service, service_config_warn *warn, void *user,
			struct error *error);

/* The same from memory; name is what errors call it. */
int service_config_parse(const char *name, const char *bytes, size_t size,
			 const struct options *given, struct service_config **service,
			 service_config_warn *warn, void *user, struct error *error);

/* NULL is fine. */
void service_config_free(struct service_config *service);

#endif
