/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets of AF_UNIX: streams, datagrams and packets, their names, and what travels in their messages. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "cases.h"

#define CASES "sockets"

#define FAILS(error, call) CHECK((call) == -1 && errno == (error))
#define PATH               "/tmp/a-socket"

#define AT(name) at(name), length_of(name)

/* --- helpers --------------------------------------------------------------------------------- */

static struct sockaddr_un address;

/* A path with its NUL, or the name alone if it is abstract: if it starts with @. */
static socklen_t length_of(const char *name)
{
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name) + (name[0] != '@'));
}

static struct sockaddr *at(const char *name)
{
    memset(&address, 0, sizeof(address));
    address.sun_family = AF_UNIX;
    strcpy(address.sun_path, name);
    if (name[0] == '@')
        address.sun_path[0] = 0;
    return (struct sockaddr *)&address;
}

static int make(int type)
{
    int fd = socket(AF_UNIX, type, 0);

    CHECK(fd >= 0);
    return fd;
}

static void pair(int type, int fd[2])
{
    CHECK(socketpair(AF_UNIX, type, 0, fd) == 0);
}

static void close_both(const int fd[2])
{
    CHECK(close(fd[0]) == 0 && close(fd[1]) == 0);
}

static int bound(int type, const char *name)
{
    int fd = make(type);

    CHECK(bind(fd, AT(name)) == 0);
    return fd;
}

static int listening(const char *name, int backlog)
{
    int fd = bound(SOCK_STREAM, name);

    CHECK(listen(fd, backlog) == 0);
    return fd;
}

static int events(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};

    CHECK(poll(&p, 1, 0) >= 0);
    return p.revents;
}

static int option(int fd, int name)
{
    int value = -1;
    socklen_t len = sizeof(value);

    CHECK(getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0 && len == sizeof(value));
    return value;
}

static int set_option(int fd, int name, int value)
{
    return setsockopt(fd, SOL_SOCKET, name, &value, sizeof(value));
}

static int readable(int fd)
{
    int n = -1;

    CHECK(ioctl(fd, FIONREAD, &n) == 0);
    return n;
}

#define FDS_MOST 253 /* that one message takes, SCM_MAX_FD */

/* Sends one byte and descriptors, so many of them in a control message. */
static ssize_t send_blocks(int to, const int *fds, unsigned count, unsigned each)
{
    static char room[CMSG_SPACE(sizeof(int)) * (FDS_MOST + 1)] __attribute__((aligned(8)));
    struct iovec iov = {.iov_base = "f", .iov_len = 1};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = room};

    for (unsigned n; count; fds += n, count -= n) {
        struct cmsghdr *c = (struct cmsghdr *)(void *)(room + msg.msg_controllen);
        n = count < each ? count : each;
        *c = (struct cmsghdr){.cmsg_len = CMSG_LEN(n * sizeof(int)),
                              .cmsg_level = SOL_SOCKET,
                              .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(c), fds, n * sizeof(int));
        msg.msg_controllen += CMSG_SPACE(n * sizeof(int));
    }
    return syscall(SYS_sendmsg, to, &msg, 0); /* musl's has no room for so many */
}

static ssize_t send_fds(int to, const int *fds, unsigned count)
{
    return send_blocks(to, fds, count, count);
}

/* Receives a byte and as many descriptors as there are, with room for `most`; what recvmsg said in *flags. */
static unsigned receive_fds(int from, int *fds, unsigned most, int how, int *flags)
{
    char byte, room[CMSG_SPACE(8 * sizeof(int))];
    struct iovec iov = {.iov_base = &byte, .iov_len = 1};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = room,
                         .msg_controllen = most ? CMSG_LEN(most * sizeof(int)) : 0};

    CHECK(recvmsg(from, &msg, how) == 1 && byte == 'f');
    *flags = msg.msg_flags;
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    if (!c)
        return 0;
    CHECK(c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS);
    unsigned count = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(fds, CMSG_DATA(c), count * sizeof(int));
    return count;
}

/* --- pairs ----------------------------------------------------------------------------------- */

