#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Guest instructions per operation, beside the figures last accepted, the targets, and a small Linux.

    run.py            measures, prints the table; status 1 when a figure is more than 2 % (50 % where several harts
                      take part) above the accepted one
    run.py --accept   measures, prints, writes the figures down as accepted, and docs/performance.md from them

Counted by the emulator: with -icount shift=0 a guest instruction takes one nanosecond of guest time, so that clocks
in the guest count instructions, and figures repeat exactly. One hart, isolation on, the build that `make` makes.

- operations: user/ubench as pid 1 measures itself with clock_gettime, -m 1G;
- what a C library's calls cost: user/libc/callbench, linked with musl, likewise;
- buddy, kernel map: selftest=bench, inside the kernel, -m 128M;
- several harts: user/smpbench with 1, 2 and 4 harts, which run side by side here, and a plugin of the emulator (count.c)
  that counts the instructions of all of them; the median of some tries, since harts wait for each other as the host
  lets them. (Not the best: one try of fifty finds that the other hart has answered before this one went to sleep, which
  saves two switches and an interrupt, and nine of ten agree to the instruction.) What /proc/cpustat counted meanwhile
  stands below the table.
- boot: from outside, through the emulator's debugger: the machine's clock (in steps of 100 instructions) when the
  image's entry and when the first instruction of /init is next; -m 128M, with the small archive (as Linux had it)
  and with the default one.

The figures of one compiler version say nothing about another's: they are compared only with figures accepted for the
same compiler. Linux (linux.json) is 6.12, configured small, with SMP, on the same emulator, counted the same way.
"""
import json
import pathlib
import re
import statistics
import struct
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/boot"))
import images  # noqa: E402
from harness import BUILD, QEMU  # noqa: E402
from rsp import Remote  # noqa: E402
import performance  # noqa: E402
from performance import ACCEPTED, LINUX, OPERATIONS, number  # noqa: E402

TOLERANCE = 0.02
ICOUNT = "shift=0,align=off,sleep=off"
# The clock of an emulator that waits for its debugger would run to its end with sleep=off.
ICOUNT_STOPPABLE = "shift=0,align=off,sleep=on"
# Of QEMU's machine "virt": where firmware enters the image, the machine's clock, nanoseconds in a step of it.
LOAD = images.RAM + (2 << 20)
MTIME, NS_PER_TICK = 0x0200BFF8, 100

# name: (title, harts); measured by the plugin, and compared with more patience.
ON_HARTS = {
    "pipe_one_hart": ("pipe round trip, both on one of 2 harts", 2),
    "pipe_two_harts": ("pipe round trip between 2 harts", 2),
    "futex_one_hart": ("futex hand-over and back, on one of 2 harts", 2),
    "futex_two_harts": ("futex hand-over and back, between 2 harts", 2),
    "fork_others_idle": ("fork + exit + wait on one of 4 harts", 4),
}
ON_HARTS.update({f"shootdown_{pages}.{harts}": (f"unmap {pages} page{'s'[:pages > 1]} that {harts} hart{'s'[:harts > 1]} know{'s'[harts > 1:]}", harts)
                 for pages in (1, 64, 4096) for harts in (1, 2, 4)})
PATIENCE = 0.50


def fail(message):
    sys.exit(f"bench: {message}")


def qemu(mem, initrd, append, icount=ICOUNT):
    argv = [QEMU, "-nographic", "-no-reboot", "-M", "virt", "-smp", "1", "-m", mem, "-icount", icount,
            "-kernel", str(BUILD / "Image"), "-append", append]
    return argv + (["-initrd", str(initrd)] if initrd else [])


def output_of(mem, initrd, append):
    try:
        done = subprocess.run(qemu(mem, initrd, append), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", timeout=600, check=False)
    except subprocess.TimeoutExpired as e:
        fail(f"the machine does not end; it printed:\n{(e.stdout or b'').decode(errors='replace')[-2000:]}")
    return done.stdout.replace("\r", "")


def small_archive():
    return images.bare_archive("bench.cpio", [f"/init={BUILD}/user/ubench:755", f"/bin/nop={BUILD}/user/nop:755",
                                              "/dev/console=c:5:1:600", "/dev/zero=c:1:5:666", "/dev/null=c:1:3:666",
                                              "/proc/", "/tmp/"])


def operations():
    """What ubench prints: `name N` a line."""
    text = output_of("1G", small_archive(), "panic=-1 quiet norandmaps")
    found = {m[1]: float(m[2]) for m in re.finditer(r"^(\w+) (\d+(?:\.\d+)?)$", text, re.M)}
    if not found:
        fail(f"ubench gave no figures; the console:\n{text[-2000:]}")
    # As the figures for Linux were made: what a round trip costs beyond the calls that it consists of, per switch.
    found["ctx_switch"] = (found["pipe_round_trip"] - 2 * found["pipe_self"]) / 2
    return found


def library_archive():
    """For callbench; None where musl or busybox could not be had."""
    musl, shell = BUILD / "user/musl", images.CACHE_BUSYBOX
    if not all(p.exists() for p in (musl / "callbench", musl / "hello", shell)):
        return None
    return images.bare_archive("callbench.cpio", [f"/init={musl}/callbench:755", f"/tmp/hello={musl}/hello:755", f"/bin/sh={shell}:755",
                                                  "/dev/console=c:5:1:600", "/dev/zero=c:1:5:666", "/dev/null=c:1:3:666"])


def library_operations():
    """What callbench prints, which has the form of ubench's."""
    archive = library_archive()
    if not archive:
        return {}
    text = output_of("1G", archive, "panic=-1 quiet norandmaps")
    if "callbench: done" not in text:
        fail(f"callbench did not come to its end; the console:\n{text[-2000:]}")
    return {m[1]: float(m[2]) for m in re.finditer(r"^(\w+) (\d+(?:\.\d+)?)$", text, re.M)}


