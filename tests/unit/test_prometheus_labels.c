/*
 * Labels of Prometheus' text format: what they are made of, and that they stay, whatever
 * becomes of names and sides.
 */
#include "prometheus_helper.h"

/* ---- tags ---- */

static void tags_become_labels(void **state)
{
	static const char *const tags[] = {
		"env:prod",
		"team:a:b",
		"bare",
		"naked",
		"a.b:1",
		"a-b:2",
		"9lives:x",
		"__name__:x",
		"le:1",
		"src:me",
		"quote:\"\\\nx",
		"empty:",
		":odd",
		"bad:\xff\xc3(\xed\xa0\x80",
		"umlaut:\xc3\xa4",
		"env:second",
		"dst:",
		"..:y",
	};
	const struct prometheus_point point = {
		.interface = "e\"0", .facts = &no_facts, .tags = tags, .tag_count = 18};

	(void)state;
	assert_holds(written_of(&point, 1, 10),
		     "\ntcpmetro_packets_total{interface=\"e\\\"0\",env=\"prod,second\","
		     "team=\"a:b\",tag=\"bare,naked,:odd\",a_b=\"1,2\",_9lives=\"x\","
		     "tag___name__=\"x\",tag_le=\"1\",tag_src=\"me\",quote=\"\\\"\\\\\\nx\","
		     "bad=\"\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\","
		     "umlaut=\"\xc3\xa4\",tag___=\"y\"} 0\n");
}

/* ---- names ---- */

/* In the hands of the tests below: who has which name. */
struct name {
	const char *address;
	const char *name;
};

static const char *name_in(void *user, const struct tcpm_address *address)
{
	const struct name *names = user;

	for (; names->address; names++) {
		struct tcpm_address own = helper_address(names->address);

		if (memcmp(&own, address, sizeof(own)) == 0)
			return names->name;
	}
	return NULL;
}

#define NO_NAME                                                                                    \
	{                                                                                          \
		NULL, NULL                                                                         \
	}
#define HOST_FAMILY                                                                                \
	"# HELP tcpmetro_host_info Always 1; the current name of an address in src or dst.\n"      \
	"# TYPE tcpmetro_host_info gauge\n"
#define HOST(address, name) "tcpmetro_host_info{address=\"" address "\",name=\"" name "\"} 1\n"

/* The part of host names, alone; valid until the next call. */
static const char *hosts_of(const struct prometheus_point *points, size_t count, size_t max)
{
	static char part[4096];
	const char *text = written_of(points, count, max);
	const char *start = strstr(text, "# HELP tcpmetro_host_info");
	const char *end = start ? strstr(start + 1, "# HELP") : NULL;

	assert_no_duplicates(text);
	if (!start)
		assert_lacks(text, "host_info");
	else
		assert_non_null(end);
	snprintf(part, sizeof(part), "%.*s", (int)(start ? end - start : 0), start ? start : "");
	return part;
}

/* Each address once, whichever end of how many pairs it is, where it has a name. */
static void hosts(void **state)
{
	static struct name here[] = {{"192.0.2.1", "db1.example.org"},
				     {"192.0.2.10", "twin"},
				     {"2001:db8::1", "twin"},
				     {"192.0.2.77", "not-a-host-of-a-pair"},
				     {"192.0.2.3", ""},
				     {"192.0.2.4", "a\"b\\c\n\xff"},
				     NO_NAME};
	static struct name there[] = {{"192.0.2.1", "another"}, {"192.0.2.2", "web"}, NO_NAME};
	const struct endpoint_names names[] = {
		{.host_name = name_in, .user = here}, {.host_name = name_in, .user = there}, {0}};
	struct groups *groups = helper_groups(GROUPS_BY_HOSTS, 0);
	const struct prometheus_point points[] = {
		{.groups = groups, .facts = &no_facts, .interface = "eth0", .names = &names[0]},
		{.groups = groups, .facts = &no_facts, .interface = "eth1", .names = &names[1]},
		{.groups = groups, .facts = &no_facts, .interface = "eth2", .names = &names[2]},
		{.groups = groups, .facts = &no_facts, .interface = "eth3"},
	};

	(void)state;
	add(groups, "192.0.2.10", "192.0.2.1", TCPM_CLASS_NETWORK, 1, 1);
	add(groups, "192.0.2.1", "192.0.2.10", TCPM_CLASS_NETWORK, 1, 1);
	add(groups, "192.0.2.1", "192.0.2.2", TCPM_CLASS_NETWORK, 1, 1);
	add(groups, "192.0.2.3", "192.0.2.4", TCPM_CLASS_NETWORK, 1, 1);
	add(groups, "2001:db8::1", "2001:db8::2", TCPM_CLASS_RESPONSE, 1, 1);
	assert_string_equal(hosts_of(points, 4, 90),
			    HOST_FAMILY HOST("192.0.2.1", "db1.example.org")
				    HOST("192.0.2.2", "web") HOST("192.0.2.4", "a\\\"b\\\\c??")
					    HOST("192.0.2.10", "twin") HOST("2001:db8::1", "twin"));
	assert_string_equal(hosts_of(points + 1, 1, 90),
			    HOST_FAMILY HOST("192.0.2.1", "another") HOST("192.0.2.2", "web"));
	assert_string_equal(hosts_of(points + 2, 2, 90), "");
	/* All of them joined "other". */
	assert_string_equal(hosts_of(points, 4, 0), "");
	groups_free(groups);
}