static void stream_pair(void)
{
    char buf[16];
    int fd[2];

    pair(SOCK_STREAM | SOCK_CLOEXEC, fd);
    CHECK(fcntl(fd[0], F_GETFD) == FD_CLOEXEC && events(fd[0]) == POLLOUT);
    CHECK(write(fd[0], "abc", 3) == 3 && write(fd[0], "def", 3) == 3);
    CHECK(readable(fd[1]) == 6 && events(fd[1]) == (POLLIN | POLLOUT));
    CHECK(recv(fd[1], buf, 4, MSG_PEEK) == 4 && memcmp(buf, "abcd", 4) == 0);
    CHECK(read(fd[1], buf, 2) == 2 && read(fd[1], buf, sizeof(buf)) == 4);
    CHECK(memcmp(buf, "cdef", 4) == 0);
    FAILS(EAGAIN, recv(fd[1], buf, 1, MSG_DONTWAIT));
    FAILS(EISCONN, sendto(fd[0], "x", 1, 0, AT("@nobody")));
    FAILS(ESPIPE, lseek(fd[0], 0, SEEK_SET));
    FAILS(ESPIPE, pread(fd[0], buf, 1, 0));
    CHECK(close(fd[0]) == 0);
    CHECK(read(fd[1], buf, 1) == 0);
    CHECK(events(fd[1]) == (POLLIN | POLLOUT | POLLHUP | POLLRDHUP));
    FAILS(EPIPE, send(fd[1], "x", 1, MSG_NOSIGNAL));
    CHECK(close(fd[1]) == 0);
}

static volatile int piped;

static void on_pipe(int sig)
{
    piped = sig;
}

static void broken(void)
{
    char buf[4];
    int fd[2];

    signal(SIGPIPE, on_pipe);
    pair(SOCK_STREAM, fd);
    CHECK(shutdown(fd[0], SHUT_WR) == 0);
    CHECK(events(fd[1]) == (POLLIN | POLLOUT | POLLRDHUP));
    CHECK(read(fd[1], buf, 1) == 0 && write(fd[1], "x", 1) == 1);
    FAILS(EPIPE, write(fd[0], "x", 1));
    CHECK(piped == SIGPIPE);
    FAILS(EINVAL, shutdown(fd[0], 3));
    CHECK(close(fd[0]) == 0); /* with a byte that nobody has read */
    CHECK(option(fd[1], SO_ERROR) == ECONNRESET && option(fd[1], SO_ERROR) == 0);
    CHECK(close(fd[1]) == 0);
    piped = 0;
    pair(SOCK_DGRAM, fd);
    CHECK(close(fd[0]) == 0);
    FAILS(ECONNREFUSED, write(fd[1], "x", 1));
    FAILS(ENOTCONN, write(fd[1], "x", 1));
    CHECK(!piped && close(fd[1]) == 0);
    signal(SIGPIPE, SIG_DFL);
}

/* Datagrams and packets keep their bounds, and tell what did not fit. */
static void bounds(int type)
{
    char buf[8];
    struct iovec iov = {.iov_base = buf, .iov_len = 2};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    int fd[2];

    pair(type, fd);
    CHECK(write(fd[0], "abcdef", 6) == 6 && write(fd[0], "", 0) == 0 && write(fd[0], "g", 1) == 1);
    CHECK(readable(fd[1]) == (type == SOCK_DGRAM ? 6 : 7)); /* the first one's; all */
    CHECK(recv(fd[1], buf, 3, MSG_PEEK | MSG_TRUNC) == 6 && memcmp(buf, "abc", 3) == 0);
    CHECK(recvmsg(fd[1], &msg, 0) == 2 && msg.msg_flags & MSG_TRUNC);
    CHECK(read(fd[1], buf, 8) == 0 && read(fd[1], buf, 8) == 1 && buf[0] == 'g');
    FAILS(EAGAIN, recv(fd[1], buf, 8, MSG_DONTWAIT));
    FAILS(EMSGSIZE, send(fd[0], buf, 400000, 0));
    close_both(fd);
}

static void datagram_pair(void)
{
    bounds(SOCK_DGRAM);
}

static void packet_pair(void)
{
    char buf[4];
    int fd[2];

    bounds(SOCK_SEQPACKET);
    pair(SOCK_SEQPACKET, fd);
    CHECK(write(fd[0], "ab", 2) == 2 && close(fd[0]) == 0);
    CHECK(read(fd[1], buf, 4) == 2 && read(fd[1], buf, 4) == 0);
    FAILS(EPIPE, write(fd[1], "x", 1));
    CHECK(close(fd[1]) == 0);
}

