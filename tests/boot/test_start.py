# SPDX-License-Identifier: BSD-2-Clause
"""How pid 1 is found and what it gets; what happens with archives and programs that cannot be used."""
import re
import struct
import zlib

import pytest

import images
from harness import BUILD

INIT = BUILD / "user/init"


# init= and its environment.

def test_init_word_names_pid_1(machine):
    m = machine(append="init=/bin/sh").boot()
    assert m.run("echo $$") == "1\n"


@pytest.mark.smoke
def test_exit_of_pid_1_is_reported_and_powers_off(machine):
    m = machine(append="init=/bin/sh").boot()
    m.sendline("exit 3")
    m.expect(r"(?m)^[^\n]*(init|pid 1)[^\n]*\b3\b")
    assert m.exit_status() == 0


def test_death_of_pid_1_by_a_signal_is_reported(machine):
    m = machine(append="init=/bin/sh").boot()
    m.sendline("exec /bin/faults null-read")
    m.expect(r"(?m)^[^\n]*(init|pid 1)[^\n]*\b(signal|SIGSEGV|11)\b")
    assert m.exit_status() == 0


def test_init_that_does_not_exist(machine):
    m = machine(append="init=/no/such/program")
    m.expect(r"(?m)^init=/no/such/program cannot be executed")
    assert m.exit_status() == 0


def test_unknown_words_reach_pid_1s_environment(machine):
    m = machine(append="init=/bin/sh COLOUR=blue some.module=1 plainword quiet").boot()
    environment = m.run("cat /proc/1/environ | tr '\\0' '\\n'")
    assert "COLOUR=blue\n" in environment
    assert "plainword" not in environment and "quiet" not in environment


def test_order_of_inits(machine):
    shell = f"/bin/busybox={images.CACHE_BUSYBOX}:755"
    m = machine(initrd=images.bare_archive("sbin-init.cpio", [shell, "/sbin/init->../bin/busybox", "/bin/sh->busybox",
                                                              "/dev/console=c:5:1:600", "/proc/", "/etc/"]))
    m.expect("Please press Enter|[#$] ")  # busybox init, not the shell
    m = machine(initrd=images.bare_archive("bin-sh.cpio", [shell, "/bin/sh->busybox", "/dev/console=c:5:1:600"])).boot()
    assert m.run("echo $$") == "1\n"


# Archives.

