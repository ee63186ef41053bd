/*
 * check: compares a program's samples with the simulator's truth, prints the
 * score, and ends with status 1 when a bound given as an option is broken.
 * Several pairs of files, as of several seeds, are judged as one.
 */
#include "check_compare.h"
#include "check_score.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What can be bounded: the option's name without "min-" or "max-", and the key of
 * the one-line output. All are percentages, except negative. */
enum bound {
	EXACT,
	SACKED,
	RESOLVED,
	COPIED_EXACT,
	FALSE_SAMPLES,
	INEXACT,
	NEGATIVE,
	MEDIAN_ERROR,
	P99_ERROR,
	PROMPT,
	BOUNDS
};

static const struct {
	const char *option, *key;
	bool least; /* a lower bound */
} bounds[BOUNDS] = {
	[EXACT] = {"min-exact", "exact", true},
	[SACKED] = {"min-sack", "sack", true},
	[RESOLVED] = {"min-resolved", "resolved", true},
	[COPIED_EXACT] = {"min-copied", "copied", true},
	[FALSE_SAMPLES] = {"max-false", "false", false},
	[INEXACT] = {"max-inexact", "inexact", false},
	[NEGATIVE] = {"max-negative", "negative", false},
	[MEDIAN_ERROR] = {"max-median", "median", false},
	[P99_ERROR] = {"max-p99", "p99", false},
	[PROMPT] = {"min-prompt", "prompt", true},
};

struct arguments {
	char **files; /* truth, samples, truth, samples ... */
	size_t pairs;
	bool brief, score;
	size_t worst;
	bool bounded[BOUNDS];
	double limit[BOUNDS];
};

static void usage(FILE *out)
{
	fputs("usage: check [options] TRUTH SAMPLES [TRUTH SAMPLES ...]\n"
	      "  --brief        one line of key=value\n"
	      "  --score        one line of key=value that any program can be judged by\n"
	      "  --worst N      the N worst findings of each sort, with their frames\n"
	      "Bounds, in percent; status 1 when one is broken:\n"
	      "  --min-exact    of unambiguous SYN and cumulative ACKs, with the exact sample\n"
	      "  --min-sack     of unambiguous SACKs\n"
	      "  --min-resolved of those resolvable by the echo\n"
	      "  --min-copied   of those whose trigger was captured twice\n"
	      "  --max-false    of the samples: nothing new acknowledged, or off by > 1 ms and > "
	      "10 %\n"
	      "  --max-inexact  of the samples: all that are not exact\n"
	      "  --max-negative samples (a count)\n"
	      "  --max-median --max-p99   error of class network against the path\n"
	      "  --min-prompt   of sampled prompt ACKs of full-sized segments, class network\n",
	      out);
}

static void measure(const struct result *result, double values[BOUNDS])
{
	struct tally ack = tally_of(result, KIND_SYN, KIND_ACK, UNAMBIGUOUS);
	struct tally sack = tally_of(result, KIND_SACK, KIND_SACK, UNAMBIGUOUS);
	struct tally echo = tally_of(result, KIND_SYN, KIND_SACK, RESOLVABLE);
	struct tally copied = tally_of(result, KIND_SYN, KIND_SACK, COPIED);
	const uint64_t *faults = result->faults;
	uint64_t wrong = faults[FAULT_EXTRA] + faults[FAULT_TWICE] + faults[FAULT_GROSS];
	uint64_t samples = result->samples > 0 ? result->samples : 1;

	values[EXACT] = share(ack.exact, ack.due);
	values[SACKED] = share(sack.exact, sack.due);
	values[RESOLVED] = share(echo.exact, echo.due);
	values[COPIED_EXACT] = share(copied.exact, copied.due);
	values[FALSE_SAMPLES] = share(wrong, samples);
	values[INEXACT] = share(wrong + faults[FAULT_INEXACT], samples);
	values[NEGATIVE] = (double)result->negative;
	values[MEDIAN_ERROR] = error_quantile(result, 0.5);
	values[P99_ERROR] = error_quantile(result, 0.99);
	values[PROMPT] = share(result->prompt.exact, result->prompt.sampled);
}

static const char *title(const struct truths *truths, size_t pairs)
{
	const char *found = "-";

	for (size_t i = 0; i < pairs; i++)
		for (size_t j = 0; j < truths[i].setting_count; j++) {
			if (*found != '-' && strcmp(found, truths[i].settings[j]) != 0)
				return "mixed";
			found = truths[i].settings[j];
		}
	return found;
}

