/* arena.h - memory that lives and dies together.
 *
 * For all work that is not one HTTP request (that has its own pool). Taking
 * never fails visibly: without memory the process aborts, because nothing that
 * is taken here is large enough to refuse; what is large is bounded before. */
#ifndef RULES_BASE_ARENA_H
#define RULES_BASE_ARENA_H

#include <stddef.h>

struct arena;

/* block_bytes: size of each piece asked of malloc. Ended by arena_close(). */
struct arena *arena_open(size_t block_bytes);
/* Frees everything ever taken. NULL is allowed. */
void arena_close(struct arena *a);
/* Forgets the contents, keeps one block: the idiom for one turn of a loop. */
void arena_reset(struct arena *a);

/* Zeroed, aligned for any type, valid until reset or close. */
void *arena_take(struct arena *a, size_t bytes);
#define arena_new(a, type)      ((type *)arena_take((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_take((a), sizeof(type) * (n)))

/* NUL-terminated copies. */
char *arena_copy(struct arena *a, const void *at, size_t len);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