/* With a port or without a sender, a host is known by its address; a network has no name,
 * though its first address may. */
static void hosts_by(void **state)
{
	static struct name all[] = {
		{"192.0.2.1", "one"}, {"192.0.2.2", "two"}, {"192.0.2.0", "net"}, NO_NAME};
	static const char *const expected[GROUPS_BYS] = {
		[GROUPS_BY_HOSTS] = HOST_FAMILY HOST("192.0.2.1", "one") HOST("192.0.2.2", "two"),
		[GROUPS_BY_FLOW] = HOST_FAMILY HOST("192.0.2.1", "one") HOST("192.0.2.2", "two"),
		[GROUPS_BY_RECEIVER] = HOST_FAMILY HOST("192.0.2.2", "two"),
		[GROUPS_BY_PREFIX] = "",
	};
	const struct endpoint_names names = {.host_name = name_in, .user = all};

	(void)state;
	for (unsigned by = 0; by < GROUPS_BYS; by++) {
		struct groups *groups = helper_groups((enum groups_by)by, 0);
		const struct prometheus_point point = {
			.groups = groups, .facts = &no_facts, .names = &names};

		add(groups, "192.0.2.1", "192.0.2.2", TCPM_CLASS_NETWORK, 1, 1);
		assert_string_equal(hosts_of(&point, 1, 9), expected[by]);
		groups_free(groups);
	}
}

/* A text without the lines of tcpmetro_host_info; the caller's to free. */
static char *without_hosts(const char *text)
{
	char *copy = calloc(1, strlen(text) + 1);
	size_t used = 0;

	assert_non_null(copy);
	while (*text) {
		const char *end = strchr(text, '\n') + 1;

		if (!memmem(text, (size_t)(end - text), "tcpmetro_host_info", 18)) {
			memcpy(copy + used, text, (size_t)(end - text));
			used += (size_t)(end - text);
		}
		text = end;
	}
	return copy;
}

/* Names that come, change, go, or stand for several addresses rename no series, and add none
 * up. */
static void names_move_no_series(void **state)
{
	static struct name names[] = {
		{"192.0.2.1", "db"}, {"192.0.2.2", "db"}, {"192.0.2.9", "me"}, NO_NAME};
	const struct endpoint_names settings = {.host_name = name_in, .user = names};

	(void)state;
	for (unsigned by = 0; by < GROUPS_BYS; by++) {
		struct groups *groups = helper_groups((enum groups_by)by, 0);
		const struct prometheus_point point = {
			.groups = groups, .facts = &no_facts, .names = &settings};
		char *before;
		char *after;

		add(groups, "192.0.2.9", "192.0.2.1", TCPM_CLASS_NETWORK, 1000, 5);
		add(groups, "192.0.2.9", "192.0.2.2", TCPM_CLASS_NETWORK, 1000, 7);
		names[0].name = "db";
		names[2].name = NULL;
		before = without_hosts(written_of(&point, 1, 9));
		names[0].name = NULL;
		names[2].name = "me";
		after = without_hosts(written_of(&point, 1, 9));
		assert_string_equal(before, after);
		assert_int_equal(times(before, "tcpmetro_segments_total{"),
				 by == GROUPS_BY_PREFIX ? 1 : 2);
		free(before);
		free(after);
		groups_free(groups);
	}
}

/* ---- all of a key, but the side, is in the labels ---- */

static const char *interface_name(void *user, uint32_t interface)
{
	(void)user;
	return interface == 0 ? NULL : interface == 1 ? "veth1" : "veth2";
}

static struct groups *groups_by(struct group_by by)
{
	const struct groups_options options = {.by = by};
	struct groups *groups = NULL;

	assert_int_equal(groups_new(&options, &groups), 0);
	return groups;
}

/* A sample of a flow that is 192.0.2.1:1000 to 192.0.2.2:80 but for what is given. */
static void add_flow(struct groups *groups, struct tcpm_flow_id flow, uint32_t interface)
{
	uint64_t user_data = 0;
	const struct tcpm_sample sample = {.rtt_ns = 1,
					   .previous_ns = -1,
					   .flow = &flow,
					   .user_data = &user_data,
					   .interface = interface,
					   .sent = {.segments = 1}};

	groups_sample(groups, &sample);
}

static struct tcpm_flow_id flow_of(uint16_t port, uint8_t kind, uint32_t label, uint32_t inner)
{
	struct tcpm_flow_id flow = {
		.address = {helper_address("192.0.2.1"), helper_address("192.0.2.2")},
		.port = {port, 80}};

