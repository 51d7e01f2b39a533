package import SLO

/// What a console shows: a run, or a warehouse.
package protocol ConsoleSubject: Sendable {
    /// Everything that is measured; each family once.
    ///
    /// It is asked at every scrape, so it reads what is known and waits for nobody.
    var families: [MetricFamily] { get throws }

    /// Why the subject is not doing what it is for, a sentence each; none where it is.
    var impediments: [String] { get }
}
