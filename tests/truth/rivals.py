#!/usr/bin/env python3
"""Writes the samples of tshark or tcptrace as check reads them, for script/scoreboard.

    rivals.py tshark PACKETS.csv
    rivals.py tcptrace PACKETS.csv DIRECTORY

PACKETS.csv comes from tshark, with the fields that script/scoreboard names. DIRECTORY
holds what `tcptrace -n -r -R -Z` left: for each direction of a connection a graph
(time of the acknowledgement in microseconds) and a raw file (sequence number of the
segment): the same samples, but that the graph leaves out those of a few microseconds.

tcptrace writes round trips in whole milliseconds only, though it has microseconds inside.
So that its matching is judged and not its rounding, each is timed here from the segment
that it names to the acknowledgement that it names, if that agrees with its milliseconds;
else its milliseconds are taken.
"""
import bisect
import glob
import ipaddress
import os
import re
import sys

FIELDS = ("frame", "time", "src", "src6", "sport", "dst", "dst6", "dport", "seq", "ack", "len",
          "flags", "rtt")
SHORT_NS = 10000  # the graph may leave out a sample that is shorter


def nanoseconds(text):
    """Exact: a double would not hold it."""
    seconds, _, rest = text.partition(".")
    return int(seconds) * 10**9 + int((rest + "000000000")[:9])


def packets(path):
    with open(path, encoding="ascii") as file:
        for line in file:
            packet = dict(zip(FIELDS, line.rstrip("\n").split(",")))
            if packet["sport"]:
                yield packet


def out(frame, rtt_ns):
    print(f"{frame},{rtt_ns},ack,network")


def tshark(path):
    for packet in packets(path):
        if packet["rtt"]:
            out(packet["frame"], nanoseconds(packet["rtt"]))


class Packets:
    """What the samples name: acknowledgements by time and by order, segments by number."""

    def __init__(self, path):
        self.acks = {}  # (who, to whom): frames, [(ack, ns)]
        self.at = {}  # (who, to whom, microsecond): [(frame, ack, ns)]
        self.segments = {}  # (who, to whom, seq): [(frame, ns)]
        names = {}
        for packet in packets(path):
            ends = []
            for end in ("src", "dst"):
                text = packet[end] or packet[end + "6"]
                if text not in names:
                    names[text] = ipaddress.ip_address(text)
                ends.append((names[text], int(packet[end[0] + "port"])))
            self.add(tuple(ends), int(packet["frame"]), nanoseconds(packet["time"]), packet)

    def add(self, ends, frame, time_ns, packet):
        flags = int(packet["flags"], 16)
        if flags & 0x10:
            ack = int(packet["ack"])
            self.at.setdefault(ends + (time_ns // 1000,), []).append((frame, ack, time_ns))
            frames, acks = self.acks.setdefault(ends, ([], []))
            frames.append(frame)
            acks.append((ack, time_ns))
        if int(packet["len"]) > 0 or flags & 0x3:
            self.segments.setdefault(ends + (int(packet["seq"]),), []).append((frame, time_ns))

    def first_answer(self, ends, sent_frame, seq):
        """(frame, ns) of the first acknowledgement of seq after that frame, or None."""
        frames, acks = self.acks.get(ends, ((), ()))
        for i in range(bisect.bisect(frames, sent_frame), len(frames)):
            if covers(acks[i][0], seq):
                return frames[i], acks[i][1]
        return None


def covers(ack, seq):
    return 0 < (ack - seq) % 2**32 < 2**31


def endpoint(text):
    address, _, port = text.rpartition(":")
    return ipaddress.ip_address(address), int(port)


def graph(path):
    """Whose segments, to whom, and [(microsecond of the acknowledgement, rtt in ms)]."""
    with open(path, encoding="ascii") as file:
        text = file.read()
    sender, receiver = re.search(r"^(\S+)_==>_(\S+) \(rtt", text, re.M).groups()
    dots = re.findall(r"^dot (\d+)\.(\d{6}) (\d+)", text, re.M)
    return endpoint(sender), endpoint(receiver), [
        (int(s) * 10**6 + int(us), int(ms)) for s, us, ms in dots]


def by_graph(acks, sent, seq, rtt_ms):
    """(frame of the acknowledgement, round trip in ns or None) of a dot."""
    later = [ack for ack in acks if covers(ack[1], seq)]
    if not later:
        return None, None
    frame, _, time_ns = min(later, key=lambda ack: (ack[1] - seq) % 2**32)
    for sent_frame, sent_ns in reversed(sent):
        if sent_frame < frame and abs((time_ns - sent_ns) // 10**6 - rtt_ms) <= 1:
            return frame, time_ns - sent_ns
    return frame, None


def without_dot(packets_, ends, sent, seq, next_us):
    """The same, of a sample that the graph leaves out: answered within microseconds."""
    for sent_frame, sent_ns in reversed(sent):
        answer = packets_.first_answer(ends, sent_frame, seq)
        if answer and answer[1] - sent_ns < SHORT_NS and answer[1] // 1000 != next_us:
            return answer[0], answer[1] - sent_ns
    return None


def tcptrace(path, directory):
    known = Packets(path)
    total = unmatched = rounded = 0
    for graph_path in sorted(glob.glob(os.path.join(directory, "*_rtt.x*"))):
        raw_path = glob.glob(graph_path.rpartition("_rtt.")[0] + "_rttraw*")[0]
        sender, receiver, dots = graph(graph_path)
        dots.reverse()
        with open(raw_path, encoding="ascii") as file:
            raw = [int(line.split()[0]) for line in file]
        for left, seq in zip(range(len(raw), 0, -1), raw):
            total += 1
            sent = known.segments.get((sender, receiver, seq), [])
            found = None
            if len(dots) < left:
                found = without_dot(known, (receiver, sender), sent, seq,
                                    dots[-1][0] if dots else 0)
            rtt_ms = 0
            if found is None and dots:
                time_us, rtt_ms = dots.pop()
                found = by_graph(known.at.get((receiver, sender, time_us), []), sent, seq, rtt_ms)
            frame, rtt_ns = found or (None, None)
            if frame is None:
                unmatched += 1
                continue
            rounded += rtt_ns is None
            out(frame, rtt_ms * 10**6 if rtt_ns is None else rtt_ns)
        unmatched += len(dots)
    print(f"tcptrace samples={total} unmatched={unmatched} rounded={rounded}", file=sys.stderr)


print("frame,rtt_ns,method,class")
if sys.argv[1:2] == ["tshark"] and len(sys.argv) == 3:
    tshark(sys.argv[2])
elif sys.argv[1:2] == ["tcptrace"] and len(sys.argv) == 4:
    tcptrace(sys.argv[2], sys.argv[3])
else:
    sys.exit("usage: rivals.py tshark PACKETS.csv | tcptrace PACKETS.csv DIRECTORY")
