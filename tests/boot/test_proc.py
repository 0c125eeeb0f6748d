# SPDX-License-Identifier: BSD-2-Clause
"""/proc and /sys: that what different files say of one thing agrees, and that writing changes what it should."""
import re

import pytest

PAGE = 4096


@pytest.fixture
def sleeper(shell):
    """The pid of a process that sleeps and so does not change."""
    pid = int(shell.run("sleep 1000 & sleep 0.2; echo $!").split()[-1])
    yield pid
    shell.run(f"kill {pid}; wait {pid} 2> /dev/null", status=None)


def kilobytes(text, name):
    return [int(n) for n in re.findall(rf"(?m)^{name}:\s+(\d+) kB$", text)]


def regions(text):
    return [(int(a, 16), int(b, 16), name) for a, b, name in
            re.findall(r"(?m)^([0-9a-f]{8,})-([0-9a-f]{8,}) [rwxps-]{4} \S+ \S+ \d+ *(.*)$", text)]


def test_smaps_agrees_with_maps_and_status(shell, sleeper):
    maps, smaps, rollup, status = (shell.run(f"cat /proc/{sleeper}/{f}") for f in ("maps", "smaps", "smaps_rollup", "status"))
    assert regions(smaps) == regions(maps)
    assert [end - start for start, end, _ in regions(maps)] == [1024 * n for n in kilobytes(smaps, "Size")]
    assert [sum(kilobytes(smaps, "Size"))] == kilobytes(status, "VmSize")
    for name in ("Rss", "Private_Dirty", "Shared_Clean", "Anonymous", "AnonHugePages", "Locked"):
        assert [sum(kilobytes(smaps, name))] == kilobytes(rollup, name), name
    assert kilobytes(rollup, "Rss") == kilobytes(status, "VmRSS")
    kinds = [kilobytes(smaps, kind) for kind in ("Shared_Clean", "Shared_Dirty", "Private_Clean", "Private_Dirty")]
    assert [sum(row) for row in zip(*kinds)] == kilobytes(smaps, "Rss")


def word(shell, path, index):
    """The index-th word of a file of eight-byte words."""
    out = shell.run(f"dd if={path} bs=8 skip={index} count=1 2> /dev/null | hexdump -v -e '8/1 \"%02x \" \"\\n\"'")
    return int.from_bytes(bytes.fromhex(out.strip()), "little")


