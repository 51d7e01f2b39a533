/// Which run wrote last for a subscription, and which of its commits that was.
package struct WriterMark: Hashable, Sendable {
    package var writer: Identifier
    package var number: Int64

    package init(writer: Identifier, number: Int64) {
        self.writer = writer
        self.number = number
    }
}

/// Whether a commit may be stored; a pure value.
///
/// A server may store a commit and lose the answer, and two runs may be started for one
/// subscription. So the mark of the last commit is replaced in the same transaction by that of
/// the next one, which must be from the same run, or from one that saw this very mark when it
/// asked how far the subscription had come.
package enum Admission: Hashable, Sendable {
    /// To be stored.
    case new
    /// Stored before, when its answer was lost.
    case stored
    /// Another run has written since this one looked.
    case taken
    /// This run has stored a later commit already.
    case outOfOrder

    /// What becomes of `commit`.
    ///
    /// - Parameters:
    ///   - commit: The mark it is to leave.
    ///   - found: The mark that is there.
    ///   - seen: The mark that was there when the run began.
    package init(of commit: WriterMark, found: WriterMark?, seen: WriterMark?) {
        if let found, found.writer == commit.writer {
            self =
                if found.number == commit.number {
                    .stored
                } else if found.number < commit.number {
                    .new
                } else {
                    .outOfOrder
                }
        } else {
            self = found == seen ? .new : .taken
        }
    }
}