/* --- much data ------------------------------------------------------------------------------- */

#define MUCH (3 * 1000 * 1000)

static int wire[2];

static void *send_much(void *unused)
{
    static unsigned char block[70001];

    for (unsigned done = 0; done < MUCH;) {
        for (unsigned i = 0; i < sizeof(block); i++)
            block[i] = (unsigned char)((done + i) * 7 >> 3);
        unsigned n = MUCH - done < sizeof(block) ? MUCH - done : sizeof(block);
        CHECK(write(wire[0], block, n) == (ssize_t)n);
        done += n;
    }
    CHECK(shutdown(wire[0], SHUT_WR) == 0);
    return unused;
}

static void much(void)
{
    static unsigned char block[50000];
    unsigned done = 0;
    ssize_t n;

    pair(SOCK_STREAM, wire);
    pthread_t sender = start(send_much, NULL);
    while ((n = recv(wire[1], block, sizeof(block), done % 3 ? 0 : MSG_WAITALL)) > 0)
        for (ssize_t i = 0; i < n; i++, done++)
            CHECK(block[i] == (unsigned char)(done * 7 >> 3));
    CHECK(n == 0 && done == MUCH);
    join(sender);
    close_both(wire);
}

/* A sender that nobody reads from stops at SO_SNDBUF. */
static void full(void)
{
    static char block[4096];
    struct timeval tv = {.tv_usec = 20000};
    size_t sent = 0;
    int fd[2];

    pair(SOCK_STREAM | SOCK_NONBLOCK, fd);
    CHECK(set_option(fd[0], SO_SNDBUF, 40000) == 0 && option(fd[0], SO_SNDBUF) == 80000);
    while (send(fd[0], block, sizeof(block), 0) > 0)
        sent += sizeof(block);
    CHECK(errno == EAGAIN && sent > 20000 && sent < 160000);
    CHECK(events(fd[0]) == 0 && (size_t)readable(fd[1]) == sent);
    CHECK(fcntl(fd[0], F_SETFL, 0) == 0);
    CHECK(setsockopt(fd[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0);
    FAILS(EAGAIN, write(fd[0], block, 1));
    while (recv(fd[1], block, sizeof(block), 0) > 0)
        ;
    CHECK(errno == EAGAIN && events(fd[0]) == POLLOUT);
    CHECK(setsockopt(fd[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
    CHECK(fcntl(fd[1], F_SETFL, 0) == 0);
    FAILS(EAGAIN, read(fd[1], block, 1));
    close_both(fd);
}

/* --- names ----------------------------------------------------------------------------------- */

static void paths(void)
{
    struct sockaddr_un name;
    socklen_t len = sizeof(name);
    struct stat st;

    unlink(PATH);
    int fd = bound(SOCK_STREAM, PATH);
    CHECK(stat(PATH, &st) == 0 && S_ISSOCK(st.st_mode));
    CHECK(getsockname(fd, (struct sockaddr *)&name, &len) == 0);
    CHECK(len == length_of(PATH) && strcmp(name.sun_path, PATH) == 0);
    FAILS(EINVAL, bind(fd, AT("/tmp/another")));
    int wrong = make(SOCK_DGRAM);
    FAILS(EPROTOTYPE, connect(wrong, AT(PATH)));
    CHECK(close(wrong) == 0);
    FAILS(ENXIO, open(PATH, O_RDWR));
    int other = make(SOCK_STREAM);
    FAILS(EADDRINUSE, bind(other, AT(PATH)));
    FAILS(ENOENT, bind(other, AT("/tmp/none/x")));
    FAILS(ECONNREFUSED, connect(other, AT(PATH))); /* nobody listens */
    CHECK(close(fd) == 0);
    FAILS(ECONNREFUSED, connect(other, AT(PATH))); /* nobody is there */
    CHECK(unlink(PATH) == 0);
    FAILS(ENOENT, connect(other, AT(PATH)));
    FAILS(ECONNREFUSED, connect(other, AT("/dev/null")));
    FAILS(EINVAL, bind(other, at("/tmp/x"), 1));
    CHECK(close(other) == 0);
}

/* A socket's file has its mode, without what umask takes away. Who may not write to it reaches nobody there. */
static void reach_as_nobody(void)
{
    int stream = make(SOCK_STREAM), datagram = make(SOCK_DGRAM);

    CHECK(setuid(65534) == 0);
    FAILS(EACCES, connect(stream, AT(PATH)));
    FAILS(EACCES, connect(datagram, AT(PATH ".d")));
    FAILS(EACCES, sendto(datagram, "x", 1, 0, AT(PATH ".d")));
    FAILS(EACCES, connect(stream, AT("/etc"))); /* that comes first */
}

static void modes(void)
{
    mode_t old = umask(033);
    int stream = make(SOCK_STREAM), datagram = bound(SOCK_DGRAM, PATH ".d");
    struct stat st;

    CHECK(fchmod(stream, 0666) == 0 && bind(stream, AT(PATH)) == 0 && listen(stream, 1) == 0);
    CHECK(stat(PATH, &st) == 0 && st.st_mode == (S_IFSOCK | 0644));
    CHECK(stat(PATH ".d", &st) == 0 && st.st_mode == (S_IFSOCK | 0744));
    CHECK(status_of(child(reach_as_nobody)) == 0);
    CHECK(chmod(PATH, 0222) == 0);
    int client = make(SOCK_STREAM);
    CHECK(seteuid(65534) == 0 && connect(client, AT(PATH)) == 0 && seteuid(0) == 0);
    CHECK(close(client) == 0 && close(stream) == 0 && close(datagram) == 0);
    CHECK(unlink(PATH) == 0 && unlink(PATH ".d") == 0);
    umask(old);
}

static void abstract_names(void)
{
    struct sockaddr_un name;
    socklen_t len = sizeof(name);
    int fd = listening("@abstract", 5);
    int other = make(SOCK_STREAM), wrong = make(SOCK_DGRAM);

    FAILS(EADDRINUSE, bind(other, AT("@abstract")));
    FAILS(ECONNREFUSED, connect(wrong, AT("@abstract"))); /* a name for each type */
    FAILS(ECONNREFUSED, connect(other, AT("@abstract.")));
    CHECK(connect(other, AT("@abstract")) == 0);
    CHECK(getpeername(other, (struct sockaddr *)&name, &len) == 0);
    CHECK(len == length_of("@abstract") && memcmp(&name, &address, len) == 0);
    len = sizeof(name);
    CHECK(getsockname(other, (struct sockaddr *)&name, &len) == 0 && len == 2);
    CHECK(close(other) == 0 && close(fd) == 0);
    fd = listening("@abstract", 5); /* free again */
    CHECK(close(fd) == 0);
    address.sun_family = AF_UNIX;
    CHECK(bind(wrong, (struct sockaddr *)&address, sizeof(sa_family_t)) == 0);
    len = sizeof(name);
    CHECK(getsockname(wrong, (struct sockaddr *)&name, &len) == 0 && len == 8 && !name.sun_path[0]);
    CHECK(close(wrong) == 0);
}

/* --- connections ----------------------------------------------------------------------------- */

static void connections(void)
{
    struct sockaddr_un name;
    socklen_t len = sizeof(name);
    int fd = listening("@server", 1), clients[3];
    char buf[4];

    CHECK(option(fd, SO_ACCEPTCONN) == 1 && events(fd) == 0);
    CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    FAILS(EAGAIN, accept(fd, NULL, NULL));
    for (int i = 0; i < 2; i++) {
        clients[i] = make(SOCK_STREAM);
        CHECK(connect(clients[i], AT("@server")) == 0);
    }
    clients[2] = make(SOCK_STREAM | SOCK_NONBLOCK);
    CHECK(events(clients[2]) == (POLLOUT | POLLHUP));
    FAILS(EAGAIN, connect(clients[2], AT("@server")));
    CHECK(write(clients[0], "ab", 2) == 2 && events(fd) == POLLIN);
    int one = accept4(fd, (struct sockaddr *)&name, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    CHECK(one >= 0 && len == 2 && name.sun_family == AF_UNIX);
    CHECK(fcntl(one, F_GETFD) == FD_CLOEXEC && fcntl(one, F_GETFL) & O_NONBLOCK);
    FAILS(EISCONN, connect(clients[0], AT("@server")));
    CHECK(read(one, buf, 4) == 2 && write(one, "cd", 2) == 2 && read(clients[0], buf, 4) == 2);
    CHECK(connect(clients[2], AT("@server")) == 0);
    CHECK(close(fd) == 0); /* two have not been accepted */
    CHECK(option(clients[1], SO_ERROR) == ECONNRESET && read(clients[1], buf, 4) == 0);
    CHECK(write(one, "ef", 2) == 2 && read(clients[0], buf, 4) == 2);
    for (int i = 0; i < 3; i++)
        CHECK(close(clients[i]) == 0);
    CHECK(read(one, buf, 4) == 0 && close(one) == 0);
}

static int server;

static void *serve(void *count)
{
    for (long i = 0; i < (long)count; i++) {
        char c;
        int fd = accept(server, NULL, NULL);

        CHECK(fd >= 0 && read(fd, &c, 1) == 1 && write(fd, &c, 1) == 1 && close(fd) == 0);
    }
    return NULL;
}

static void call_often(void)
{
    for (int i = 0; i < 40; i++) {
        char c = (char)i, answer = 0;
        int fd = make(SOCK_STREAM);

        CHECK(connect(fd, AT("@echo")) == 0);
        CHECK(write(fd, &c, 1) == 1 && read(fd, &answer, 1) == 1 && answer == c);
        CHECK(close(fd) == 0);
    }
}

/* Several processes connect to several threads, through a backlog of one. */
static void crowd(void)
{
    pthread_t threads[2];
    pid_t callers[4];

    server = listening("@echo", 0);
    for (int i = 0; i < 4; i++)
        callers[i] = child(call_often);
    for (int i = 0; i < 2; i++)
        threads[i] = start(serve, (void *)80l);
    for (int i = 0; i < 4; i++)
        CHECK(status_of(callers[i]) == 0);
    for (int i = 0; i < 2; i++)
        join(threads[i]);
    CHECK(close(server) == 0);
}

/* --- datagrams ------------------------------------------------------------------------------- */

static void datagrams(void)
{
    struct sockaddr_un from;
    socklen_t len = sizeof(from);
    char buf[8];
    int a = bound(SOCK_DGRAM, "@a"), b = bound(SOCK_DGRAM, "@b"), c = make(SOCK_DGRAM);

    FAILS(EOPNOTSUPP, listen(a, 1));
    FAILS(ENOTCONN, send(b, "x", 1, 0));
    CHECK(sendto(b, "one", 3, 0, AT("@a")) == 3);
    CHECK(recvfrom(a, buf, 8, 0, (struct sockaddr *)&from, &len) == 3);
    at("@b");
    CHECK(len == length_of("@b") && memcmp(&from, &address, len) == 0);
    CHECK(sendto(c, "two", 3, 0, AT("@a")) == 3);
    len = sizeof(from);
    CHECK(recvfrom(a, buf, 8, 0, (struct sockaddr *)&from, &len) == 3 && len == 0);
    CHECK(connect(a, AT("@b")) == 0);
    FAILS(EPERM, sendto(c, "x", 1, 0, AT("@a"))); /* it listens to b alone */
    CHECK(send(a, "three", 5, 0) == 5 && read(b, buf, 8) == 5);
    address.sun_family = AF_UNSPEC;
    CHECK(connect(a, (struct sockaddr *)&address, sizeof(sa_family_t)) == 0);
    CHECK(sendto(c, "x", 1, 0, AT("@a")) == 1);
    CHECK(close(a) == 0 && close(b) == 0 && close(c) == 0);
}

/* One that does not read lets others wait, and poll says so to those that are connected to it. */
static void crowded_datagrams(void)
{
    int sink = bound(SOCK_DGRAM, "@sink"), fd = make(SOCK_DGRAM | SOCK_NONBLOCK), sent = 0;
    struct epoll_event e = {.events = EPOLLOUT | EPOLLET};
    int epoll = epoll_create1(0);
    char c;

    CHECK(connect(fd, AT("@sink")) == 0);
    CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0 && epoll_wait(epoll, &e, 1, 0) == 1);
    while (write(fd, "x", 1) == 1)
        sent++;
    CHECK(errno == EAGAIN && sent >= 10 && sent < 600 && events(fd) == 0);
    CHECK(epoll_wait(epoll, &e, 1, 0) == 0);
    CHECK(read(sink, &c, 1) == 1 && events(fd) == POLLOUT);
    CHECK(epoll_wait(epoll, &e, 1, 0) == 1);
    CHECK(close(sink) == 0);
    FAILS(ECONNREFUSED, write(fd, "x", 1));
    CHECK(close(fd) == 0 && close(epoll) == 0);
}

/* --- files in messages ----------------------------------------------------------------------- */

static void passing(void)
{
    char buf[8];
    int fd[2], end[2], got[8], flags;

    pair(SOCK_STREAM, fd);
    CHECK(pipe(end) == 0);
    CHECK(send_fds(fd[0], end, 2) == 1);
    close_both(end);
    CHECK(receive_fds(fd[1], got, 4, MSG_CMSG_CLOEXEC, &flags) == 2 && !(flags & MSG_CTRUNC));
    CHECK(fcntl(got[0], F_GETFD) == FD_CLOEXEC);
    CHECK(write(got[1], "hello", 5) == 5 && read(got[0], buf, 8) == 5);
    CHECK(send_fds(fd[0], got, 2) == 1);
    close_both(got);
    CHECK(receive_fds(fd[1], got, 1, MSG_PEEK, &flags) == 1 && flags & MSG_CTRUNC);
    CHECK(close(got[0]) == 0);
    CHECK(receive_fds(fd[1], got, 1, 0, &flags) == 1 && flags & MSG_CTRUNC);
    CHECK(read(got[0], buf, 1) == 0 && close(got[0]) == 0); /* the writing end did not arrive */
    CHECK(pipe(end) == 0 && send_fds(fd[0], &end[1], 1) == 1 && close(end[1]) == 0);
    CHECK(read(fd[1], buf, 1) == 1 && read(end[0], buf, 1) == 0 && close(end[0]) == 0);
    int bad = 99;
    FAILS(EBADF, send_fds(fd[0], &bad, 1));
    close_both(fd);
}

/* Descriptors in several control messages arrive together, in their order; all of them or none leave. */
static void blocks(void)
{
    int fd[2], end[2], place = open("/tmp", O_PATH), got[8], many[FDS_MOST + 1], flags;
    char c;

    pair(SOCK_STREAM, fd);
    CHECK(pipe(end) == 0 && place >= 0);
    CHECK(send_blocks(fd[0], (int[]){end[0], place, end[1]}, 3, 1) == 1);
    CHECK(receive_fds(fd[1], got, 8, 0, &flags) == 3 && !(flags & MSG_CTRUNC));
    CHECK(write(got[2], "x", 1) == 1 && read(got[0], &c, 1) == 1);
    CHECK(fcntl(got[1], F_GETFL) & O_PATH && close(got[1]) == 0 && close(place) == 0);
    close_both((int[]){got[0], got[2]});
    FAILS(EBADF, send_blocks(fd[0], (int[]){end[1], 99}, 2, 1));
    for (unsigned i = 0; i <= FDS_MOST; i++)
        many[i] = end[1];
    FAILS(EINVAL, send_blocks(fd[0], many, FDS_MOST + 1, 100));
    CHECK(send_blocks(fd[0], many, FDS_MOST, 100) == 1 && close(end[1]) == 0);
    CHECK(receive_fds(fd[1], got, 2, 0, &flags) == 2 && flags & MSG_CTRUNC);
    close_both(got);
    CHECK(read(end[0], &c, 1) == 0 && close(end[0]) == 0); /* nothing holds the writing end */
    close_both(fd);
}

/* A read ends behind bytes that files came with. */
static void files_among_bytes(void)
{
    char buf[8];
    int fd[2], got, flags;

    pair(SOCK_STREAM, fd);
    CHECK(write(fd[0], "ab", 2) == 2 && send_fds(fd[0], &fd[0], 1) == 1 &&
          write(fd[0], "cd", 2) == 2);
    CHECK(read(fd[1], buf, 8) == 3 && read(fd[1], buf, 8) == 2);
    CHECK(send_fds(fd[0], &fd[0], 1) == 1 && receive_fds(fd[1], &got, 1, 0, &flags) == 1);
    struct stat a, b;
    CHECK(fstat(fd[0], &a) == 0 && fstat(got, &b) == 0 && a.st_ino == b.st_ino &&
          S_ISSOCK(a.st_mode));
    CHECK(close(got) == 0);
    close_both(fd);
}

/* Sockets that hold each other, and with them the writing end of a pipe, end all the same. */
static void cycles(void)
{
    char c;

    for (int i = 0; i < 20; i++) {
        int fd[2], other[2], end[2];

        pair(i % 2 ? SOCK_STREAM : SOCK_DGRAM, fd);
        pair(SOCK_STREAM, other);
        CHECK(pipe(end) == 0);
        CHECK(send_fds(fd[0], &fd[1], 1) == 1 && send_fds(fd[0], other, 2) == 1);
        CHECK(send_fds(other[0], &fd[0], 1) == 1 && send_fds(other[1], &end[1], 1) == 1);
        close_both(fd);
        close_both(other);
        CHECK(close(end[1]) == 0);
        pair(SOCK_DGRAM, fd); /* what looks for such things */
        close_both(fd);
        CHECK(read(end[0], &c, 1) == 0 && close(end[0]) == 0);
    }
}

static int can_connect(const char *name)
{
    int fd = make(SOCK_STREAM | SOCK_NONBLOCK), rc = connect(fd, AT(name));

    CHECK(close(fd) == 0);
    return rc == 0;
}

/* A listener in its own arrivals' queues; and one that is still reachable, which must stay. */
static void cycles_of_listeners(void)
{
    int keep[2], fd, flags, got;
    char c;

    pair(SOCK_DGRAM, keep);
    fd = listening("@kept", 5);
    int client = make(SOCK_STREAM);
    CHECK(connect(client, AT("@kept")) == 0);
    CHECK(send_fds(client, &fd, 1) == 1 && send_fds(client, &client, 1) == 1);
    CHECK(send_fds(keep[0], &fd, 1) == 1 && close(fd) == 0 && close(client) == 0);
    for (int i = 0; i < 3; i++)
        CHECK(close(make(SOCK_STREAM)) == 0);
    CHECK(receive_fds(keep[1], &fd, 1, 0, &flags) == 1);
    int accepted = accept(fd, NULL, NULL);
    CHECK(accepted >= 0 && receive_fds(accepted, &got, 1, 0, &flags) == 1 && close(got) == 0);
    CHECK(receive_fds(accepted, &got, 1, 0, &flags) == 1 && write(got, "x", 1) == 1);
    CHECK(read(accepted, &c, 1) == 1 && c == 'x');
    CHECK(close(got) == 0 && close(accepted) == 0);
    client = make(SOCK_STREAM);
    CHECK(connect(client, AT("@kept")) == 0 && send_fds(client, &fd, 1) == 1);
    CHECK(close(fd) == 0);
    close_both(keep);
    CHECK(close(client) == 0);
    for (int tries = 0; can_connect("@kept"); tries++) { /* Linux takes its time */
        CHECK(tries < 100);
        nap_ms(10);
    }
}

/* Sockets in queues of sockets in queues: as deep as descriptors go, and closed at once. */
static void deep(void)
{
    int outer = -1, fd[2];

    for (int i = 0; i < 500; i++) {
        pair(SOCK_STREAM, fd);
        if (outer >= 0)
            CHECK(send_fds(fd[0], &outer, 1) == 1 && close(outer) == 0);
        CHECK(close(fd[0]) == 0);
        outer = fd[1];
    }
    CHECK(close(outer) == 0);
}

/* --- credentials ----------------------------------------------------------------------------- */

static void credentials(void)
{
    char byte, room[CMSG_SPACE(sizeof(struct ucred))];
    struct iovec iov = {.iov_base = &byte, .iov_len = 1};
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
    struct ucred cred;
    socklen_t len = sizeof(cred);
    int fd[2];

    pair(SOCK_STREAM, fd);
    CHECK(getsockopt(fd[0], SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 && len == sizeof(cred));
    CHECK(cred.pid == getpid() && cred.uid == getuid() && cred.gid == getgid());
    CHECK(set_option(fd[1], SO_PASSCRED, 1) == 0 && option(fd[1], SO_PASSCRED) == 1);
    CHECK(write(fd[0], "x", 1) == 1 && recvmsg(fd[1], &msg, 0) == 1);
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    CHECK(c && c->cmsg_type == SCM_CREDENTIALS && c->cmsg_len == CMSG_LEN(sizeof(cred)));
    memcpy(&cred, CMSG_DATA(c), sizeof(cred));
    CHECK(cred.pid == getpid() && cred.uid == getuid());
    iov.iov_base = "y";
    CHECK(sendmsg(fd[0], &msg, 0) == 1); /* its own, said aloud */
    close_both(fd);
}

/* --- the rest -------------------------------------------------------------------------------- */

static void many_at_once(void)
{
    char text[4][4] = {"ab", "cde", "f", ""};
    struct iovec iov[4];
    struct mmsghdr msgs[4];
    struct timespec t = {.tv_sec = 1};
    int fd[2];

    pair(SOCK_DGRAM, fd);
    memset(msgs, 0, sizeof(msgs));
    for (unsigned i = 0; i < 4; i++) {
        iov[i] = (struct iovec){.iov_base = text[i], .iov_len = strlen(text[i])};
        msgs[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
    }
    CHECK(sendmmsg(fd[0], msgs, 3, 0) == 3 && msgs[1].msg_len == 3);
    for (unsigned i = 0; i < 4; i++)
        iov[i].iov_len = 4;
    CHECK(recvmmsg(fd[1], msgs, 4, MSG_WAITFORONE, &t) == 3);
    CHECK(msgs[0].msg_len == 2 && msgs[1].msg_len == 3 && msgs[2].msg_len == 1);
    FAILS(EAGAIN, recvmmsg(fd[1], msgs, 4, MSG_DONTWAIT, NULL));
    close_both(fd);
}

static void options(void)
{
    struct linger l = {.l_onoff = 1, .l_linger = 5};
    socklen_t len = sizeof(l);
    int fd = make(SOCK_SEQPACKET), null = open("/dev/null", O_RDONLY);

    CHECK(option(fd, SO_TYPE) == SOCK_SEQPACKET && option(fd, SO_DOMAIN) == AF_UNIX);
    CHECK(option(fd, SO_PROTOCOL) == 0 && option(fd, SO_ACCEPTCONN) == 0);
    CHECK(set_option(fd, SO_REUSEADDR, 1) == 0 && option(fd, SO_REUSEADDR) == 1);
    CHECK(set_option(fd, SO_SNDBUF, 1) == 0 && option(fd, SO_SNDBUF) == 4608);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)) == 0);
    CHECK(getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &len) == 0 && l.l_linger == 5);
    FAILS(ENOPROTOOPT, set_option(fd, 999, 1));
    FAILS(ENOTSOCK, listen(null, 1));
    FAILS(EBADF, listen(99, 1));
    FAILS(EINVAL, listen(fd, 1)); /* no name */
    FAILS(ENOTCONN, read(fd, &l, 1));
    FAILS(ENOTCONN, getpeername(fd, at("@x"), &len));
    FAILS(ESOCKTNOSUPPORT, socket(AF_UNIX, SOCK_RDM, 0));
    FAILS(EINVAL, socket(AF_UNIX, 12, 0));
    FAILS(EPROTONOSUPPORT, socket(AF_UNIX, SOCK_STREAM, 7));
    FAILS(EAFNOSUPPORT, socket(45, SOCK_STREAM, 0));
    FAILS(EINVAL, socket(AF_UNIX, SOCK_STREAM | 0x100000, 0));
    CHECK(close(fd) == 0 && close(null) == 0);
}

/* A signal ends a wait; who is killed in one leaves nothing behind. */
static void wait_for_ever(void)
{
    int fd[2];
    char c;

    pair(SOCK_STREAM, fd);
    send_fds(fd[0], fd, 2);
    read(fd[1], &c, 1);
    read(fd[1], &c, 1);
}

static void interrupted(void)
{
    pid_t pid = child(wait_for_ever);

    nap_ms(30);
    CHECK(kill(pid, SIGKILL) == 0);
    int status = status_of(pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"stream", stream_pair},
        {"broken", broken},
        {"datagram-pair", datagram_pair},
        {"packet-pair", packet_pair},
        {"much", much},
        {"full", full},
        {"paths", paths},
        {"modes", modes},
        {"abstract", abstract_names},
        {"connections", connections},
        {"crowd", crowd},
        {"datagrams", datagrams},
        {"crowded", crowded_datagrams},
        {"passing", passing},
        {"blocks", blocks},
        {"files-among-bytes", files_among_bytes},
        {"cycles", cycles},
        {"listener-cycles", cycles_of_listeners},
        {"deep", deep},
        {"credentials", credentials},
        {"many", many_at_once},
        {"options", options},
        {"interrupted", interrupted},
    };

    return run_cases(CASES, cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
