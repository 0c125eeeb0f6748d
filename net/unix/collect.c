/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_UNIX: sockets that nothing but each other's queues holds. A socket is under suspicion when all references to its open file
 * are in messages that nobody has received. Of those, whatever lies in a message elsewhere than in a suspect's
 * queue can still be received, and so can what lies in its own queue, and so on. The queues of the rest can be read by nobody ever:
 * they are emptied, and with that their sockets end by themselves.
 *
 * All of it happens under the mutex `in flight`. Nobody can come by a suspect meanwhile: only receiving it gives a
 * reference to somebody who has none, and that takes the mutex first. Messages may still be sent to suspects by their peers, and
 * counting one of them or not changes nothing that matters: a socket in a message which was not counted counts as reachable.
 */
#include "unix.h"

#include <base/atomic.h>

#define FEW 32u

/* What is done with each suspect in the messages of a suspect. */
typedef void visit_fn(struct unix_socket *child, struct list *reached);

static void explain(struct unix_socket *child, struct list *reached)
{
    (void)reached;
    child->unexplained--;
}

static void reach(struct unix_socket *child, struct list *reached)
{
    child->suspect = false;
    list_move_back(reached, &child->flight_link);
}

static void visit_rights(const struct unix_rights *rights, visit_fn *visit, struct list *reached)
{
    for (unsigned i = 0; i < rights->count; i++) {
        struct unix_socket *child = unix_of_file(rights->file[i]);
        if (child && child->suspect)
            visit(child, reached);
    }
}

static void visit_queue(struct unix_socket *s, visit_fn *visit, struct list *reached)
{
    struct unix_message *m;
    irqflags_t flags = spin_lock(&s->lock);

    list_for_each_entry (m, &s->queue, link)
        if (m->rights)
            visit_rights(m->rights, visit, reached);
    spin_unlock(&s->lock, flags);
}

/* The connection that came in behind `n` (NULL: the first), or NULL. They stay: nobody can accept at a suspect. */
static struct unix_socket *arrival_after(struct unix_socket *s, struct unix_socket *n)
{
    irqflags_t flags = spin_lock(&s->lock);
    struct list *link = n ? n->arrival_link.next : s->arrivals.next;

    spin_unlock(&s->lock, flags);
    return link == &s->arrivals ? NULL : list_entry(link, struct unix_socket, arrival_link);
}

/* What can be received by who has the socket: from its own queue, and those of connections that it can accept. */
static void visit_children(struct unix_socket *s, visit_fn *visit, struct list *reached)
{
    struct unix_socket *n = NULL;

    visit_queue(s, visit, reached);
    while ((n = arrival_after(s, n)))
        visit_queue(n, visit, reached);
    yield_point();
}

/* Finds the suspects among those in flight. */
static void suspect(struct list *suspects)
{
    struct unix_socket *s, *next;

    list_for_each_entry_safe (s, next, &unix_flights, flight_link) {
        s->suspect = atomic_load_relaxed(&s->socket.file->refs) == s->in_flight;
        s->unexplained = s->in_flight;
        if (s->suspect)
            list_move_back(suspects, &s->flight_link);
    }
}

/* Clears those which can be reached. They go back to the list of all. */
static void clear_reached(struct list *suspects)
{
    struct list reached = LIST_INIT(reached);
    struct unix_socket *s, *next;

    list_for_each_entry_safe (s, next, suspects, flight_link)
        if (s->unexplained)
            reach(s, &reached);
    while ((s = list_first_entry(&reached, struct unix_socket, flight_link))) {
        list_move_back(&unix_flights, &s->flight_link);
        visit_children(s, reach, &reached);
    }
}

/* Empties the queues of what is left. */
static void empty(struct list *suspects, struct list *garbage)
{
    struct unix_socket *s, *n = NULL;

    while ((s = list_first_entry(suspects, struct unix_socket, flight_link))) {
        s->suspect = false;
        list_move_back(&unix_flights, &s->flight_link);
        unix_queue_take_all(s, garbage);
        while ((n = arrival_after(s, n)))
            unix_queue_take_all(n, garbage);
    }
}

/*
 * Whether it is time: few sockets are looked through whenever somebody asks, many only after as many have asked. So
 * no call pays for more than a few of them in the long run.
 */
static bool is_time(void)
{
    static u32 asked;
    u32 count = READ_ONCE(unix_flight_count);

    if (!count || (count > FEW && atomic_fetch_add(&asked, 1) < count))
        return false;
    WRITE_ONCE(asked, 0);
    return true;
}

void unix_collect(void)
{
    struct list suspects = LIST_INIT(suspects), garbage = LIST_INIT(garbage);
    struct unix_socket *s;

    if (!is_time())
        return;
    mutex_lock(&unix_flight_lock);
    suspect(&suspects);
    list_for_each_entry (s, &suspects, flight_link)
        visit_children(s, explain, NULL);
    clear_reached(&suspects);
    empty(&suspects, &garbage);
    mutex_unlock(&unix_flight_lock);
    unix_messages_discard(&garbage);
}
