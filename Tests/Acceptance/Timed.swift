import Testing

/// What measures time, or ends the program at a moment of its own: one test after the other, so
/// that they do not slow each other down.
@Suite(.serialized) enum Timed {}
