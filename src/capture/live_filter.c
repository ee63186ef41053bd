/*
 * What the kernel lets through: see live.h.
 *
 * A filter that is replaced while packets pass is put in the other's place in one step.
 * libpcap's own way would let nothing through for a moment.
 */
#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <pcap/pcap.h>

#include "base/text.h"
#include "capture/filter.h"
#include "capture/live.h"
#include "capture/live_source.h"

int live_install(struct pcap *pcap, const char *expression)
{
	struct bpf_program code;
	int result;

	if (pcap_compile(pcap, &code, expression, 1, PCAP_NETMASK_UNKNOWN) < 0)
		return -EINVAL;
	result = pcap_setfilter(pcap, &code) < 0 ? -EIO : 0;
	pcap_freecode(&code);
	return result;
}

/* Other UDP than that which may hold a tunnel would only be counted. */
static void append_tunnels(struct text *text, const struct packet_ports *ports)
{
	text_string(text, "not udp");
	for (unsigned kind = 0; kind < TCPM_TUNNELS; kind++) {
		for (unsigned i = 0; i < PACKET_MAX_PORTS && ports->port[kind][i]; i++) {
			text_string(text, " or udp port ");
			text_u64(text, ports->port[kind][i]);
		}
	}
}

/*
 * The expression for the kernel, to be freed; NULL: no memory. The kernel sees frames whose
 * outermost tag was taken away, and matches them as if they had none; those with further
 * tags go to the caller, who sees them as they are.
 */
static char *make_expression(const struct live_source *live, const char *filter,
			     enum live_exact *exact)
{
	enum filter_tags tags = filter ? filter_tags(filter) : FILTER_TAGS_NONE;
	struct text text;

	text_init(&text);
	*exact = tags == FILTER_TAGS_NONE ? LIVE_EXACT_BUT_TAGGED : LIVE_NOT_EXACT;
	if (!filter) {
		*exact = LIVE_EXACT;
		append_tunnels(&text, &live->ports);
	} else if (tags != FILTER_TAGS_BYTES) {
		text_char(&text, '(');
		text_string(&text, filter);
		text_char(&text, ')');
		if (tags == FILTER_TAGS_NONE &&
		    (live->linktype == DLT_EN10MB || live->linktype == DLT_LINUX_SLL ||
		     live->linktype == DLT_LINUX_SLL2))
			text_string(&text, " or ether proto 0x8100 or ether proto 0x88a8 or "
					   "ether proto 0x9100");
	}
	text_char(&text, '\0');
	if (text.error)
		text_done(&text);
	return text.bytes; /* the caller's from now on */
}

static int refused(const struct live_source *live, const char *filter, int result,
		   struct error *error)
{
	if (result == -EINVAL)
		return error_set(error, EINVAL, "%s: filter \"%.200s\": %.200s", live->name,
				 filter ? filter : "", pcap_geterr(live->pcap));
	return error_set(error, EIO, "%s: the filter cannot be installed: %.200s", live->name,
			 pcap_geterr(live->pcap));
}

int live_set_filter(struct live_source *live, const char *filter, struct error *error)
{
	char *expression = make_expression(live, filter, &live->exact);
	int result;

	if (!expression)
		return error_set(error, ENOMEM, "%s: there is not enough memory", live->name);
	free(live->filter);
	live->filter = expression;
	/* The kernel cuts packets to the snap length only by a filter, so there always is
	 * one. */
	result = live_install(live->pcap, expression);
	return result < 0 ? refused(live, filter, result, error) : 0;
}

static int attach(struct pcap *pcap, struct sock_filter *code, unsigned count)
{
	struct sock_fprog program = {.len = (unsigned short)count, .filter = code};

	if (count > BPF_MAXINSNS)
		return -EINVAL;
	return setsockopt(pcap_fileno(pcap), SOL_SOCKET, SO_ATTACH_FILTER, &program,
			  sizeof(program)) < 0
		       ? -errno
		       : 0;
}

_Static_assert(sizeof(struct bpf_insn) == sizeof(struct sock_filter), "the same in two headers");

/* Puts it in the other's place. Programs for cooked sockets are rewritten within libpcap, so
 * these, and what the kernel refuses, take its way. */
static int replace(struct live_source *live, const char *expression)
{
	struct bpf_program code;
	int result = -EINVAL;

	if (live->linktype != DLT_EN10MB || live->paused)
		return live->paused ? 0 : live_install(live->pcap, expression);
	if (pcap_compile(live->pcap, &code, expression, 1, PCAP_NETMASK_UNKNOWN) < 0)
		return -EINVAL;
	result = attach(live->pcap, (struct sock_filter *)code.bf_insns, code.bf_len);
	if (result < 0)
		result = pcap_setfilter(live->pcap, &code) < 0 ? -EIO : 0;
	pcap_freecode(&code);
	return result;
}

int live_source_refilter(struct source *source, const char *filter, struct error *error)
{
	struct live_source *live = (struct live_source *)source;
	enum live_exact exact;
	char *expression = make_expression(live, filter, &exact);
	int result;

	if (!expression)
		return error_set(error, ENOMEM, "%s: there is not enough memory", live->name);
	result = replace(live, expression);
	if (result < 0) {
		free(expression);
		return refused(live, filter, result, error);
	}
	free(live->filter);
	live->filter = expression;
	live->exact = exact;
	return 0;
}

void live_source_pause(struct source *source)
{
	struct live_source *live = (struct live_source *)source;
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);

	if (attach(live->pcap, &nothing, 1) == 0)
		live->paused = true;
}

void live_source_unpause(struct source *source)
{
	struct live_source *live = (struct live_source *)source;

	if (!live->paused)
		return;
	live->paused = false;
	live_install(live->pcap, live->filter); /* as it was before */
	live_source_start(source);
}
