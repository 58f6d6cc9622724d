/* postern: see gateway/cli/cli.h. */
#include "gateway/cli/cli.h"

int main(int argc, char **argv)
{
    return (int)cli_main(argc, argv, stdout, stderr);
}