static unsigned long long count_all(const struct truths *truths, size_t pairs)
{
	unsigned long long count = 0;

	for (size_t i = 0; i < pairs; i++)
		count += truths[i].count;
	return count;
}

static void print_brief(const struct truths *truths, size_t pairs, const struct result *result,
			const double values[BOUNDS])
{
	printf("setting=%s acks=%llu samples=%llu", title(truths, pairs), count_all(truths, pairs),
	       (unsigned long long)result->samples);
	printf(" unambiguous=%llu",
	       (unsigned long long)tally_of(result, KIND_SYN, KIND_ACK, UNAMBIGUOUS).due);
	printf(" sacks=%llu",
	       (unsigned long long)tally_of(result, KIND_SACK, KIND_SACK, UNAMBIGUOUS).due);
	printf(" resolvable=%llu",
	       (unsigned long long)tally_of(result, KIND_SYN, KIND_SACK, RESOLVABLE).due);
	printf(" copies=%llu",
	       (unsigned long long)tally_of(result, KIND_SYN, KIND_SACK, COPIED).due);
	for (unsigned bound = 0; bound < BOUNDS; bound++)
		printf(bound == NEGATIVE ? " %s=%.0f" : " %s=%.4f", bounds[bound].key,
		       values[bound]);
	printf("\n");
}

static void print_table(const struct truths *truths, size_t pairs, const struct result *result,
			const double values[BOUNDS])
{
	static const char *const fault_names[FAULTS] = {
		"nothing new acknowledged", "second of its frame", "off by > 1 ms and > 10 %",
		"off by less", "missed"};

	printf("%s: %llu acknowledgements of something new, %llu samples\n\n", title(truths, pairs),
	       count_all(truths, pairs), (unsigned long long)result->samples);
	printf("  %-5s %-12s %10s %10s %10s %9s\n", "kind", "status", "number", "sampled", "exact",
	       "exact %");
	for (unsigned status = 0; status < STATUSES; status++)
		for (unsigned kind = 0; kind < KINDS; kind++) {
			const struct tally *tally = &result->by[kind][status];

			if (tally->due > 0)
				printf("  %-5s %-12s %10llu %10llu %10llu %9.3f\n",
				       kind_names[kind], status_names[status],
				       (unsigned long long)tally->due,
				       (unsigned long long)tally->sampled,
				       (unsigned long long)tally->exact,
				       share(tally->exact, tally->due));
		}
	printf("\n");
	for (unsigned fault = 0; fault < FAULTS; fault++)
		printf("  %-26s %8llu\n", fault_names[fault],
		       (unsigned long long)result->faults[fault]);
	printf("  %-26s %8llu\n\n", "negative", (unsigned long long)result->negative);
	printf("  false %.4f %%, inexact %.4f %% of the samples\n", values[FALSE_SAMPLES],
	       values[INEXACT]);
	printf("  class network: %llu samples, %llu held over 10 ms; error against the path: "
	       "median %.3f %%, p99 %.3f %% (of %zu)\n",
	       (unsigned long long)result->network, (unsigned long long)result->held,
	       values[MEDIAN_ERROR], values[P99_ERROR], result->error_count);
	printf("  prompt, full-sized: %llu, sampled %llu, of them class network %.3f %%\n",
	       (unsigned long long)result->prompt.due, (unsigned long long)result->prompt.sampled,
	       values[PROMPT]);
}

static void print_worst(const struct arguments *arguments, const struct truths *truths,
			const struct result *result)
{
	static const char *const words[FAULTS] = {"extra", "twice", "gross", "inexact", "missed"};
	size_t printed[FAULTS] = {0};

	for (size_t i = 0; i < result->finding_count; i++) {
		const struct finding *finding = &result->findings[i];
		const struct truth *truth = &finding->truth;

		if (printed[finding->fault]++ >= arguments->worst)
			continue;
		printf("%-7s frame %llu", words[finding->fault],
		       (unsigned long long)finding->frame);
		if (finding->rtt_ns != -1 || finding->fault != FAULT_MISSED)
			printf(" claims %.6f ms", (double)finding->rtt_ns / 1e6);
		if (truth->frame != 0)
			printf(" truth %.6f ms (held %.6f ms) trigger %llu %s %s %llu bytes flow "
			       "%llu %s",
			       (double)truth->response_ns / 1e6, (double)truth->holding_ns / 1e6,
			       (unsigned long long)truth->trigger, kind_names[truth->kind],
			       status_names[truth->status], (unsigned long long)truth->bytes,
			       (unsigned long long)truth->flow,
			       truths[finding->pair].settings[truth->setting]);
		if (arguments->pairs > 1)
			printf(" in %s", arguments->files[2 * finding->pair + 1]);
		printf("\n");
	}
}

