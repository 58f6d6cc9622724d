/* show.h - the mails of the folder, as people read them: `postern mail show`.
 *
 * W1  no control byte of a mail reaches the terminal but line ends. */
#ifndef GATEWAY_MAIL_SHOW_H
#define GATEWAY_MAIL_SHOW_H

#include "rules/base/err.h"

#include <stdio.h>

enum { SHOW_COLUMNS = 78, SHOW_FILE_BYTES_MAX = 8 * 1024 * 1024 };

/* Prints the newest `last` mails (0: all) of the folder, newest last: time and headers
 * decoded, then the text part, wrapped at spaces. ERR_ABSENT without such a folder, ERR_IO
 * where a file cannot be read or out cannot be written. */
enum err mail_show(const char *folder, int last, FILE *out);

#endif
