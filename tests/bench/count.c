/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plugin for QEMU that counts the guest's instructions, those of all harts together, between two marks in a
 * program (user/smpbench.c: instructions that do nothing). Prints `counted N` at each end mark. Unlike -icount it lets
 * the harts run side by side. Interface 1 of plugins, which QEMU 4.2 to 8.2 offer; declared here, so that
 * nothing but a compiler is needed.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { QEMU_PLUGIN_CB_NO_REGS };

typedef void (*tb_trans_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*exec_cb)(unsigned vcpu, void *userdata);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_trans_cb cb);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, exec_cb cb, int flags,
                                            void *userdata);

EXPORT int qemu_plugin_version = 1;

#define MAX_HARTS  64
#define MARK_BEGIN 0x7b102013u /* slti zero, zero, 0x7b1 */
#define MARK_END   0x7b202013u

/* Each counter is its hart's own; the reader's hart sees the others at rest. */
static struct {
    uint64_t count;
    uint64_t unused[7]; /* a cache line each */
} harts[MAX_HARTS];
static uint64_t at_begin;

static uint64_t sum(void)
{
    uint64_t n = 0;

    for (int i = 0; i < MAX_HARTS; i++)
        n += __atomic_load_n(&harts[i].count, __ATOMIC_RELAXED);
    return n;
}

static void count(unsigned vcpu, void *userdata)
{
    (void)userdata;
    __atomic_store_n(&harts[vcpu].count, harts[vcpu].count + 1, __ATOMIC_RELAXED);
}

static void begin(unsigned vcpu, void *userdata)
{
    (void)vcpu, (void)userdata;
    at_begin = sum();
}

static void end(unsigned vcpu, void *userdata)
{
    (void)vcpu, (void)userdata;
    fprintf(stderr, "counted %llu\n", (unsigned long long)(sum() - at_begin));
}

static exec_cb callback_for(const struct qemu_plugin_insn *insn)
{
    uint32_t word =
        qemu_plugin_insn_size(insn) == 4 ? *(const uint32_t *)qemu_plugin_insn_data(insn) : 0;

    return word == MARK_BEGIN ? begin : word == MARK_END ? end : count;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

        qemu_plugin_register_vcpu_insn_exec_cb(insn, callback_for(insn), QEMU_PLUGIN_CB_NO_REGS,
                                               NULL);
    }
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc,
                               char **argv)
{
    (void)info, (void)argc, (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