	if (kind) {
		flow.label_kind[0] = kind;
		flow.label[0] = label;
	}
	if (inner) {
		flow.label_kind[1] = TCPM_LABEL_VXLAN;
		flow.label[1] = inner;
	}
	return flow;
}

static void different_keys_have_different_labels(void **state)
{
	static const char *const tags[] = {"env:prod", "tunnel:mine"};
	static const struct endpoint_names names = {.interface_name = interface_name};
	struct groups *groups = groups_by(
		(struct group_by){.hosts = GROUPS_BY_FLOW, .interface = true, .tunnel = true});
	const struct prometheus_point point = {.interface = "any",
					       .groups = groups,
					       .facts = &no_facts,
					       .tags = tags,
					       .tag_count = 2,
					       .names = &names};
	const char *text;
	size_t count;

	(void)state;
	for (uint32_t interface = 0; interface <= 2; interface++) {
		add_flow(groups, flow_of(1000, 0, 0, 0), interface);
		add_flow(groups, flow_of(1001, 0, 0, 0), interface);
		add_flow(groups, flow_of(1000, TCPM_LABEL_VLAN, 10, 0), interface);
		add_flow(groups, flow_of(1000, TCPM_LABEL_VLAN, 11, 0), interface);
		add_flow(groups, flow_of(1000, TCPM_LABEL_VLAN, 10, 5000), interface);
		add_flow(groups, flow_of(1000, TCPM_LABEL_TUNNEL, 10, 0), interface);
	}
	groups_all(groups, &count);
	assert_int_equal(count, 18);
	text = written_of(&point, 1, 90);
	assert_no_duplicates(text);
	assert_int_equal(times(text, "\ntcpmetro_segments_total{"), 18);
#define ENDS "\ntcpmetro_segments_total{src=\"192.0.2.1:1000\",dst=\"192.0.2.2:80\","
#define TAGS "env=\"prod\",tag_tunnel=\"mine\"} 1\n"
	assert_holds(text, ENDS "interface=\"any\"," TAGS);
	assert_holds(text, ENDS "interface=\"veth1\"," TAGS);
	assert_holds(text, ENDS "tunnel=\"vlan:10\",interface=\"veth1\"," TAGS);
	assert_holds(text, ENDS "tunnel=\"vlan:11\",interface=\"veth2\"," TAGS);
	assert_holds(text, ENDS "tunnel=\"vlan:10/vxlan:5000\",interface=\"veth2\"," TAGS);
	assert_holds(text, ENDS "tunnel=\"tunnel:0000000a\",interface=\"any\"," TAGS);
#undef ENDS
#undef TAGS
	groups_free(groups);
}

/* A group of two sides, as groups_merge_if keeps it. */
static bool without_side(void *user, const struct group *group, struct group_key *key)
{
	(void)user;
	key->side = GROUP_SIDE_NONE;
	return group->key.side != GROUP_SIDE_LOCAL;
}

static bool later_than(void *user, const struct group *group)
{
	return group->summary.series[0].last_ns > *(int64_t *)user;
}

/* An address becomes local while its pair stays active; an hour later the pair is still there, and
 * its counters are whole. */
static void forgotten_side(void **state)
{
	const struct prefix own = {.bits = 32, .address = helper_address("192.0.2.1")};
	const struct prefix_set local = {.all = (struct prefix *)(uintptr_t)&own, .count = 1};
	struct groups *latest = helper_groups(GROUPS_BY_HOSTS, 0);
	struct groups *total = helper_groups(GROUPS_BY_HOSTS, 0);
	const struct prometheus_point point = {.groups = total, .facts = &no_facts};
	int64_t old = 1000;

	(void)state;
	add(latest, "192.0.2.1", "192.0.2.2", TCPM_CLASS_NETWORK, 1000, 5);
	groups_set_local(latest, &local);
	add(latest, "192.0.2.1", "192.0.2.2", TCPM_CLASS_NETWORK, 2000, 7);
	add(latest, "192.0.2.2", "192.0.2.1", TCPM_CLASS_NETWORK, 2000, 7);
	groups_merge_if(total, latest, without_side, NULL);
	for (unsigned round = 0; round < 2; round++) {
		const char *text = written_of(&point, 1, 9);

		assert_int_equal(times(text, "\ntcpmetro_segments_total{"), 1);
		assert_holds(text, "\ntcpmetro_segments_total{src=\"192.0.2.1\","
				   "dst=\"192.0.2.2\"} 12\n");
		assert_int_equal(groups_keep(total, later_than, &old), 0);
	}
	groups_free(latest);
	groups_free(total);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags_become_labels),
		cmocka_unit_test(hosts),
		cmocka_unit_test(hosts_by),
		cmocka_unit_test(names_move_no_series),
		cmocka_unit_test(different_keys_have_different_labels),
		cmocka_unit_test(forgotten_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
