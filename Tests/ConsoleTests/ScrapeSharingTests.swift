import Console
import HTTPServing
import Logging
import Prometheus
import Synchronization
import TestSupport
import Testing
import Timekeeping

/// A subject that counts how often it is read.
private final class CountedSubject: ConsoleSubject {
    let reads = Mutex(0)

    var families: [MetricFamily] {
        reads.withLock { $0 += 1 }
        return [FixedSubject.family]
    }

    var impediments: [String] { [] }
}

@Suite(.timeLimit(.minutes(20)))
struct ScrapeSharingTests {
    @Test func `all who ask within a second are given one page of each format`() async {
        let timeline = VirtualTimeline(start: Timestamp(seconds: 0), tick: .zero)
        let subject = CountedSubject()
        let pages = ConsolePages(
            subject,
            token: nil,
            timeline: timeline,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        var open = ConsolePages.Request("GET", "/metrics")
        open.accept = ["application/openmetrics-text"]
        for _ in 0..<3500 {
            #expect(await pages.answer(ConsolePages.Request("GET", "/metrics")).status == 200)
            #expect(await pages.answer(open).body.hasSuffix("# EOF\n"))
        }
        #expect(subject.reads.withLock { $0 } == 2)
        timeline.advance(to: Timestamp(seconds: 1))
        #expect(await pages.answer(open).status == 200)
        #expect(subject.reads.withLock { $0 } == 3)
    }

    @Test(arguments: [
        (OpenFiles(count: 10, limit: 1024), 64), (OpenFiles(count: nil, limit: 1024), 64),
        (OpenFiles(count: 10, limit: nil), 64), (OpenFiles(count: 20, limit: 64), 14),
        (OpenFiles(count: 10, limit: 100), 58), (OpenFiles(count: 8, limit: 20), 4),
        (OpenFiles(count: 9, limit: 20), nil), (OpenFiles(count: 9, limit: 12), nil),
        (OpenFiles(count: 70, limit: 64), nil),
    ])
    func `connections leave files for everything else`(files: OpenFiles, connections: Int?) {
        #expect(files.connections(atMost: 64) == connections)
    }
}
