/*
 * Fuzz target: a configuration file.
 *
 * The first byte tells how it is read: with --check or without, and whether the command
 * line has options of its own. The rest is the file.
 *
 * Whatever comes in: it is read, and then every value is one that the service can work
 * with; or it is refused, by one sentence of one line that begins with the file's name. It
 * never is libcyaml that refuses it, for then the sentence would name no line.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/service_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_sentence(const char *sentence)
{
	require(strncmp(sentence, "f:", 2) == 0);
	for (const char *at = sentence; *at; at++)
		require((unsigned char)*at >= ' ' && *at != 0x7f);
}

static void on_warning(void *user, const char *sentence)
{
	unsigned *count = user;

	check_sentence(sentence);
	++*count;
}

static void check_texts(const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		require(*texts[i] && strlen(texts[i]) <= SERVICE_CONFIG_MAX_BYTES);
}

static void check_options(const struct options *options)
{
	const struct service_options *service = &options->service;

	require(options->snaplen >= 68 && options->snaplen <= 262144);
	require(options->threads >= 1 && options->threads <= 64);
	require(options->buffer_kib * 1024 <= UINT32_MAX);
	require(options->prefix_v4 <= 32 && options->prefix_v6 <= 128);
	require(!options->filter || *options->filter);
	for (size_t i = 0; i < options->local_count; i++)
		require(options->local[i].bits <= 128);
	for (size_t i = 0; i < options->tunnel_port_count; i++)
		require(options->tunnel_ports[i].port &&
			options->tunnel_ports[i].tunnel < TCPM_TUNNELS);
	require(*service->statsd_ip && *service->prometheus_ip);
	require(service->statsd_port && service->statsd_port <= 65535);
	require(service->prometheus_port <= 65535 && service->max_pairs);
	require(service->statsd_interval_ns > 0);
	require(service->log_level <= LOG_LEVEL_CRITICAL);
	require(service->idle_ns >= 0 && service->expired_ns >= 0);
	check_texts(service->nameservers, service->nameserver_count);
}

static void check_instance(const struct instance *instance)
{
	require(*instance->interface && instance->line);
	require((strcmp(instance->interface, "file") == 0) == (instance->pcap != NULL));
	require(!instance->sample || instance->sample_duration_ns > 0);
	require(instance->sample_interval_ns >= 0);
	check_texts(instance->ips, instance->ip_count);
	check_texts(instance->hosts, instance->host_count);
	check_texts(instance->tags, instance->tag_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bare[] = {"tcpmetro", "-c", "f", NULL};
	char *full[] = {"tcpmetro", "-c", "f",           "--local", "::1", "--threads",
			"3",        "-g", "flow,tunnel", "port",    "80",  NULL};
	struct options given;
	struct service_config *service = NULL;
	struct error error = {0};
	unsigned warnings = 0;

	if (!size)
		return 0;
	require((data[0] & 2 ? options_parse(11, full, &given, &error)
			     : options_parse(3, bare, &given, &error)) == 0);
	given.check = data[0] & 1;
	/* Of the exact size, so that the sanitizer sees the first byte behind it. */
	char *bytes = malloc(size);

	memcpy(bytes, data + 1, size - 1);
	int result = service_config_parse("f", bytes, size - 1, &given, &service, on_warning,
					  &warnings, &error);

	free(bytes);
	if (result == 0) {
		require(service->instance_count &&
			service->instance_count <= SERVICE_CONFIG_MAX_INSTANCES);
		require(!given.check || !warnings);
		check_options(&service->options);
		for (size_t i = 0; i < service->instance_count; i++)
			check_instance(&service->instances[i]);
	} else {
		require(result == -EINVAL && !service);
		check_sentence(error.text);
		require(strncmp(error.text, "f: cannot be read", 17) != 0);
	}
	service_config_free(service);
	options_done(&given);
	return 0;
}
