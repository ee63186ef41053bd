/*
 * The terminal, while the table is drawn over it.
 */
#ifndef APP_TERMINAL_H
#define APP_TERMINAL_H

#include <stdbool.h>

#include "report/report.h"

/* Whether standard output is a terminal that can be drawn on. */
bool terminal_can_draw(void);

/* Takes the terminal over, and gives it back as it was. Complaints are kept meanwhile. */
void terminal_open(void);
void terminal_close(void);

/* Its size now. */
void terminal_size(struct terminal_window *window);

#endif
