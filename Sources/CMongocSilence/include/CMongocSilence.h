/* Nothing to call: linking this target is what silences the driver; see silence.c. */
