/*
 * A sample field by field: see sample_fields.h.
 */
#include "report/sample_fields.h"

#include "stats/endpoint.h"

static const struct {
	const char *name;
	bool number;
} fields[SAMPLE_FIELDS] = {
	[SAMPLE_FRAME] = {"frame", true},    [SAMPLE_TIME] = {"time", true},
	[SAMPLE_RTT] = {"rtt_ns", true},     [SAMPLE_SRC] = {"src", false},
	[SAMPLE_SPORT] = {"sport", true},    [SAMPLE_DST] = {"dst", false},
	[SAMPLE_DPORT] = {"dport", true},    [SAMPLE_METHOD] = {"method", false},
	[SAMPLE_CLASS] = {"class", false},   [SAMPLE_INTERFACE] = {"interface", false},
	[SAMPLE_TUNNEL] = {"tunnel", false}, [SAMPLE_SIDE] = {"side", false},
};

const char *sample_field_name(unsigned field)
{
	return fields[field].name;
}

bool sample_field_is_number(unsigned field)
{
	return fields[field].number;
}

void sample_field_append(struct text *text, const struct tcpm_sample *sample, enum group_side side,
			 unsigned field)
{
	const struct tcpm_flow_id *flow = sample->flow;
	unsigned sender = sample->sender;

	switch (field) {
	case SAMPLE_FRAME:
		text_u64(text, sample->frame);
		break;
	case SAMPLE_TIME:
		text_seconds(text, sample->time_ns);
		break;
	case SAMPLE_RTT:
		text_i64(text, sample->rtt_ns);
		break;
	case SAMPLE_SRC:
		text_address(text, &flow->address[sender]);
		break;
	case SAMPLE_SPORT:
		text_u64(text, flow->port[sender]);
		break;
	case SAMPLE_DST:
		text_address(text, &flow->address[!sender]);
		break;
	case SAMPLE_DPORT:
		text_u64(text, flow->port[!sender]);
		break;
	case SAMPLE_METHOD:
		text_string(text, tcpm_method_name(sample->method));
		break;
	case SAMPLE_CLASS:
		text_string(text, tcpm_class_name(sample->class_));
		break;
	case SAMPLE_TUNNEL:
		endpoint_labels(text, flow->label_kind, flow->label);
		break;
	case SAMPLE_SIDE:
		text_string(text, group_side_name(side));
		break;
	default: /* SAMPLE_INTERFACE is the caller's to escape */
		break;
	}
}

const char *sample_field_interface(const struct endpoint_names *names,
				   const struct tcpm_sample *sample)
{
	return names->interface_name ? names->interface_name(names->user, sample->interface) : NULL;
}
