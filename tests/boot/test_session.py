# SPDX-License-Identifier: BSD-2-Clause
"""What a person does at the prompt, line by line: busybox's shell and tools, which nobody here wrote."""
import hashlib
import random
import re
import string
import time

import pytest

from harness import PROMPT

CTRL_C, CTRL_D, CTRL_Z, ERASE, ESC = "\x03", "\x04", "\x1a", "\x7f", "\x1b"


def running(shell, line, settle=0.5):
    """Starts a line and gives it time to be running (it prints nothing that could be waited for)."""
    shell.sendline(line)
    shell.expect(re.escape(line) + r"\r*\n")
    time.sleep(settle)


# Pipelines and redirections.

def test_pipeline(shell):
    assert shell.number("seq 1 1000 | grep 7 | wc -l") == 271


def test_long_pipeline_moves_every_byte(shell):
    assert shell.number("head -c 3000000 /dev/zero | cat | cat | cat | wc -c") == 3000000


def test_a_pipe_whose_reader_is_gone(shell):
    assert shell.run("yes | head -n 2") == "y\ny\n"


def test_redirections(shell):
    shell.run("echo b >/tmp/r; echo a >>/tmp/r; echo c >>/tmp/r")
    assert shell.run("sort </tmp/r | tr -d '\\n'") == "abc"
    shell.run("ls /nowhere 2>/tmp/r", status=1)
    assert "No such file or directory" in shell.run("cat /tmp/r")
    assert shell.run("(echo one; ls /nowhere) >/tmp/r 2>&1; wc -l </tmp/r").strip() == "2"
    shell.run("rm /tmp/r")


def test_here_document(shell):
    shell.sendline("cat <<END")
    shell.sendline("the sum is $((40 + 2))")
    shell.sendline("END")
    shell.expect(r"the sum is 42\r*\n")
    shell.expect(PROMPT)


def test_command_substitution(shell):
    assert shell.run("echo $(echo $(echo deep))") == "deep\n"


# Processes and jobs.

def test_200_forks(shell):
    assert shell.run("n=0; for i in $(seq 200); do x=$(echo $i); n=$((n+1)); done; echo $n $x") == "200 200\n"


def test_100_programs(shell):
    assert shell.run("for i in $(seq 100); do /bin/busybox true || echo bad; done; echo good") == "good\n"


def test_exit_statuses(shell):
    shell.run("sh -c 'exit 7'", status=7)
    shell.run("sh -c 'kill -9 $$'", status=128 + 9)
    shell.run("/tmp/nothing", status=127)
    shell.run("/etc", status=126)


def test_background_job_and_kill(shell):
    shell.run("sleep 1000 &")
    assert "sleep 1000" in shell.run("jobs")
    shell.run("kill %1; wait %1", status=128 + 15)
    assert "sleep 1000" not in shell.run("ps")


def test_wait_for_several_jobs(shell):
    assert shell.run("for i in 1 2 3 4; do (sleep 0.2; echo done$i >>/tmp/w) & done; wait; sort /tmp/w; rm /tmp/w") \
        .replace("\n", " ").count("done") >= 4


def test_trap(shell):
    assert shell.run("sh -c 'trap \"echo caught\" USR1; kill -USR1 $$; echo after'") == "caught\nafter\n"


def test_interrupt_key_ends_a_busy_program(shell):
    running(shell, "yes >/dev/null")
    shell.send(CTRL_C)
    shell.expect(PROMPT)
    assert shell.run("echo alive") == "alive\n"
    assert "yes" not in shell.run("ps | grep -v grep")


def test_interrupt_key_status(shell):
    running(shell, "sleep 1000")
    shell.send(CTRL_C)
    shell.expect(PROMPT)
    shell.sendline("echo was $?")
    shell.expect(r"was 130\r*\n")
    shell.expect(PROMPT)


def test_interrupt_key_ends_a_whole_pipeline(shell):
    running(shell, "yes | cat | cat >/dev/null")
    shell.send(CTRL_C)
    shell.expect(PROMPT)
    assert not re.search(r"\b(yes|cat)\b", shell.run("ps"))


