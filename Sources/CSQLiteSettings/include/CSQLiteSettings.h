/* Nothing to call: linking this target is what sets SQLite up; see settings.c. */
