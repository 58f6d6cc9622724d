/* postern: see gateway/cli/cli.h. */
#include "gateway/cli/cli.h"

#include <sys/prctl.h>
#include <sys/resource.h>

/* What customers write is in memory in clear. The limit is for a core file and the Redis beside us; the flag for a
 * collector behind a pipe, which no limit stops (core(5)), and for debuggers of the same user. */
static void leave_no_core(void)
{
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    (void)prctl(PR_SET_DUMPABLE, 0);
}

int main(int argc, char **argv)
{
    leave_no_core();
    return (int)cli_main(argc, argv, stdout, stderr);
}
