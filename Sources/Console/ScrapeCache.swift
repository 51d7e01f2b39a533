internal import SLO
internal import Synchronization
internal import Timekeeping

/// The page of metrics that all who ask within a second are given: however many ask, and however
/// often, what is measured is read and written once in that time.
final class ScrapeCache: Sendable {
    private struct Page {
        var text: String
        var written: Timestamp
    }

    /// How old a page may be.
    private static let life = Duration.seconds(1)

    private let timeline: any Timeline
    private let pages = Mutex<[ExpositionText.Format: Page]>([:])

    init(_ timeline: any Timeline) {
        self.timeline = timeline
    }

    /// The page in `format`, of what `families` gives where there is none that is young enough.
    func text(
        as format: ExpositionText.Format,
        of families: () throws -> [MetricFamily]
    ) rethrows -> String {
        // Who asks meanwhile waits, and is given the same.
        try pages.withLock { pages in
            let now = timeline.now
            if let page = pages[format], now - page.written < ScrapeCache.life { return page.text }
            let text = ExpositionText.write(try families(), as: format)
            pages[format] = Page(text: text, written: now)
            return text
        }
    }
}