def test_stop_key_and_fg(shell):
    running(shell, "sleep 1000")
    shell.send(CTRL_Z)
    shell.expect("Stopped")
    shell.expect(PROMPT)
    assert re.search(r"Stopped.*sleep 1000", shell.run("jobs"))
    assert re.search(r"(?m)^T.*sleep 1000", shell.run("ps -o stat,args"))
    running(shell, "fg")
    shell.send(CTRL_C)
    shell.expect(PROMPT)
    assert shell.run("jobs") == ""


def test_bg_lets_a_stopped_job_go_on(shell):
    running(shell, "sleep 1")
    shell.send(CTRL_Z)
    shell.expect("Stopped")
    shell.expect(PROMPT)
    shell.run("bg; wait")
    assert "sleep" not in shell.run("jobs")


def test_stopped_reader_reads_again_after_fg(shell):
    running(shell, "cat")
    shell.send(CTRL_Z)
    shell.expect("Stopped")
    shell.expect(PROMPT)
    running(shell, "fg")
    shell.sendline("still here")
    shell.expect(r"still here\r*\nstill here\r*\n")
    shell.send(CTRL_D)
    shell.expect(PROMPT)


# The terminal.

def test_erase_and_end_of_file_keys(shell):
    running(shell, "cat")
    shell.sendline("abX" + ERASE + "c")
    shell.expect(r"abc\r*\n")
    shell.send(CTRL_D)
    shell.expect(PROMPT)


def test_kill_line_key(shell):
    running(shell, "cat")
    shell.sendline("wrong" + "\x15" + "right")
    shell.expect(r"\nright\r*\n")
    shell.send(CTRL_D)
    shell.expect(PROMPT)


def test_no_echo(shell):
    running(shell, "stty -echo; cat; stty echo")
    shell.sendline("unseen")
    shell.send(CTRL_D)
    shell.expect(PROMPT)
    assert shell.before.count("unseen") == 1


def test_terminal_settings_are_shown(shell):
    assert "baud" in shell.run("stty")
    assert re.search(r"isig\b.*icanon\b", shell.run("stty -a"), re.S)


def test_vi_opens_edits_and_saves(shell):
    shell.run("printf 'first\\nlast\\n' >/tmp/v.txt")
    shell.sendline("vi /tmp/v.txt")
    shell.expect("/tmp/v.txt.*1/2")
    shell.send("omiddle" + ESC)
    time.sleep(0.5)
    shell.send("ggx:wq\r")
    shell.expect(PROMPT)
    assert shell.run("cat /tmp/v.txt") == "irst\nmiddle\nlast\n"
    shell.run("rm /tmp/v.txt")


# The line, as fast as it goes.

def lines_to_paste(count):
    """Lines of up to 200 characters, the same ones each time."""
    chance = random.Random(count)
    letters = string.ascii_letters + string.digits + " .,;:+-*/=()<>[]{}'\"#%&|~$"
    return ["".join(chance.choices(letters, k=chance.randrange(200))) for _ in range(count)]


@pytest.mark.parametrize("how", ["echo", "-echo", "raw -echo"])
def test_every_byte_of_a_paste_arrives(shell, how):
    """Some 12 KB in one piece, several times what a terminal holds: echoed, unseen, and as an editor takes it."""
    pasted = "\n".join(lines_to_paste(120)) + "\n"
    raw = how.startswith("raw")
    taker = f"head -c {len(pasted)}" if raw else "cat"
    running(shell, f"stty {how}; {taker} >/tmp/pasted; stty sane; echo ta''ken")
    shell.send(pasted if raw else pasted.replace("\n", "\r") + CTRL_D)
    shell.expect(r"taken\r*\n", 60)
    shell.expect(PROMPT)
    wanted = f"{len(pasted)} {hashlib.md5(pasted.encode()).hexdigest()}"
    assert shell.run("echo $(wc -c </tmp/pasted) $(md5sum </tmp/pasted); rm /tmp/pasted") == f"{wanted} -\n"


