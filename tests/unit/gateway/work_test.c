/* work: jobs in order, a bounded queue, nothing lost when it closes. */
#include "gateway/work.h"
#include "queues/redis.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static int order[WORK_WAITING_MAX + 8], done; /* written by one worker */

static void note(struct redis *redis, void *arg)
{
    (void)redis;
    order[done++] = (int)(intptr_t)arg;
}

static void wait_at_gate(struct redis *redis, void *arg)
{
    (void)redis;
    (void)arg;
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
}

static void fills_up_then_runs_all_in_order(void **state)
{
    struct workers *w = workers_open(1, NULL);
    int taken = 0;

    (void)state;
    pthread_mutex_lock(&gate);
    assert_int_equal(work_submit(w, wait_at_gate, NULL), ERR_OK);
    while (work_waiting(w) > 0)
        ; /* until the worker stands at the gate */
    while (work_submit(w, note, (void *)(intptr_t)taken) == ERR_OK)
        taken++;
    assert_int_equal(taken, WORK_WAITING_MAX);
    assert_int_equal(work_waiting(w), WORK_WAITING_MAX);
    pthread_mutex_unlock(&gate);
    workers_close(w);
    assert_int_equal(done, WORK_WAITING_MAX);
    for (int i = 0; i < done; i++)
        assert_int_equal(order[i], i);
}

static void look_at_own(struct redis *redis, void *arg)
{
    *(bool *)arg = redis != NULL && redis == work_redis();
}

static void each_worker_has_a_connection_of_its_own(void **state)
{
    struct redis_target nobody = {.path = "/nonexistent/redis.sock"};
    struct workers *w = workers_open(2, &nobody);
    bool same = false;

    (void)state;
    assert_null(work_redis());
    assert_int_equal(work_submit(w, look_at_own, &same), ERR_OK);
    workers_close(w);
    assert_true(same);
    workers_close(NULL);
}

/* At the stop of the whole program somebody may still have work for them. */
static void stopped_ones_take_nothing(void **state)
{
    struct workers *w = workers_open(1, NULL);
    bool looked = false;

    (void)state;
    workers_stop(w);
    assert_int_equal(work_submit(w, look_at_own, &looked), ERR_BUSY);
    workers_stop(w);
    workers_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_up_then_runs_all_in_order),
        cmocka_unit_test(each_worker_has_a_connection_of_its_own),
        cmocka_unit_test(stopped_ones_take_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
