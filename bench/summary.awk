# Makes script/bench's tables out of its runs: a line each, of capture, program, round,
# packets, wall ns, processor ns, memory in kB, and what others used of the processors in ns.
#
# Ratios are made within a round, and the median over the rounds is taken; so a machine that
# is slow for a while makes both sides slow.

function sort(list, n,   i, j, t) {
  for (i = 2; i <= n; i++) {
    t = list[i]
    for (j = i - 1; j >= 1 && list[j] > t; j--)
      list[j + 1] = list[j]
    list[j + 1] = t
  }
}

# Median of a sorted list; sets `least` and `most`. -1 if it is empty.
function median(list, n) {
  if (n == 0)
    return -1
  sort(list, n)
  least = list[1]
  most = list[n]
  return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

# Of FIELD over the rounds.
function middle(capture, program, field,   n, i, list) {
  for (i = 1; i <= rounds; i++)
    if ((capture, program, i, field) in value)
      list[++n] = value[capture, program, i, field]
  return median(list, n + 0)
}

# Of the ratios of FIELD in one round.
function ratio(c1, p1, c2, p2, field,   n, i, list) {
  for (i = 1; i <= rounds; i++)
    if (((c1, p1, i, field) in value) && ((c2, p2, i, field) in value) && value[c2, p2, i, field] > 0)
      list[++n] = value[c1, p1, i, field] / value[c2, p2, i, field]
  return median(list, n + 0)
}

# A ratio's line, and its goal: GOAL is the most it may be, or with a minus the least, or 0.
function show(name, c1, p1, c2, p2, goal,   wall, cpu, range, verdict) {
  cpu = ratio(c1, p1, c2, p2, "cpu")
  wall = ratio(c1, p1, c2, p2, "wall")
  if (wall < 0)
    return
  range = sprintf("%.2f - %.2f", least, most)
  if (goal > 0)
    verdict = sprintf("at most %g: %s", goal, wall <= goal ? "met" : "MISSED")
  else if (goal < 0)
    verdict = sprintf("at least %g: %s", -goal, wall >= -goal ? "met" : "MISSED")
  printf "%-22s %8.2f %8.2f   %-16s %s\n", name, wall, cpu, range, verdict
  ratio_name[++ratios] = name
  ratio_wall[ratios] = wall
  ratio_cpu[ratios] = cpu
  ratio_goal[ratios] = verdict
}

# Anything else that has a goal.
function judge(name, number, unit, goal) {
  printf "%-22s %8.1f %-8s   %-16s %s\n", name, number, unit, "",
    sprintf("at most %g: %s", goal, number <= goal ? "met" : "MISSED")
  ratio_name[++ratios] = name
  ratio_wall[ratios] = number
  ratio_cpu[ratios] = number
  ratio_goal[ratios] = sprintf("at most %g: %s", goal, number <= goal ? "met" : "MISSED")
}

function quoted(text) {
  gsub(/["\\]/, "\\\\&", text)
  return "\"" text "\""
}

# A line for each result, so that compare() can read it without knowing JSON.
function write_json(   i, comma) {
  printf "{\"format\": \"tcpmetro-bench-1\",\n" >json
  printf " \"revision\": %s, \"machine\": %s, \"rounds\": %d, \"scale\": %d,\n", quoted(revision),
    quoted(machine), rounds, quick >json
  printf " \"others\": %.3f, \"scan\": %s,\n \"runs\": [\n", median(others, turns), quoted(scan) >json
  for (i = 1; i <= lines; i++)
    printf "  %s%s\n", line_json[i], i < lines ? "," : "" >json
  printf " ],\n \"ratios\": [\n" >json
  for (i = 1; i <= ratios; i++)
    printf "  {\"name\": %s, \"wall\": %.4f, \"cpu\": %.4f, \"goal\": %s}%s\n",
      quoted(ratio_name[i]), ratio_wall[i], ratio_cpu[i], quoted(ratio_goal[i]),
      i < ratios ? "," : "" >json
  printf " ]}\n" >json
  close(json)
}

function compare(   text, field, then, was_cpu, scale, i, n) {
  while ((getline text <old) > 0) {
    n = split(text, field, "\"")
    if (text ~ /"revision"/) {
      printf "\nagainst %s, revision %s on %s\n", old, field[4], field[8]
      scale = text
      sub(/.*"scale": /, "", scale)
      if (scale + 0 != quick)
        print "its captures were of another size: the figures cannot be compared"
    }
    if (text !~ /"name"/)
      continue
    sub(/^[^:]*: [^:]*: /, "", text)
    then[field[4]] = text + 0
    sub(/^[^:]*: /, "", text)
    was_cpu[field[4]] = text + 0
  }
  close(old)
  printf "%-22s %8s %8s %8s   %8s %8s\n", "", "old wall", "new wall", "change", "old cpu", "new cpu"
  for (i = 1; i <= ratios; i++) {
    if (!(ratio_name[i] in then))
      continue
    printf "%-22s %8.2f %8.2f %+7.1f%%   %8.2f %8.2f\n", ratio_name[i], then[ratio_name[i]],
      ratio_wall[i], 100 * (ratio_wall[i] / then[ratio_name[i]] - 1), was_cpu[ratio_name[i]],
      ratio_cpu[i]
  }
}

BEGIN {
  FS = "\t"
}

{
  if ($3 > rounds) rounds = $3
  value[$1, $2, $3, "wall"] = $5 / $4
  value[$1, $2, $3, "cpu"] = $6 / $4
  value[$1, $2, $3, "seconds"] = $5 / 1e9
  value[$1, $2, $3, "kB"] = $7
  packets[$1, $2] = $4
  if ($5 > 0 && $1 != "-") others[++turns] = $8 / $5
}

END {
  n = split(captures, capture, " ")
  m = split(programs, program, " ")
  printf "%-3s %-9s %11s %8s %10s %10s %10s\n", "", "", "packets", "wall s", "ns/packet",
    "cpu ns/p.", "memory MB"
  for (i = 1; i <= n; i++) {
    for (j = 1; j <= m; j++) {
      c = capture[i]
      p = program[j]
      seconds = middle(c, p, "seconds")
      if (seconds < 0)
        continue
      kB = middle(c, p, "kB")
      printf "%-3s %-9s %11d %8.3f %10.1f %10.1f %10.1f\n", c, p, packets[c, p], seconds,
        middle(c, p, "wall"), middle(c, p, "cpu"), kB * 1024 / 1e6
      line_json[++lines] = sprintf("{\"capture\": \"%s\", \"program\": \"%s\", " \
        "\"packets\": %d, \"wall_s\": %.4f, \"wall_ns_per_packet\": %.2f, " \
        "\"cpu_ns_per_packet\": %.2f, \"memory_bytes\": %d}", c, p, packets[c, p], seconds,
        middle(c, p, "wall"), middle(c, p, "cpu"), kB * 1024)
    }
    print ""
  }
  printf "%-22s %8s %8s   %-16s %s\n", "ratio", "wall", "cpu", "wall, range", "goal"
  for (i = 1; i <= n; i++) {
    c = capture[i]
    show(c " report/loop", c, "report", c, "loop", c == "A" ? 0.8 : c == "B" ? 1.2 : 0)
    show(c " report/walk", c, "report", c, "walk", c == "A" ? 4 : c == "D" ? 1.3 : 0)
    show(c " single/loop", c, "single", c, "loop", 0)
    show(c " loop/walk", c, "loop", c, "walk", 0)
    show(c " samples/report", c, "samples", c, "report", 2.5)
    show(c " tcptrace/report", c, "tcptrace", c, "report", c == "A" ? -12 : 0)
    show(c " tshark/report", c, "tshark", c, "report", 0)
    if (c == "C") {
      show("C/A report", "C", "report", "A", "report", 2.5)
      judge("C memory", middle("C", "report", "kB") * 1024 / 1e6, "MB", 300)
      # More than what a run on an empty capture has.
      kB = middle("C", "report", "kB") - middle("-", "report", "kB")
      judge("C memory per flow", kB * 1024 * quick / 1e6, "bytes", 200)
    }
    if (c == "E")
      judge("E memory", middle("E", "report", "kB") * 1024 / 1e6, "MB", 300)
  }
  if (scan != "")
    printf "%-22s %s: %s\n", "E live flows", scan, scan_status == 0 ? "met" : "MISSED"
  if (median(others, turns) >= 0)
    printf "\nothers used %.0f%% of a processor during a run, at most %.0f%%%s\n",
      100 * median(others, turns), 100 * most,
      (median(others, turns) > 0.1 ? ": the figures are disturbed" : "")
  if (quick != 1)
    print "captures a tenth as large: goals are those of the whole ones"
  if (json != "")
    write_json()
  if (old != "")
    compare()
  exit lines == 0
}
