internal import Timekeeping

/// A digest of a meaning: the same for the same meaning on every machine and in every version.
package struct Revision: Hashable, Sendable, CustomStringConvertible {
    /// Sixteen hexadecimal digits.
    package let description: String

    /// The revision that was written down as `text`.
    package init(_ text: String) {
        description = text
    }

    /// The digest of `fields` in their order: 64-bit FNV-1a, each field led by its length, so
    /// that no two lists read alike.
    fileprivate init(of fields: [String]) {
        let hash = fnv1a(fields.map { "\($0.utf8.count):\($0)" }.joined().utf8)
        description = hash.text(width: 16, radix: 16)
    }
}

extension Objective {
    /// Changes with whatever changes the figures: the target, the budgeting method, the window,
    /// the indicators with their weights, the gate, the maintenance.
    ///
    /// Names, texts, the owner and the alerts do not change it.
    package var revision: Revision {
        Revision(of: meaning)
    }

    private var meaning: [String] {
        var fields = ["target", target.description, "budgeting", budgeting.name]
        switch budgeting {
        case .occurrences: break
        case .timeslices(let window, let target):
            fields += ["\(window.inNanoseconds)", target.description]
        case .ratioTimeslices(let window):
            fields += ["\(window.inNanoseconds)"]
        }
        switch timeWindow {
        case .rolling(let duration): fields += ["rolling", "\(duration.inNanoseconds)"]
        case .calendar(let window):
            fields += [
                "calendar", window.start.description, window.period.description,
                window.zone.identifier,
            ]
        }
        fields += ["minimum events", "\(minimumEvents)"]
        for component in components {
            fields += ["component", component.name, component.weight.description]
            fields += [component.sliceTarget?.description ?? "-"]
            // What has none of its own keeps the revision it had.
            if let target = component.target { fields += ["of its own", target.description] }
            fields += component.indicator.meaning
        }
        for window in maintenance {
            fields += [
                "maintenance", window.start.description, window.zone.identifier,
                "\(window.duration.inNanoseconds)", window.every?.description ?? "-",
                window.until?.description ?? "-",
            ]
        }
        return fields
    }
}

extension Indicator {
    /// Changes with whatever changes what is counted, so that counts of another meaning are not
    /// added to these.
    package var revision: Revision {
        Revision(of: meaning)
    }

    fileprivate var meaning: [String] {
        var fields: [String]
        switch self {
        case .ratio(let ratio):
            fields = ["ratio", ratio.isCounter ? "counter" : "gauge"]
            switch ratio.terms {
            case .goodTotal: fields.append("good and total")
            case .badTotal: fields.append("bad and total")
            case .raw(_, let type): fields.append("raw \(type.rawValue)")
            }
        case .threshold(let threshold):
            fields = ["threshold", threshold.comparison.rawValue, threshold.value.description]
        }
        for source in sources {
            fields += ["source", source.kind.rawValue, source.dataSource]
            switch source.measure {
            case .meter(let name, let average):
                if let average { fields += ["averageOver", average.description] }
                fields += ["meter", name]
            case .query(let query, let form):
                if let form { fields += ["gives", form.rawValue] }
                fields += ["query", query]
            case .unread: break
            }
        }
        return fields
    }
}
