import PostgreSQLStores
import Testing

struct AdmissionTests {
    private let mine = Identifier(high: 1, low: 1)
    private let other = Identifier(high: 1, low: 2)

    private func mark(_ writer: Identifier, _ number: Int64) -> WriterMark {
        WriterMark(writer: writer, number: number)
    }

    @Test func `the first commit of a subscription is stored`() {
        #expect(CommitFence(of: mark(mine, 1), found: nil, seen: nil) == .new)
    }

    @Test func `a run goes on from the mark that it saw`() {
        let left = mark(other, 7)
        #expect(CommitFence(of: mark(mine, 1), found: left, seen: left) == .new)
        // What it saw stays what it was, whatever it has written since.
        #expect(CommitFence(of: mark(mine, 2), found: mark(mine, 1), seen: left) == .new)
        #expect(CommitFence(of: mark(mine, 9), found: mark(mine, 2), seen: nil) == .new)
    }

    @Test func `a commit that is given again is known by its number`() {
        #expect(CommitFence(of: mark(mine, 1), found: mark(mine, 1), seen: nil) == .stored)
        #expect(
            CommitFence(of: mark(mine, 3), found: mark(mine, 3), seen: mark(other, 3)) == .stored
        )
    }

    @Test func `a run is refused once another one has written`() {
        #expect(CommitFence(of: mark(mine, 2), found: mark(other, 1), seen: nil) == .taken)
        #expect(
            CommitFence(of: mark(mine, 1), found: mark(other, 8), seen: mark(other, 7)) == .taken
        )
        #expect(
            CommitFence(of: mark(mine, 8), found: mark(other, 8), seen: mark(mine, 7)) == .taken
        )
    }

    @Test func `a run is refused where what it saw is gone`() {
        #expect(CommitFence(of: mark(mine, 1), found: nil, seen: mark(other, 7)) == .taken)
    }

    @Test func `a commit does not come after a later one of its run`() {
        #expect(CommitFence(of: mark(mine, 2), found: mark(mine, 3), seen: nil) == .outOfOrder)
    }
}
