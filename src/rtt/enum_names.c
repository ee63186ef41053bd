/*
 * The words by which output names methods, classes and reasons.
 */
#include "tcpmetro.h"

static const char *const methods[TCPM_METHODS] = {
	[TCPM_METHOD_SYN] = "syn",
	[TCPM_METHOD_ACK] = "ack",
	[TCPM_METHOD_SACK] = "sack",
	[TCPM_METHOD_ECHO] = "echo",
};

static const char *const classes[TCPM_CLASSES] = {
	[TCPM_CLASS_NETWORK] = "network",
	[TCPM_CLASS_RESPONSE] = "response",
};

static const char *const reasons[TCPM_REASONS] = {
	[TCPM_REASON_AMBIGUOUS] = "ambiguous", [TCPM_REASON_CONTRADICTION] = "contradiction",
	[TCPM_REASON_PARTIAL] = "partial",     [TCPM_REASON_GAP] = "gap",
	[TCPM_REASON_UNSEEN] = "unseen",       [TCPM_REASON_ONE_SIDED] = "one_sided",
	[TCPM_REASON_OVERDUE] = "overdue",     [TCPM_REASON_UNTIMED] = "untimed",
	[TCPM_REASON_CLOCK] = "clock",
};

static const char *const decodes[TCPM_DECODES] = {
	[TCPM_DECODE_TCP] = "tcp",
	[TCPM_DECODE_NOT_IP] = "not_ip",
	[TCPM_DECODE_NOT_TCP] = "not_tcp",
	[TCPM_DECODE_FRAGMENT] = "fragment",
	[TCPM_DECODE_TRUNCATED] = "truncated",
	[TCPM_DECODE_MALFORMED] = "malformed",
	[TCPM_DECODE_LINKTYPE] = "linktype",
	[TCPM_DECODE_TOO_DEEP] = "too_deep",
};

static const char *const labels[TCPM_LABELS] = {
	[TCPM_LABEL_NONE] = "none",     [TCPM_LABEL_VLAN] = "vlan",
	[TCPM_LABEL_PPPOE] = "pppoe",   [TCPM_LABEL_GRE] = "gre",
	[TCPM_LABEL_ERSPAN] = "erspan", [TCPM_LABEL_VXLAN] = "vxlan",
	[TCPM_LABEL_GENEVE] = "geneve", [TCPM_LABEL_TUNNEL] = "tunnel",
};

const char *tcpm_method_name(unsigned method)
{
	return method < TCPM_METHODS ? methods[method] : "?";
}

const char *tcpm_class_name(unsigned class_)
{
	return class_ < TCPM_CLASSES ? classes[class_] : "?";
}

const char *tcpm_reason_name(unsigned reason)
{
	return reason < TCPM_REASONS ? reasons[reason] : "?";
}

const char *tcpm_decode_name(unsigned decode)
{
	return decode < TCPM_DECODES ? decodes[decode] : "?";
}

const char *tcpm_label_name(unsigned kind)
{
	return kind < TCPM_LABELS ? labels[kind] : "?";
}

const char *tcpm_version(void)
{
	return TCPMETRO_VERSION;
}