def test_a_paste_waits_for_its_reader(shell):
    """More than the terminal holds, half a second before anybody reads: the rest stays in the UART meanwhile."""
    pasted = "\n".join(lines_to_paste(120)) + "\n"
    shell.sendline("stty -echo; echo rea''dy; sleep 0.5; cat >/tmp/pasted; stty sane; echo ta''ken")
    shell.expect(r"ready\r*\n")
    shell.send(pasted.replace("\n", "\r") + CTRL_D)
    shell.expect(r"taken\r*\n", 60)
    shell.expect(PROMPT)
    assert shell.number("wc -c </tmp/pasted; rm /tmp/pasted") == len(pasted)


def test_interrupt_key_behind_a_paste_that_nobody_reads(shell):
    """What does not fit is thrown away in the end, so that the key comes through."""
    running(shell, "stty -echo; sleep 1000")
    shell.send("\r".join(lines_to_paste(120)) + CTRL_C)
    shell.expect(PROMPT)
    shell.sendline("stty sane")
    shell.expect(PROMPT)
    assert shell.run("echo alive") == "alive\n"


def test_commands_that_are_typed_ahead(shell):
    """Nobody waits for prompts: while programs run and end, the lines behind them are kept, in order."""
    for n in range(40):
        shell.sendline(f"echo {n} | cat >>/tmp/ahead")
    shell.sendline("echo ta''ken")
    shell.expect(r"taken\r*\n", 60)
    shell.expect(PROMPT)
    assert shell.run("cat /tmp/ahead; rm /tmp/ahead").split() == [str(n) for n in range(40)]


# Files.

def test_everything_can_be_listed(shell):
    listing = shell.run("ls -lR /", status=None, timeout=120)
    complaints = [line for line in listing.splitlines() if line.startswith("ls: ") and "/proc/" not in line]
    assert not complaints
    for part in ("/bin:", "busybox", "self -> ", "/proc/1/fd:", "/dev:", "/tmp:"):
        assert part in listing, part


def test_16_mib_file_has_the_right_sum(shell):
    shell.run("dd if=/dev/zero of=/tmp/x bs=1M count=16", timeout=120)
    assert shell.run("md5sum /tmp/x", timeout=120) == "2c7ab85a893283e98c931e9511add182  /tmp/x\n"
    shell.run("rm /tmp/x")


def test_removed_file_gives_its_memory_back(shell):
    shell.run("true; free >/dev/null")
    before = shell.holdings()
    shell.run("dd if=/dev/zero of=/tmp/x bs=1M count=16 2>/dev/null")
    assert before[0] - shell.free_kb() >= 16 << 10
    shell.run("rm /tmp/x")
    shell.assert_holds(before)


def test_tree_of_files(shell):
    shell.run("mkdir -p /tmp/t/a/b; echo x >/tmp/t/a/b/f; ln -s a/b/f /tmp/t/s; ln /tmp/t/s /tmp/t/h 2>/dev/null; "
              "ln /tmp/t/a/b/f /tmp/t/hard")
    assert shell.run("cat /tmp/t/s /tmp/t/hard") == "x\nx\n"
    shell.run("cp -r /tmp/t /tmp/u; diff -r /tmp/t /tmp/u")
    shell.run("mv /tmp/u/a /tmp/u/z; ls /tmp/u/z/b/f; chmod 640 /tmp/u/z/b/f")
    assert "-rw-r-----" in shell.run("ls -l /tmp/u/z/b/f")
    assert shell.run("cd /tmp/u/z/b; pwd; cd ../..; pwd") == "/tmp/u/z/b\n/tmp/u\n"
    shell.run("rmdir /tmp/u/z 2>/dev/null", status=1)
    shell.run("rm -r /tmp/t /tmp/u; ls /tmp/t 2>/dev/null", status=1)


def test_archive_survives_a_round_trip(shell):
    shell.run("mkdir /tmp/a; cp /bin/busybox /etc/* /tmp/a 2>/dev/null; cd /tmp; tar cf a.tar a; mv a b; tar xf a.tar",
              status=None)
    shell.run("diff -r /tmp/a /tmp/b")
    shell.run("cd /; rm -r /tmp/a /tmp/b /tmp/a.tar")