def test_pagemap_agrees_with_the_page_table(shell, sleeper):
    table = shell.run(f"cat /proc/{sleeper}/pagetable")
    runs = re.findall(r"(?m)^ +([0-9a-f]{16})-[0-9a-f]{16} [rwx-]{3}u- +\S+ by 4K +at ([0-9a-f]+)$", table)
    assert runs
    for va, frame in runs:
        page, frame = word(shell, f"/proc/{sleeper}/pagemap", int(va, 16) // PAGE), int(frame, 16) // PAGE
        assert page >> 63 == 1 and page & (1 << 55) - 1 == frame, va
        assert word(shell, "/proc/kpagecount", frame) >= 1
        anonymous = word(shell, "/proc/kpageflags", frame) >> 12 & 1
        assert anonymous != page >> 61 & 1, "either anonymous or a file's"
    assert word(shell, f"/proc/{sleeper}/pagemap", 0) == 0
    root = int(re.match(r"table of level \d at ([0-9a-f]+)", table)[1], 16)
    assert word(shell, "/proc/kpageflags", root // PAGE) == 1 << 26, "a page table"


def test_map_files_are_the_files_of_maps(shell, sleeper):
    links = dict(re.findall(r"(\S+) -> (\S+)", shell.run(f"ls -l /proc/{sleeper}/map_files")))
    assert links == {f"{start:x}-{end:x}": name for start, end, name in regions(shell.run(f"cat /proc/{sleeper}/maps"))
                     if name.startswith("/")}
    first = next(iter(links))
    for wrong in ("0" + first, first.upper() + "0", first + " ", "-", "1-2"):
        shell.run(f"readlink '/proc/{sleeper}/map_files/{wrong}'", status=1)


def test_fdinfo_tells_position_and_flags(shell):
    out = shell.run("exec 7< /etc/passwd; read line <&7; cat /proc/$$/fdinfo/7; exec 7<&-; cat /proc/$$/fdinfo/7", status=1)
    length = len(shell.run("head -n 1 /etc/passwd"))
    assert re.search(r"(?m)^pos:\t(\d+)$", out)[1] == str(length)
    assert re.search(r"(?m)^flags:\t0\d*$", out) and "No such file" in out


def test_limits_are_those_that_ulimit_sets(shell):
    out = shell.run("(ulimit -n 99; ulimit -v 100000; cat /proc/self/limits)")
    assert re.search(r"(?m)^Max open files +99 +99 +files *$", out)
    assert re.search(rf"(?m)^Max address space +{100000 * 1024} +{100000 * 1024} +bytes *$", out)
    assert re.search(r"(?m)^Max cpu time +unlimited +unlimited +seconds *$", out)


def test_syscall_tells_what_a_sleeper_sleeps_in(shell, sleeper):
    number, *rest = shell.run(f"cat /proc/{sleeper}/syscall").split()
    assert int(number) in (101, 115) and len(rest) == 8  # nanosleep, clock_nanosleep
    stack = next((start, end) for start, end, name in regions(shell.run(f"cat /proc/{sleeper}/maps")) if name == "[stack]")
    assert stack[0] <= int(rest[6], 16) < stack[1]


def test_own_threads_by_name(shell):
    assert re.fullmatch(r"(\d+)/task/\1\n", shell.run("ls -l /proc/thread-self | sed 's/.*-> //'"))
    assert shell.run("cat /proc/thread-self/comm") == "cat\n"


def test_switches_take_what_they_know_and_nothing_else(shell):
    for path, good, bad in (("sys/kernel/hostname", "here", "x" * 80), ("sys/vm/thp", "madvise", "perhaps"),
                            ("sys/vm/overcommit_memory", "1", "2"), ("sys/kernel/randomize_va_space", "1", "3"),
                            ("self/oom_score_adj", "-5", "1001")):
        before = shell.run(f"cat /proc/{path}").strip()
        shell.run(f"sh -c 'echo {bad} > /proc/{path}'", status=1)
        assert shell.run(f"cat /proc/{path}").strip() == before
        assert shell.run(f"sh -c 'echo {good} > /proc/{path} && read x < /proc/{path} && echo $x'").strip() == good
        if not path.startswith("self"):
            shell.run(f"echo '{before}' > /proc/{path}")


def test_oom_score_adj_is_inherited(shell):
    assert shell.run("(echo 300 > /proc/self/oom_score_adj; sh -c 'cat /proc/self/oom_score_adj')") == "300\n"
    assert shell.run("cat /proc/1/oom_score_adj") == "-1000\n" and shell.run("cat /proc/1/oom_score") == "0\n"


def test_sys_names_the_cpus(shell):
    online = shell.run("cat /sys/devices/system/cpu/online").strip()
    cpus = len(re.findall("(?m)^processor", shell.run("cat /proc/cpuinfo")))
    assert online == ("0" if cpus == 1 else f"0-{cpus - 1}")
    assert len(shell.run("ls -d /sys/devices/system/cpu/cpu[0-9]*").split()) == cpus
    assert "[always]" in shell.run("cat /sys/kernel/mm/transparent_hugepage/enabled")


def test_mountinfo_agrees_with_mounts(shell):
    mounts = [line.split() for line in shell.run("cat /proc/mounts").splitlines()]
    infos = [line.split() for line in shell.run("cat /proc/self/mountinfo").splitlines()]
    assert [(i[-2], i[4], i[-3]) for i in infos] == [(m[0], m[1], m[2]) for m in mounts]
    ids = [i[0] for i in infos]
    assert len(set(ids)) == len(ids) and all(i[1] in ids for i in infos)


def test_everything_can_be_read_in_small_pieces(shell):
    """Each file of /proc and /sys, a few bytes at a time; nothing hangs, and the machine lives."""
    out = shell.run("find /proc /sys -type f ! -path '*/pagemap' ! -name 'kpage*' ! -path '*/task/*' ! -name lockorder 2> /dev/null | while read f; do"
                    " dd if=$f of=/dev/null bs=97 2> /dev/null; echo $f; done | wc -l; find /proc/1 /proc/self > /dev/null;"
                    " echo fine", status=None, timeout=120)
    lines = out.split()
    assert int(lines[0]) > 80 and lines[-1] == "fine"


def test_mount_options_are_shown_and_hold(shell):
    shell.run("mkdir /tmp/limited; mount -t tmpfs -o size=64k,nr_inodes=3,mode=711 none /tmp/limited")
    try:
        assert "none /tmp/limited tmpfs rw,noatime,size=64k,nr_inodes=3,mode=711 0 0" in shell.run("cat /proc/mounts")
        assert shell.run("stat -c %a /tmp/limited").strip() == "711"
        assert "No space left" in shell.run("dd if=/dev/zero of=/tmp/limited/a bs=4k count=17 2>&1", status=1)
        assert shell.run("stat -c %s /tmp/limited/a").strip() == str(64 << 10)
        assert "No space left" in shell.run("touch /tmp/limited/b /tmp/limited/c 2>&1", status=1)
        shell.run("mount -o remount,size=68k,nr_inodes=0 /tmp/limited; touch /tmp/limited/c; echo > /tmp/limited/b")
        assert "Invalid" in shell.run("mount -o remount,size=64k /tmp/limited 2>&1", status=255)
    finally:
        shell.run("umount /tmp/limited; rmdir /tmp/limited")


def test_proc_of_processes_alone(shell):
    shell.run("mkdir /tmp/proc; mount -t proc -o subset=pid,hidepid=invisible proc /tmp/proc")
    try:
        assert "proc /tmp/proc proc rw,noatime,hidepid=invisible,subset=pid 0 0" in shell.run("cat /proc/mounts")
        names = shell.run("ls /tmp/proc").split()
        assert "1" in names and {name for name in names if not name.isdigit()} == {"self", "thread-self"}
        assert "No such file" in shell.run("cat /tmp/proc/meminfo 2>&1", status=1)
        assert shell.run("head -n 1 /tmp/proc/1/status").strip() == "Name:\tinit"
        shell.run("mount -o remount,hidepid=off /tmp/proc")
        assert "hidepid=off,subset=pid" in shell.run("grep /tmp/proc /proc/mounts")
    finally:
        shell.run("umount /tmp/proc; rmdir /tmp/proc")
