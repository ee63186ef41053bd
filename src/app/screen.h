/*
 * The terminal, while the table is drawn over it.
 */
#ifndef APP_SCREEN_H
#define APP_SCREEN_H

#include <stdbool.h>

#include "output/output.h"

/* Whether standard output is a terminal that can be drawn on. */
bool screen_possible(void);

/* Takes the terminal over, and gives it back as it was. Complaints are kept meanwhile. */
void screen_open(void);
void screen_close(void);

/* Its size now. */
void screen_window(struct output_window *window);

#endif
