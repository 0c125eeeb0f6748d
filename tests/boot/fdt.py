# SPDX-License-Identifier: BSD-2-Clause
"""Device trees for tests: read a flattened tree, change it, write it again (Devicetree Specification 0.4, chapter 5).

A node is {"name", "props": {name: bytes}, "children": [node]}. The writer can also leave traces that a correct tree
never has (see Tree.data's arguments): tests hand such trees to the kernel.
"""
import struct

BEGIN_NODE, END_NODE, PROP, NOP, END = 1, 2, 3, 4, 9
MAGIC = 0xD00DFEED


class Tree:
    def __init__(self, root, reserved=(), boot_cpu=0):
        self.root = root
        self.reserved = list(reserved)
        self.boot_cpu = boot_cpu

    @classmethod
    def load(cls, path):
        with open(path, "rb") as f:
            return cls.parse(f.read())

    @classmethod
    def parse(cls, blob):
        head = struct.unpack_from(">10I", blob)
        assert head[0] == MAGIC, "not a device tree"
        reserved, at = [], head[4]
        while True:
            entry = struct.unpack_from(">QQ", blob, at)
            if entry == (0, 0):
                break
            reserved.append(entry)
            at += 16
        return cls(_Reader(blob, head[2], head[3]).node(), reserved, head[7])

    def node(self, path):
        """The node at a path; components match with or without the unit address."""
        at = self.root
        for part in path.strip("/").split("/") if path.strip("/") else []:
            at = next(c for c in at["children"] if part in (c["name"], c["name"].split("@")[0]))
        return at

    def add(self, path, name, props):
        child = {"name": name, "props": props, "children": []}
        self.node(path)["children"].append(child)
        return child

    def remove(self, path):
        parent, _, name = path.rpartition("/")
        children = self.node(parent)["children"]
        children.remove(self.node(path))

    def walk(self, node=None, path=""):
        node = node or self.root
        yield path or "/", node
        for child in node["children"]:
            yield from self.walk(child, f"{path}/{child['name']}")

    def data(self, body=None):
        """The blob. `body` replaces the structure block (for trees that must not be)."""
        strings, offsets = bytearray(), {}
        if body is None:
            body = _structure(self.root, strings, offsets) + struct.pack(">I", END)
        reserve = b"".join(struct.pack(">QQ", *r) for r in self.reserved) + bytes(16)
        structure_at = 40 + len(reserve)
        strings_at = structure_at + len(body)
        total = (strings_at + len(strings) + 7) & ~7
        head = struct.pack(">10I", MAGIC, total, structure_at, strings_at, 40, 17, 16,
                           self.boot_cpu, len(strings), len(body))
        return (head + reserve + body + strings).ljust(total, b"\0")


class _Reader:
    def __init__(self, blob, structure_at, strings_at):
        self.blob, self.at, self.strings_at = blob, structure_at, strings_at

    def word(self):
        self.at += 4
        return struct.unpack_from(">I", self.blob, self.at - 4)[0]

    def string(self, at):
        return self.blob[at:self.blob.index(b"\0", at)].decode()

    def skip(self, length):
        self.at += (length + 3) & ~3

    def node(self):
        token = self.word()
        while token == NOP:
            token = self.word()
        assert token == BEGIN_NODE
        node = {"name": self.string(self.at), "props": {}, "children": []}
        self.skip(len(node["name"]) + 1)
        while True:
            token = self.word()
            if token == PROP:
                length, name = self.word(), self.word()
                node["props"][self.string(self.strings_at + name)] = self.blob[self.at:self.at + length]
                self.skip(length)
            elif token == BEGIN_NODE:
                self.at -= 4
                node["children"].append(self.node())
            elif token == END_NODE:
                return node


def _padded(data):
    return data + bytes(-len(data) % 4)


def _structure(node, strings, offsets):
    out = struct.pack(">I", BEGIN_NODE) + _padded(node["name"].encode() + b"\0")
    for name, value in node["props"].items():
        if name not in offsets:
            offsets[name] = len(strings)
            strings += name.encode() + b"\0"
        out += struct.pack(">III", PROP, len(value), offsets[name]) + _padded(value)
    for child in node["children"]:
        out += _structure(child, strings, offsets)
    return out + struct.pack(">I", END_NODE)


def u32(*values):
    return struct.pack(f">{len(values)}I", *values)


def u64(*values):
    return struct.pack(f">{len(values)}Q", *values)


def text(*values):
    return b"".join(v.encode() + b"\0" for v in values)