def kernel_operations():
    """What selftest=bench prints: `bench NAME: N` a line."""
    text = output_of("128M", None, "panic=-1 selftest=bench")
    found = {m[1]: float(m[2]) for m in re.finditer(r"\bbench (\w+): (\d+(?:\.\d+)?)$", text, re.M)}
    if not found:
        fail(f"selftest=bench gave no figures; the console:\n{text[-2000:]}")
    return found


def counter():
    """The plugin, freshly built. None: this emulator takes no such plugins."""
    plugin = images.scratch("count.so")
    subprocess.run(["cc", "-std=gnu17", "-O2", "-shared", "-fPIC", "-o", str(plugin), str(TOP / "tests/bench/count.c")], check=True)
    done = subprocess.run([QEMU, "-M", "none", "-plugin", str(plugin), "-display", "none", "-monitor", "stdio"], input="quit\n",
                          capture_output=True, text=True, check=False)
    return plugin if done.returncode == 0 else None


def on_harts(plugin, harts, names):
    """({name: the instructions that one operation took, by the median}, lines of counters), with so many harts."""
    archive = images.bare_archive("smpbench.cpio", [f"/init={BUILD}/user/smpbench:755", "/dev/console=c:5:1:600", "/proc/"])
    argv = [QEMU, "-nographic", "-no-reboot", "-M", "virt", "-smp", str(harts), "-m", "256M", "-plugin", str(plugin),
            "-kernel", str(BUILD / "Image"), "-initrd", str(archive), "-append", "panic=-1 quiet norandmaps -- " + " ".join(names)]
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=600, check=False)
    except subprocess.TimeoutExpired as e:
        fail(f"smpbench does not end with {harts} harts:\n{(e.stdout or b'').decode(errors='replace')[-2000:]}")
    figures, lines, name = {}, [], None
    for line in done.stdout.replace("\r", "").splitlines():
        if m := re.fullmatch(r"bench (\w+) \d+", line):
            name = m[1]
            figures[name] = []
        elif (m := re.fullmatch(r"counted (\d+)", line)) and name:
            figures[name].append(float(m[1]))
        elif line.startswith("counters "):
            name = None
            lines.append(line.removeprefix("counters "))
    if missing := [n for n in names if not figures.get(n)]:
        fail(f"smpbench gave no figures for {missing}; the console:\n{done.stdout[-2000:]}")
    return {n: statistics.median(tries) for n, tries in figures.items()}, lines


def operations_on_harts():
    """Figures by the names of ON_HARTS, and what was counted."""
    plugin = counter()
    found, text = {}, []
    for harts in (1, 2, 4) if plugin else ():
        names = [name for name, (_, wanted) in ON_HARTS.items() if wanted == harts]
        figures, lines = on_harts(plugin, harts, [name.split(".")[0] for name in names])
        found.update({name: figures[name.split(".")[0]] for name in names})
        text += [f"{harts} hart{'s'[:harts > 1]}: {line}" for line in lines]
    return found, text if plugin else ["this emulator takes no plugins of interface 1: nothing was counted on several harts"]