def test_devices(shell):
    assert shell.number("cat /dev/null | wc -c") == 0
    assert shell.run("head -c 3 /dev/zero | od -An -tx1").split() == ["00"] * 3
    assert shell.run("head -c 16 /dev/urandom | md5sum") != shell.run("head -c 16 /dev/urandom | md5sum")
    assert shell.run("tty") in ("/dev/console\n", "/dev/tty\n", "/dev/ttyS0\n")
    assert shell.run("echo there >/dev/tty") == "there\n"


# What tools read of the kernel.

def test_ps(shell):
    lines = shell.run("ps").splitlines()
    assert lines[0].split()[0] == "PID"
    assert re.match(r"\s*1\s", lines[1])
    assert any(re.search(r"\bps\b", line) for line in lines)


def test_top(shell):
    output = shell.run("top -bn1")
    assert re.search(r"Mem: \d+K used, \d+K free", output)
    assert re.search(r"CPU:.*% idle", output) and "Load average:" in output
    assert re.search(r"top -bn1", output)


def test_free(shell):
    total, used, free = [int(x) for x in shell.run("free").splitlines()[1].split()[1:4]]
    there = int(re.search(r"(?m)^memory: (\d+) MiB", shell.text())[1]) << 10
    assert there - (there >> 4) - (10 << 10) < total <= there
    assert 0 < used < total and 0 < free < total


def test_uptime_and_mount(shell):
    assert "load average" in shell.run("uptime")
    mounts = shell.run("mount")
    assert " on / " in mounts and " on /proc type proc" in mounts
    first = float(shell.run("cut -d' ' -f1 /proc/uptime"))
    shell.run("sleep 1")
    assert 1 <= float(shell.run("cut -d' ' -f1 /proc/uptime")) - first < 20


def test_own_executable_and_maps(shell):
    assert shell.run("readlink /proc/self/exe") == "/bin/busybox\n"
    maps = shell.run("cat /proc/self/maps")
    assert re.search(r"^[0-9a-f]+-[0-9a-f]+ r-xp [0-9a-f]{8} \S+ \d+ +/bin/busybox$", maps, re.M)
    assert re.search(r"^[0-9a-f]+-[0-9a-f]+ rw-p .*\[stack\]$", maps, re.M)
    assert not re.search(r"^[0-9a-f]+-[0-9a-f]+ .wx", maps, re.M)


def test_page_tables_are_shown(shell):
    mine = shell.run("cat /proc/self/pagetable")
    assert re.search(r"\br.?x", mine, re.I)
    kernel = shell.run("cat /proc/pagetable")
    assert "ffffffff80" in kernel.replace("_", "")


# Limits.

def test_address_space_limit_is_obeyed(shell):
    output = shell.run("(ulimit -v 20000; dd if=/dev/zero of=/dev/null bs=64M count=1 2>&1)", status=None)
    assert "out of memory" in output
    shell.run("(ulimit -v 100000; dd if=/dev/zero of=/dev/null bs=64M count=1 2>&1)")


def test_open_file_limit_is_obeyed(shell):
    shell.run("(ulimit -n 4; exec 5</dev/null) 2>/dev/null", status=None)
    output = shell.run("(ulimit -n 3; cat </dev/null) 2>&1", status=None)
    assert "Too many open files" in output or "Bad file" in output or output


# The way out.

@pytest.mark.smoke
def test_poweroff_ends_the_emulator_well(machine):
    m = machine().boot()
    assert m.run("echo hello | tr a-z A-Z") == "HELLO\n"
    assert m.poweroff() == 0


def test_reboot_resets(machine):
    m = machine().boot()
    m.sendline("reboot")
    assert m.exit_status() == 0  # -no-reboot: a reset ends the emulator


def test_halt_stops_and_stays(machine):
    m = machine().boot()
    m.sendline("halt")
    time.sleep(3)
    assert m.child.isalive()