def spoiled(blob, kind):
    if kind == "truncated":
        return blob[:len(blob) // 2]
    if kind == "truncated-header":
        return blob[:60]
    if kind == "wrong-magic":
        return b"070707" + blob[6:]
    if kind == "old-binary":
        return b"\xc7\x71" + blob[2:]
    if kind == "gzip":
        gzip = zlib.compressobj(wbits=31)
        return gzip.compress(blob) + gzip.flush()
    if kind == "no-trailer":
        return blob[:blob.rindex(b"TRAILER!!!") - images.CPIO_HEADER]
    if kind == "name-without-end":
        return blob[:94] + b"FFFFFFFF" + blob[102:]
    if kind == "file-larger-than-archive":
        at = blob.index(b"070701", 200)
        return blob[:at + 54] + b"7FFFFFFF" + blob[at + 62:]
    if kind == "not-hexadecimal":
        return blob[:6] + b"0000000g" + blob[14:]
    return {"empty": b"", "zeros": bytes(8192), "noise": bytes(range(256)) * 64}[kind]


@pytest.mark.parametrize("kind", ["truncated", "truncated-header", "wrong-magic", "old-binary", "gzip",
                                  "name-without-end", "file-larger-than-archive", "not-hexadecimal", "zeros", "noise"])
def test_unusable_initrd(machine, kind):
    """A clear error that says initrd (and gzip, where it is that); never a hang, never a panic without words."""
    blob = spoiled((BUILD / "initramfs.cpio").read_bytes(), kind)
    m = machine(initrd=images.write(f"bad-{kind}.cpio", blob))
    said = m.expect(r"(?m)^initramfs: ([^\n]*)\n", timeout=60)[1].decode()
    words = {"gzip": "compressed with gzip", "zeros": "", "noise": ""}
    assert re.search(words.get(kind, "initramfs|cpio|archive|byte"), said), said


def test_larger_initrd_replaces_the_embedded_one(machine):
    initrd = images.initramfs("large.cpio", {"/etc/large": bytes(range(256)) * 40000, "/etc/mark": b"handed over\n"})
    m = machine(initrd=initrd).boot()
    assert m.run("cat /etc/mark") == "handed over\n"
    assert m.number("wc -c </etc/large") == 256 * 40000


# Programs.

def elf_header(elf):
    return bytearray(elf[:64])


def program_headers(elf):
    at, size, count = struct.unpack_from("<Q", elf, 32)[0], 56, struct.unpack_from("<H", elf, 56)[0]
    return [at + size * i for i in range(count)]


def bad_programs():
    elf = bytes((BUILD / "user/nop").read_bytes())

    def put(at, fmt, value, data=elf):
        out = bytearray(data)
        struct.pack_into(fmt, out, at, value)
        return bytes(out)

    load = next(p for p in program_headers(elf) if struct.unpack_from("<I", elf, p)[0] == 1)
    interp = put(load, "<I", 3)
    return {
        "empty": b"", "short": elf[:40], "no-segments": put(56, "<H", 0), "headers-outside": put(32, "<Q", 1 << 40),
        "headers-wrap": put(32, "<Q", (1 << 64) - 8), "text-file-noise": b"\x7fELF" + bytes(200),
        "x86": put(18, "<H", 62), "32-bit": put(4, "<B", 1), "big-endian": put(5, "<B", 2),
        "relocatable": put(16, "<H", 1), "dynamic": interp,
        "segment-outside-file": put(load + 8, "<Q", 1 << 30), "file-size-huge": put(load + 32, "<Q", 1 << 62),
        "file-larger-than-memory": put(load + 40, "<Q", 0), "segment-in-kernel": put(load + 16, "<Q", 0xFFFFFFC000000000),
        "segment-at-zero": put(load + 16, "<Q", 0), "segment-wraps": put(load + 40, "<Q", (1 << 64) - 4096),
        "segment-misaligned": put(load + 16, "<Q", struct.unpack_from("<Q", elf, load + 16)[0] + 1),
        "entry-in-kernel": put(24, "<Q", 0xFFFFFFFF80000000), "truncated": elf[:load + 56 + 8],
        "interpreter-outside": put(load + 8, "<Q", 1 << 33, interp),
    }


@pytest.fixture(scope="module")
def with_bad_programs(worker_name):
    from harness import Machine
    files = {f"/bad/{name}": data for name, data in bad_programs().items()}
    m = Machine(f"bad-programs{worker_name}",
                initrd=images.initramfs(f"bad-programs{worker_name}.cpio", files)).boot()
    yield m
    m.close()


# Names only: the programs are made when they are needed, from a program that must be built first.
BAD_PROGRAMS = [
    ("empty", None),
    ("short", "too short for an ELF file"),
    ("no-segments", "no program headers"),
    ("headers-outside", "program headers outside the file"),
    ("headers-wrap", "program headers outside the file"),
    ("text-file-noise", "not a 64-bit ELF file"),
    ("x86", "not built for RISC-V"),
    ("32-bit", "not a 64-bit ELF file"),
    ("big-endian", "not a little-endian ELF file"),
    ("relocatable", "not an executable"),
    ("dynamic", "dynamically linked"),
    ("segment-outside-file", "segment outside the file"),
    ("file-size-huge", "segment larger in the file than in memory"),
    ("file-larger-than-memory", "nothing to load"),
    ("segment-in-kernel", "segment outside user memory"),
    ("segment-at-zero", "segment in the first page"),
    ("segment-wraps", "segment outside user memory"),
    ("segment-misaligned", "segment's address and file offset differ within the page"),
    ("truncated", "program headers outside the file"),
    ("interpreter-outside", "dynamically linked"),
    ("entry-in-kernel", "entry point outside the program's code"),
]


@pytest.mark.parametrize("name,reason", BAD_PROGRAMS)
def test_unusable_program(with_bad_programs, request, name, reason):
    """execve returns an errno and the log gives the reason; nothing dies but the child. (The shell then takes the file
    for a script, as everywhere.)"""
    m = with_bad_programs
    request.node.machines = [m]
    output = m.run(f"env /bad/{name}; echo status $?", status=None)
    status = int(re.search(r"status (\d+)", output)[1])
    assert status in (0, 126, 127) if name == "empty" else status in (2, 126, 127), output
    assert f"exec /bad/{name}: {reason}\n" in output if reason else "exec /bad" not in output, output