def entry_of(elf):
    return struct.unpack_from("<Q", pathlib.Path(elf).read_bytes(), 24)[0]


def boot(initrd, init):
    """Instructions from the image's entry to the first one of pid 1's program."""
    with tempfile.TemporaryDirectory() as folder:
        gate = f"{folder}/gdb"
        with subprocess.Popen(qemu("128M", initrd, "panic=-1", ICOUNT_STOPPABLE) + ["-S", "-gdb", f"unix:{gate},server=on,wait=off"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as machine:
            try:
                remote = Remote(gate)
                remote.run_to(LOAD)
                start = remote.u64(MTIME)
                remote.run_to(entry_of(init))
                return (remote.u64(MTIME) - start) * NS_PER_TICK
            finally:
                machine.kill()


def measure():
    figures = operations()
    figures.update(library_operations())
    figures.update(kernel_operations())
    figures["boot"] = boot(small_archive(), BUILD / "user/ubench")
    figures["boot_default"] = boot(None, BUILD / "user/init")
    more, counted = operations_on_harts()
    figures.update(more)
    figures["image"] = (BUILD / "Image").stat().st_size - (BUILD / "initramfs.cpio").stat().st_size
    return figures, counted


def compiler():
    out = subprocess.run([images.CROSS + "gcc", "--version"], capture_output=True, text=True, check=True).stdout
    return out.splitlines()[0]


def row(name, now, last):
    title, target = OPERATIONS.get(name, (ON_HARTS.get(name, (name,))[0], None))[:2]
    linux = LINUX["figures"].get(name)
    change = f"{100 * (now - last) / last:+.1f} %" if last else "-"
    verdict = "" if target is None else "ok" if now <= target else "ABOVE TARGET"
    return f"{title:42}{number(now):>12}{number(last):>12}{change:>9}{number(target):>12}{number(linux):>13}  {verdict}"


def table(figures, accepted):
    known = [*OPERATIONS, *ON_HARTS]
    names = [n for n in known if n in figures] + sorted(n for n in figures if n not in known)
    head = f"{'operation (guest instructions)':42}{'now':>12}{'accepted':>12}{'change':>9}{'target':>12}{'small Linux':>13}"
    return "\n".join([head] + [row(n, figures[n], accepted.get(n)) for n in names])


def complaints(figures, accepted):
    for name, (title, target) in OPERATIONS.items():
        now, last = figures.get(name), accepted.get(name)
        if now is None:
            yield f"{title}: not measured"
            continue
        if last and now > last * (1 + TOLERANCE) + 1:
            yield f"{title}: {number(now)}, accepted were {number(last)}"
        if target and now > target:
            yield f"{title}: {number(now)}, the target is {number(target)}"
        if performance.ratios(figures).get(name, 0) > performance.ROW_AT_MOST:
            yield f"{title}: {number(now)}, more than Linux's {number(LINUX['figures'][name])}"
    if performance.mean(figures) > performance.MEAN_AT_MOST:
        yield f"geometric mean of the ratios to Linux: {performance.mean(figures):.3f}, the target is {performance.MEAN_AT_MOST}"
    for name, (title, _) in ON_HARTS.items():
        now, last = figures.get(name), accepted.get(name)
        if now and last and now > last * (1 + PATIENCE):
            yield f"{title}: {number(now)}, accepted were {number(last)}"


def main():
    store = json.loads(ACCEPTED.read_text()) if ACCEPTED.exists() else {}
    version = compiler()
    accepted = store.get(version, {})
    figures, counted = measure()
    print(f"{version}; {'compared with figures of the same compiler' if accepted else 'no figures accepted for it yet'}")
    print(table(figures, accepted))
    print(f"geometric mean of the ratios to Linux, boot and image apart: {performance.mean(figures):.3f}")
    print("\nwhat was counted on all harts together, for each operation and what prepares it:")
    print("\n".join(f"  {line}" for line in counted))
    wrong = list(complaints(figures, accepted))
    print("\n" + "\n".join(f"bench: {line}" for line in wrong) if wrong else "\nbench: no figure is worse than the accepted one or above its target")
    if "--accept" in sys.argv[1:]:
        store[version] = {n: round(v, 1) for n, v in figures.items()}
        ACCEPTED.write_text(json.dumps(store, indent=2, sort_keys=True) + "\n")
        performance.write()
        print(f"bench: accepted, {ACCEPTED.relative_to(TOP)} and {performance.PAGE.relative_to(TOP)} are written")
    elif wrong:
        sys.exit(1)


if __name__ == "__main__":
    main()
