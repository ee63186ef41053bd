/*
 * simulate: TCP traffic with known round-trip times. Writes a capture and, for
 * each acknowledgement in it, the truth. README.md tells what both mean.
 */
#include "sim.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first moment: 2024-01-01. */
#define EPOCH_NS (INT64_C(1704067200) * SECOND)

static const char truth_header[] =
	"frame,trigger,response_ns,holding_ns,kind,status,bytes,prompt,full,"
	"sender,sport,receiver,rport,flow,setting\n";

static void usage(FILE *out)
{
	fputs("usage: simulate --setting NAME [--pcap FILE] [--truth FILE]\n"
	      "                [--seed N] [--flows N] [--packets N] [--snaplen N]\n"
	      "       simulate --list\n"
	      "\n"
	      "Writes simulated TCP traffic as a capture, and the truth about it.\n"
	      "FILE may be \"-\". --packets ends the run at so many records.\n",
	      out);
}

static void list(void)
{
	for (size_t i = 0; setting_at(i) != NULL; i++)
		printf("%-18s %s\n", setting_at(i)->name, setting_at(i)->about);
}

static struct flow *flow_of(const struct event *event)
{
	switch ((enum event_kind)event->kind) {
	case EVENT_CAPTURE:
	case EVENT_COPY:
	case EVENT_ARRIVE:
		return ((struct packet *)event->subject)->flow;
	case EVENT_WAKE:
		return ((struct endpoint *)event->subject)->flow;
	case EVENT_FLUSH:
	case EVENT_REUSE:
		return event->subject;
	case EVENT_NEW_FLOW:
		break;
	}
	return NULL;
}

static void start_flow(struct simulation *simulation)
{
	struct event next = {.kind = EVENT_NEW_FLOW};

	next.time_ns =
		simulation->now_ns +
		prng_skewed(&simulation->prng, simulation->setting->spacing_us * MICROSECOND);
	flow_new(simulation, NULL);
	if (--simulation->flows > 0)
		queue_push(&simulation->queue, next);
}

static void happen(struct simulation *simulation, const struct event *event)
{
	struct flow *flow = flow_of(event);

	switch ((enum event_kind)event->kind) {
	case EVENT_NEW_FLOW:
		start_flow(simulation);
		break;
	case EVENT_CAPTURE:
		path_capture(event->subject);
		break;
	case EVENT_COPY:
		capture_copy(event->subject);
		break;
	case EVENT_ARRIVE:
		path_arrive(event->subject);
		break;
	case EVENT_WAKE:
		endpoint_wake(event->subject);
		break;
	case EVENT_FLUSH:
		if (flow->coalescer[event->detail].flush_ns == simulation->now_ns)
			path_flush(flow, event->detail);
		break;
	case EVENT_REUSE:
		flow_new(simulation, flow);
		break;
	}
	if (flow != NULL)
		flow_release(flow);
}

/* Frees what is still under way. */
static void wind_up(struct simulation *simulation)
{
	struct event event;

	while (queue_pop(&simulation->queue, &event)) {
		struct flow *flow = flow_of(&event);

		if (event.kind == EVENT_CAPTURE || event.kind == EVENT_COPY ||
		    event.kind == EVENT_ARRIVE)
			packet_free(simulation, event.subject);
		if (flow != NULL)
			flow_release(flow);
	}
	queue_done(&simulation->queue);
	while (simulation->pool != NULL) {
		struct packet *next = simulation->pool->next;

		free(simulation->pool);
		simulation->pool = next;
	}
}

static void run(struct simulation *simulation)
{
	struct event event = {.time_ns = EPOCH_NS, .kind = EVENT_NEW_FLOW};

	pcap_header(simulation);
	if (simulation->truth.bytes != NULL) {
		memcpy(buffer_room(&simulation->truth, sizeof truth_header), truth_header,
		       sizeof truth_header - 1);
		simulation->truth.used += sizeof truth_header - 1;
	}
	if (simulation->flows > 0)
		queue_push(&simulation->queue, event);
	while (simulation->frames < simulation->frame_limit &&
	       queue_pop(&simulation->queue, &event)) {
		simulation->now_ns = event.time_ns;
		happen(simulation, &event);
	}
	wind_up(simulation);
}

static uint64_t number(const char *option, const char *text, uint64_t least, uint64_t most)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || *text == '-' || value < least ||
	    value > most) {
		fprintf(stderr, "simulate: --%s: \"%s\" is not a number from %llu to %llu\n",
			option, text, (unsigned long long)least, (unsigned long long)most);
		exit(2);
	}
	return value;
}

struct arguments {
	const char *setting, *pcap, *truth;
	uint64_t seed, flows, packets, snaplen;
};

static struct arguments parse(int argc, char **argv)
{
	static const struct option options[] = {
		{"setting", required_argument, NULL, 's'},
		{"pcap", required_argument, NULL, 'w'},
		{"truth", required_argument, NULL, 't'},
		{"seed", required_argument, NULL, 'r'},
		{"flows", required_argument, NULL, 'f'},
		{"packets", required_argument, NULL, 'p'},
		{"snaplen", required_argument, NULL, 'n'},
		{"list", no_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct arguments arguments = {.seed = 1, .packets = UINT64_MAX, .snaplen = 128};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			arguments.setting = optarg;
			break;
		case 'w':
			arguments.pcap = optarg;
			break;
		case 't':
			arguments.truth = optarg;
			break;
		case 'r':
			arguments.seed = number("seed", optarg, 0, UINT64_MAX);
			break;
		case 'f':
			arguments.flows = number("flows", optarg, 1, 1000000000);
			break;
		case 'p':
			arguments.packets = number("packets", optarg, 1, UINT64_MAX);
			break;
		case 'n':
			arguments.snaplen = number("snaplen", optarg, 14, 262144);
			break;
		case 'l':
			list();
			exit(0);
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	}
	if (optind != argc || arguments.setting == NULL) {
		usage(stderr);
		exit(2);
	}
	return arguments;
}

int main(int argc, char **argv)
{
	struct arguments arguments = parse(argc, argv);
	struct simulation simulation = {.setting = setting_find(arguments.setting),
					.prng = {arguments.seed},
					.frame_limit = arguments.packets,
					.snaplen = (uint32_t)arguments.snaplen};

	if (simulation.setting == NULL) {
		fprintf(stderr, "simulate: no setting is named \"%s\"; --list shows them\n",
			arguments.setting);
		return 2;
	}
	simulation.flows = arguments.flows > 0 ? arguments.flows : simulation.setting->flows;
	if (!buffer_open(&simulation.pcap, arguments.pcap) ||
	    !buffer_open(&simulation.truth, arguments.truth)) {
		fprintf(stderr, "simulate: cannot write %s or %s: %s\n", arguments.pcap,
			arguments.truth, strerror(errno));
		return 1;
	}
	run(&simulation);
	fprintf(stderr, "simulate: setting=%s seed=%llu flows=%llu packets=%llu truths=%llu\n",
		simulation.setting->name, (unsigned long long)arguments.seed,
		(unsigned long long)simulation.flows_started, (unsigned long long)simulation.frames,
		(unsigned long long)simulation.lines);
	if (!buffer_close(&simulation.pcap) || !buffer_close(&simulation.truth)) {
		fprintf(stderr, "simulate: writing failed: %s\n", strerror(errno));
		return 1;
	}
	return 0;
}