static int judge(const struct arguments *arguments, const double values[BOUNDS])
{
	int status = 0;

	for (unsigned bound = 0; bound < BOUNDS; bound++) {
		double limit = arguments->limit[bound];

		if (!arguments->bounded[bound] ||
		    (bounds[bound].least ? values[bound] >= limit : values[bound] <= limit))
			continue;
		printf("BROKEN: --%s %g, but %s is %.4f\n", bounds[bound].option, limit,
		       bounds[bound].key, values[bound]);
		status = 1;
	}
	return status;
}

static double decimal(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end != '\0' || !(value >= 0)) {
		fprintf(stderr, "check: \"%s\" is not a number from 0 on\n", text);
		exit(2);
	}
	return value;
}

static struct arguments parse(int argc, char **argv)
{
	struct option options[BOUNDS + 5] = {0};
	struct arguments arguments = {0};
	int option;

	for (int bound = 0; bound < BOUNDS; bound++)
		options[bound] =
			(struct option){bounds[bound].option, required_argument, NULL, 256 + bound};
	options[BOUNDS] = (struct option){"brief", no_argument, NULL, 'b'};
	options[BOUNDS + 3] = (struct option){"score", no_argument, NULL, 's'};
	options[BOUNDS + 1] = (struct option){"worst", required_argument, NULL, 'w'};
	options[BOUNDS + 2] = (struct option){"help", no_argument, NULL, 'h'};
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option >= 256) {
			arguments.bounded[option - 256] = true;
			arguments.limit[option - 256] = decimal(optarg);
		} else if (option == 'b') {
			arguments.brief = true;
		} else if (option == 's') {
			arguments.score = true;
		} else if (option == 'w') {
			arguments.worst = (size_t)decimal(optarg);
		} else {
			usage(option == 'h' ? stdout : stderr);
			exit(option == 'h' ? 0 : 2);
		}
	}
	if (optind == argc || (argc - optind) % 2 != 0) {
		usage(stderr);
		exit(2);
	}
	arguments.files = argv + optind;
	arguments.pairs = (size_t)(argc - optind) / 2;
	return arguments;
}

/* Reads the pairs one after another; of the truths only numbers and names are kept. */
static struct truths *read_pairs(const struct arguments *arguments, struct result *result,
				 struct score *score)
{
	struct truths *truths = calloc(arguments->pairs, sizeof *truths);

	if (truths == NULL) {
		fprintf(stderr, "check: out of memory\n");
		exit(2);
	}
	for (size_t i = 0; i < arguments->pairs; i++) {
		struct samples samples;

		read_truths(&truths[i], arguments->files[2 * i]);
		read_samples(&samples, arguments->files[2 * i + 1]);
		if (arguments->score)
			score_add(score, &truths[i], &samples);
		compare(result, &truths[i], &samples, arguments->worst > 0, i);
		samples_done(&samples);
		truths_drop_rows(&truths[i]);
	}
	result_finish(result);
	return truths;
}

int main(int argc, char **argv)
{
	struct arguments arguments = parse(argc, argv);
	struct result result = {0};
	struct score score = {0};
	struct truths *truths = read_pairs(&arguments, &result, &score);
	double values[BOUNDS];
	int status;

	measure(&result, values);
	if (arguments.score)
		score_print(&score, &result);
	else if (arguments.brief)
		print_brief(truths, arguments.pairs, &result, values);
	else
		print_table(truths, arguments.pairs, &result, values);
	print_worst(&arguments, truths, &result);
	status = judge(&arguments, values);
	score_done(&score);
	result_done(&result);
	for (size_t i = 0; i < arguments.pairs; i++)
		truths_done(&truths[i]);
	free(truths);
	return status;
}
