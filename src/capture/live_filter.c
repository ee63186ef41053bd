/*
 * What the kernel lets through: see live.h.
 *
 * On Ethernet the program is attached to the socket by ourselves: one that is replaced while
 * packets pass is put in the other's place in one step, where libpcap would let nothing
 * through for a moment; and libpcap, which knows of no filter then, applies none of its own
 * to what the kernel has let through. A program that the kernel does not take is left to the
 * caller, who sees all packets.
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

_Static_assert(sizeof(struct bpf_insn) == sizeof(struct sock_filter), "the same in two headers");

static int attach(struct pcap *pcap, struct sock_filter *code, unsigned count)
{
	struct sock_fprog program = {.len = (unsigned short)count, .filter = code};

	if (count > BPF_MAXINSNS)
		return -E2BIG;
	return setsockopt(pcap_fileno(pcap), SOL_SOCKET, SO_ATTACH_FILTER, &program,
			  sizeof(program)) < 0
		       ? -errno
		       : 0;
}

/* One instruction: so many bytes of each packet. */
static int attach_all(struct pcap *pcap, unsigned bytes)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, bytes);

	return attach(pcap, &all, 1);
}

/* Puts a program in the place of the one there is. Those for cooked sockets are rewritten
 * within libpcap, so they take its way. */
static int put(struct pcap *pcap, struct bpf_program *code)
{
	if (pcap_datalink(pcap) != DLT_EN10MB)
		return pcap_setfilter(pcap, code) < 0 ? -EIO : 0;
	if (attach(pcap, (struct sock_filter *)code->bf_insns, code->bf_len) == 0)
		return 0;
	return attach_all(pcap, (unsigned)pcap_snapshot(pcap)) < 0 ? -EIO : 1;
}

int live_install(struct pcap *pcap, const char *expression)
{
	struct bpf_program code;
	int result;

	if (pcap_compile(pcap, &code, expression, 1, PCAP_NETMASK_UNKNOWN) < 0)
		return -EINVAL;
	result = put(pcap, &code);
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
	return error_set(error, EIO, "%s: cannot install the filter: %.200s", live->name,
			 pcap_geterr(live->pcap));
}

/* Installs a whole expression, which is the source's from then on. */
static int install(struct live_source *live, const char *filter, char *expression,
		   enum live_exact exact, struct error *error)
{
	int result = live_install(live->pcap, expression);

	if (result < 0)
		return refused(live, filter, result, error);
	free(live->filter);
	live->filter = expression;
	live->exact = result > 0 ? LIVE_TOO_LARGE : exact;
	if (live->paused)
		attach_all(live->pcap, 0);
	return 0;
}

int live_set_filter(struct live_source *live, const char *filter, struct error *error)
{
	enum live_exact exact;
	char *expression = make_expression(live, filter, &exact);
	int result;

	if (!expression)
		return error_set(error, ENOMEM, "%s: not enough memory", live->name);
	/* The kernel cuts packets to the snap length only by a filter, so there always is
	 * one. */
	result = install(live, filter, expression, exact, error);
	if (result < 0)
		free(expression);
	return result;
}

int live_source_refilter(struct source *source, const char *filter, struct error *error)
{
	return live_set_filter((struct live_source *)source, filter, error);
}

void live_source_pause(struct source *source)
{
	struct live_source *live = (struct live_source *)source;

	if (attach_all(live->pcap, 0) == 0)
		live->paused = true;
}

int live_source_unpause(struct source *source)
{
	struct live_source *live = (struct live_source *)source;

	if (!live->paused)
		return 0;
	if (live_install(live->pcap, live->filter) < 0)
		return -EIO;
	live->paused = false;
	live_source_start(source);
	return 0;
}
