internal import Reports
package import Storage

/// Everything a run has to say about itself, as it is written to JSON (`schema_version` 1).
///
/// Instants are RFC 3339 texts in UTC, latencies are milliseconds, money is a decimal text beside
/// its minor units. Keys are written in `snake_case` and sorted, so that two reports compare by
/// line; names that come from data (event names, reasons, subscriptions) are keys too, and stay as
/// they are. What was not measured is left out.
package struct RunReport: WrittenReport, Codable, Sendable {
    /// How a run ended.
    package enum Outcome: String, Codable, Sendable {
        /// The input came to its end, or the asked duration or number of events was reached.
        case completed
        /// It was stopped from outside, and drained.
        case interrupted
        /// A stage could not go on; ``RunReport/failure`` says why.
        case failed
    }

    package var schemaVersion = 1
    package var pipeline: String
    package var outcome: Outcome
    /// The verdict on the run, as every form of the report begins with it.
    package var verdict: Verdict? = nil
    /// Why it failed, in a sentence.
    package var failure: String?
    package var started: String
    package var ended: String
    package var durationSeconds: Double
    /// How it was simulated; nil for a run in real time.
    package var simulation: Simulation? = nil
    /// The command that made the run; nil where it was made by none.
    package var command: String? = nil
    package var input: Input
    package var rate: Rate
    package var producers: [Producer]
    /// What took the requests of clients; nil where nothing did.
    package var collectors: [Collector]? = nil
    package var subscriptions: [Subscription]
    package var stages: [Stage]
    /// How the stores were worked; nil before that was measured.
    package var stores: [Store]? = nil
    package var warehouse: Warehouse?
    package var rawStore: RawStore?
    /// How the objectives stood at the end; none where none apply.
    package var objectives: [Objective]? = nil
    /// What the invariants of the stored data came to; nil where none was looked at in the run.
    package var invariants: Invariants? = nil
    /// The alerts that fired in the run.
    package var alerts: [Alert]? = nil
    /// What the faults are a rehearsal of; nil where none were asked for.
    package var scenario: Scenario? = nil
    /// What went wrong on purpose.
    package var faults: [Fault]? = nil
    /// The deployments that were marked while it ran; nil where there were none.
    package var deployments: [Deployment]? = nil
    /// The run over time; at most 1,200 slices of equal length, but for the last.
    package var samples: [Sample]

    /// A deployment, as `weir deploy mark` marks it.
    package struct Deployment: Codable, Sendable {
        package var version: String
        /// When it was marked, in RFC 3339 and since the start of the run.
        package var marked: String
        package var seconds: Double

        package init(version: String, marked: String, seconds: Double) {
            (self.version, self.marked, self.seconds) = (version, marked, seconds)
        }
    }

    /// A run in virtual time, and how to repeat it.
    package struct Simulation: Codable, Sendable {
        /// The virtual time that was asked for; the run itself may end a little later, once
        /// everything is settled, or earlier, where it was stopped.
        package var from: String
        package var to: String
        package var seed: UInt64
        /// How long events gather before they are published together.
        package var tickSeconds = 0.0
        /// Whether the documents of the raw events are in a store after the run.
        package var keepsRawEvents = false
        /// Equal for runs that did the same: every event, delivery, settlement, commit, alert.
        package var digest: String
        /// The command that runs it again.
        package var replay: String

        package init(from: String, to: String, seed: UInt64, digest: String, replay: String) {
            (self.from, self.to, self.seed) = (from, to, seed)
            (self.digest, self.replay) = (digest, replay)
        }
    }

    /// Where the events came from.
    package struct Input: Codable, Sendable {
        /// `shopper model` or `log`.
        package var kind: String
        /// The stream's name, the same whenever the same input is read again.
        package var stream: String
        /// The seed of the shopper model.
        package var seed: UInt64?
        /// How many times faster than its own clock a log was replayed; nil for at once.
        package var speed: Double?
        /// How many events the stores held before.
        ///
        /// The shopper model goes on with new sessions after them. Nil in virtual time, where the
        /// same run may come again.
        package var eventsBefore: Int64?
        /// Where latency is counted from, in words.
        package var latencyFrom: String
    }

    /// Events per second.
    package struct Rate: Codable, Sendable {
        /// The ``profile`` of a run that asks for no rate.
        static let unlimited = "as many as possible"

        /// Nil where as many as possible were asked for, or where the log sets the pace.
        package var asked: Double?
        /// What was asked for, in words, such as `ramp from 100/s to 2000/s over 5s`.
        package var profile: String
        /// Published events by ``seconds``.
        package var reached: Double
        /// For how long publishing was asked for, or took, if that was longer.
        package var seconds: Double?
        /// How much longer it took than was asked for.
        package var lateSeconds: Double?

        /// Whether more than `share` of the time was more than was asked for.
        package func isLate(by share: Double) -> Bool {
            (lateSeconds ?? 0) > share * (seconds ?? 0)
        }
    }

    /// What a producer did.
    package struct Producer: Codable, Sendable {
        package var name: String
        package var published: Int64
        /// Records of a log that became the published events; nil where none was read.
        package var records: Int64?
        /// Lines of events that were left out, since they have no pieces.
        package var droppedItems: Int64?
        /// Records no event could be made of, by the class of the reason.
        package var rejected: [String: Int64]
        /// The first 100, each `file:line:column: field: message`.
        package var rejections: [String]
        /// The shares of the time of publishing that it took to make the events, and to hand
        /// them over, which is long where subscriptions are full.
        package var busyRatio: Double? = nil
        package var blockedRatio: Double? = nil
    }

    /// What a collector did.
    package struct Collector: Codable, Sendable {
        package var name: String
        package var requests: Int64
        /// Events that clients were told are taken.
        package var accepted: Int64
        /// Events that an earlier run had taken and not settled, published again at the start.
        package var recovered: Int64
        /// Requests of which nothing was taken, by the class of the reason.
        package var refusedRequests: [String: Int64]
        /// Those of ``accepted`` that could not be brought into the form of an event, and so become
        /// dead letters, by the class of the reason.
        package var unconformed: [String: Int64]
        /// Members of other requests that no event could be made of, by the class of the reason.
        package var refusedEvents: [String: Int64]
        /// What was understood and is no event of a shop, by kind.
        package var ignored: [String: Int64]
        /// How many values were changed before events were taken, by the rule that did.
        package var conformed: [String: Int64]
        /// How many batches the events were kept and published in.
        package var batches: Int64
    }

    /// The conservation table of a subscription: `published` is the sum of the other states.
    package struct Subscription: Codable, Sendable {
        package var name: String
        package var topic: String
        package var published: Int64
        package var acked: Int64
        package var outstanding: Int64
        package var backlog: Int64
        package var waitingToRetry: Int64
        package var deadLettered: Int64
        package var expired: Int64
        package var filtered: Int64
        package var shed: Int64
        /// Of ``acked``, those that nobody processed, since a seek took them for acked; nil for
        /// none.
        package var skipped: Int64? = nil
        /// How many acked messages a seek has brought back; nil for none.
        package var broughtBack: Int64? = nil
        package var conserved: Bool
        package var delivered: Int64
        package var redelivered: Int64
        package var nacked: Int64
        package var expiredDeadlines: Int64
        /// Dead letters by the class of the reason.
        package var deadLettersByReason: [String: Int64]
        /// The first of them by the class of the reason, with what was wrong with it.
        package var deadLetterSamples: [String: String]? = nil
        /// The purchases among them.
        package var deadOrders: Orders? = nil
        /// How many unsettled messages it holds at most.
        package var maximumMessages: Int? = nil
    }

    /// Messages of purchases, and what these are worth.
    package struct Orders: Codable, Sendable {
        package var count: Int64
        package var worth: [Amount]
    }

    /// An amount of money.
    package struct Amount: Codable, Sendable {
        /// Empty where the purchases name none.
        package var currency: String
        /// A decimal text such as `2500315.63`.
        package var amount: String
    }

    /// What a stage did.
    package struct Stage: Codable, Sendable {
        package var name: String
        /// `ingest`, `analytics` or `relay`.
        package var kind: String
        package var subscription: String
        /// The store that it writes to; nil for a relay.
        package var store: String? = nil
        package var processed: Int64
        package var duplicates: Int64
        /// Purchases of an order that was counted under another id; nil before there was a count.
        package var repeatedOrders: Int64? = nil
        /// Events whose identity was counted with another content; nil before there was a count.
        package var conflicts: Int64? = nil
        package var late: Int64
        /// Refused or given up, by the class of the reason.
        package var failures: [String: Int64]
        package var storeRetries: Int64
        /// How long it went on after the last producer had ended; nil where it did not come to its
        /// end.
        package var drainSeconds: Double? = nil
        /// From intended send to acknowledgement, one a message.
        package var latency: Latency
        /// What a message may take by the strictest objective on that; nil where none is.
        package var latencyLimitSeconds: Double? = nil
        /// How many of those messages took longer, to three digits.
        package var slowMessages: Int64? = nil
        /// The purchases among them.
        package var slowOrders: Orders? = nil
        /// Processing one set of deliveries.
        package var jobs: Latency
        /// How many workers it has.
        package var workers: Int? = nil
        /// The share of the time of the load for which they were busy.
        package var busyRatio: Double? = nil
        /// Its jobs, without the time of its store.
        package var work: WorkSums? = nil
    }

    /// How a store was worked.
    package struct Store: Codable, Sendable {
        package var name: String
        /// The calls that stored events, each with its share of the time that the store was busy.
        package var work: WorkSums
    }

    /// The mean and percentiles in milliseconds; nil where nothing was measured.
    package struct Latency: Codable, Sendable {
        package var count: Int64
        package var meanMs: Double?
        package var p50Ms: Double?
        package var p90Ms: Double?
        package var p99Ms: Double?
        package var p999Ms: Double?
        package var maxMs: Double?

        /// `summary` in milliseconds.
        package init(_ summary: LatencySummary) {
            count = summary.count
            guard count > 0 else { return }
            meanMs = Double(summary.mean) / 1e6
            p50Ms = Double(summary.p50) / 1e6
            p90Ms = Double(summary.p90) / 1e6
            p99Ms = Double(summary.p99) / 1e6
            p999Ms = Double(summary.p999) / 1e6
            maxMs = Double(summary.maximum) / 1e6
        }
    }

    /// What the raw store holds after the run, all runs together.
    package struct RawStore: Codable, Sendable {
        package var store: String
        package var events: Int64
    }

    /// What the warehouse holds after the run, all runs together.
    package struct Warehouse: Codable, Sendable {
        package var store: String
        /// What the window over all time holds.
        package var totals: Totals
        package var months: [Window]
        package var days: [Window]
        package var topProducts: [Product]
        package var lateEvents: Int64
        package var deadLetters: Int64
        /// Purchases that are kept, and add nothing to their order.
        package var repeatedOrders: Int64? = nil
        /// Events that are kept, and add nothing to the one of their identity.
        package var conflicts: Int64? = nil
        /// The names of custom events that the pipeline file does not declare, and how many came of
        /// each; nil without any.
        package var undeclaredEvents: [String: Int64]? = nil
        /// What lacks events that were counted before it was kept; nil where nothing does.
        package var gaps: [Gap]? = nil
        /// What is there of earlier runs and is not kept up, as in ``Gap/part``; nil where nothing
        /// is.
        package var dropped: [String]? = nil
    }

    /// A part of the aggregates that was not kept from the beginning.
    package struct Gap: Codable, Sendable {
        /// The length of its windows, as in `1d`; `distinct 1d` or `distinct 1d by category` for
        /// distinct counts in them; `products`.
        package var part: String
        /// How many of the counted events it does not hold.
        package var missing: Int64
    }

    /// Sums over windows of all categories and currencies.
    package struct Totals: Codable, Sendable {
        /// By name: GA4's, and those of custom events.
        package var events: [String: Int64]
        package var orders: Int64
        package var units: Int64
        package var sales: [Sales]
        package var shoppers: Distinct?
        package var sessions: Distinct?
        /// The share of those sessions that viewed a product in which something was bought as
        /// well; nil without any.
        package var conversion: Double?
        /// False for an estimate, made from a sample of the sessions.
        package var conversionExact: Bool? = nil
    }

    /// A window of a day or a month.
    package struct Window: Codable, Sendable {
        /// `1997-01-31` or `1997-01`.
        package var label: String
        package var orders: Int64
        package var units: Int64
        package var sales: [Sales]
        package var shoppers: Distinct?
    }

    /// Money of one currency.
    package struct Sales: Codable, Sendable {
        package var currency: String
        /// A decimal text such as `2500315.63`.
        package var revenue: String
        package var revenueMinor: Int64
        package var refunded: String
        package var refundedMinor: Int64
        /// Revenue by orders; nil without orders.
        package var averageOrderValue: String?
    }

    /// A distinct count.
    package struct Distinct: Codable, Sendable {
        package var count: Int64
        /// False for an estimate, whose standard error is below 0.6% for the totals.
        package var exact: Bool
    }

    /// A product's sales.
    package struct Product: Codable, Sendable {
        package var product: String
        package var orders: Int64
        package var units: Int64
        package var revenue: String
        package var currency: String
    }

    /// A slice of the run.
    package struct Sample: Codable, Sendable {
        /// From the start of the run to the end of the slice.
        package var seconds: Double
        /// Published events per second in the slice.
        package var publishedRate: Double
        package var stages: [StageSample]
        /// Unsettled messages by subscription at the end of the slice.
        package var backlog: [String: Int64]
        /// How long ago the oldest of them should have been sent; 0 where there is none.
        package var oldestAgeSeconds: [String: Double]? = nil
        /// The events per second that the load profile asked for; nil where there is none.
        package var askedRate: Double? = nil
        /// Calls to a store that failed and were tried again, in the slice.
        package var storeRetries: Int64? = nil
        /// Messages given up in the slice, by the class of the reason.
        package var deadLetters: [String: Int64]? = nil
    }

    /// A stage in a slice.
    package struct StageSample: Codable, Sendable {
        package var name: String
        /// Acknowledged events per second.
        package var rate: Double
        package var p50Ms: Double?
        package var p99Ms: Double?
        package var maxMs: Double?
        /// The share of the slice for which its workers were busy, or waited for their store.
        package var busy: Double? = nil
    }

    /// The last look at the invariants in a run.
    package struct Invariants: Codable, Sendable {
        /// How many hold.
        package var held: Int
        /// The violations of those that do not, by name.
        package var broken: [String: Int64]
        /// Those that could not be checked.
        package var failed: [String]
    }

    /// What there is to say of a run in one line: the worst of how it ended, whether every message
    /// is accounted for, whether it kept up with its load, whether it met its objectives, and
    /// whether the invariants held where they were looked at.
    package struct Verdict: Codable, Sendable {
        /// The worst of what is known.
        package enum Result: String, Codable, Sendable {
            case passed
            /// Nothing failed, and something did not go the normal way.
            case warning
            case failed
            /// Nothing was checked.
            case noData = "no-data"
        }

        package var result: Result
        package var text: String
    }
}
