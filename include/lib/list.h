/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intrusive, circular, doubly linked lists. The same struct is the head and the link inside an
 * element. A link that is in no list points to itself (list_init), so list_linked can be asked and
 * a second list_remove does no harm. No locks here: the owner of the list brings one.
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include <lib/types.h>

struct list {
    struct list *next;
    struct list *prev;
};

#define LIST_INIT(name)  \
    {                    \
        &(name), &(name) \
    }

/* Makes an empty head, or a link that is in no list. */
static inline void list_init(struct list *list)
{
    list->next = list;
    list->prev = list;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

/* Whether an initialised link is in some list. */
static inline bool list_linked(const struct list *link)
{
    return link->next != link;
}

/* Puts `link` between two neighbours. */
static inline void list_insert_between(struct list *link, struct list *prev, struct list *next)
{
    link->next = next;
    link->prev = prev;
    prev->next = link;
    next->prev = link;
}

static inline void list_insert_after(struct list *pos, struct list *link)
{
    list_insert_between(link, pos, pos->next);
}

static inline void list_insert_before(struct list *pos, struct list *link)
{
    list_insert_between(link, pos->prev, pos);
}

static inline void list_push_front(struct list *head, struct list *link)
{
    list_insert_after(head, link);
}

static inline void list_push_back(struct list *head, struct list *link)
{
    list_insert_before(head, link);
}

/* Takes `link` out of its list, if it is in one; it is ready for another afterwards. */
static inline void list_remove(struct list *link)
{
    link->next->prev = link->prev;
    link->prev->next = link->next;
    list_init(link);
}

/* Moves `link` from its list to the end of another one (or the same). */
static inline void list_move_back(struct list *head, struct list *link)
{
    list_remove(link);
    list_push_back(head, link);
}

/* The first or last link, or NULL when the list is empty. */
static inline struct list *list_first(const struct list *head)
{
    return list_empty(head) ? NULL : head->next;
}

static inline struct list *list_last(const struct list *head)
{
    return list_empty(head) ? NULL : head->prev;
}

/* Removes and returns the first link, or NULL when the list is empty. */
static inline struct list *list_pop_front(struct list *head)
{
    struct list *link = list_first(head);

    if (link)
        list_remove(link);
    return link;
}

/* Appends all of `from` to `head` and leaves `from` empty. */
static inline void list_splice_back(struct list *head, struct list *from)
{
    if (list_empty(from))
        return;
    from->next->prev = head->prev;
    head->prev->next = from->next;
    from->prev->next = head;
    head->prev = from->prev;
    list_init(from);
}

#define list_entry(link, type, member) container_of(link, type, member)

/* The first element, or NULL when the list is empty. */
#define list_first_entry(head, type, member) \
    (list_empty(head) ? NULL : list_entry((head)->next, type, member))

/* Loops over links; the body must not remove `pos`. */
#define list_for_each(pos, head) for ((pos) = (head)->next; (pos) != (head); (pos) = (pos)->next)

/* Loops over elements; the body must not remove `pos`. */
#define list_for_each_entry(pos, head, member)                                                   \
    for ((pos) = list_entry((head)->next, __typeof__(*(pos)), member); &(pos)->member != (head); \
         (pos) = list_entry((pos)->member.next, __typeof__(*(pos)), member))

/* Loops over elements; the body may remove `pos` (and free it), but not `tmp`, the one behind. */
#define list_for_each_entry_safe(pos, tmp, head, member)                    \
    for ((pos) = list_entry((head)->next, __typeof__(*(pos)), member),      \
        (tmp) = list_entry((pos)->member.next, __typeof__(*(pos)), member); \
         &(pos)->member != (head);                                          \
         (pos) = (tmp), (tmp) = list_entry((pos)->member.next, __typeof__(*(pos)), member))

#endif
